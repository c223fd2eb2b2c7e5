"""What makes the watch ring, done to a county's real processes, files and tables; each as it happens to people."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from core.county.demo.machines import MANAGE
from core.county.demo.people import People
from core.county.demo.processes import await_that
from core.county.demo.stage import LOCAL_STAFF
from core.county.demo.world import Site
from core.county.publishing.jsonfile import json_write
from core.domain.catalogue.documents import CalendarYear

from .syncthing_lab import syncthing_missing
from .watch_lab import PROGRAMS
from .world import TRAVEL_SECONDS, World, calendar_of_the_demo, environment, world_open

#: Accepted at a village and decided at the county, within the hour.
DECIDED_AT_COUNTY: Final = "城乡居民基本养老保险注销登记"
#: Taken in at a village, held and decided by its town within four working days.
DECIDED_AT_TOWN: Final = "临时救助"
#: Done at the village at once; the village holds it until its result is handed out.
DONE_AT_VILLAGE: Final = "生育登记"
#: Where the kernel shows batteries (edge_node asks there; core.exchange.status).
SUPPLIES: Final = Path("/sys/class/power_supply")
MIB: Final = 1024 * 1024


@contextmanager
def county_to_watch(*, small_disk: bool) -> Iterator[World]:
    """A fresh county, where what watches it is installed; skips the test elsewhere."""
    if syncthing_missing() or not all(map(shutil.which, PROGRAMS)):
        pytest.skip("Syncthing, Prometheus or Alertmanager is not installed")
    with world_open(small_disk=small_disk) as opened:
        yield opened


# Cases and segments.


def taken_in(county: World, site: Site, item: str, count: int) -> list[str]:
    """The ids of as many cases, which this village has just taken in."""
    agent = next(one.code for one in LOCAL_STAFF if one.service_point == site.node)
    window, people = county.window(site, agent), People(random.SystemRandom().randrange(1 << 30))
    return [window.take_in(county.items[item], people, (25, 40)) for _ in range(count)]


def segments_up(county: World, site: Site) -> list[Path]:
    """What the machine has published for the county, in its own folder."""
    return sorted((county.node(site).base / "folders" / f"up-{site.node}").rglob("*.seg"))


def segments_down(county: World, site: Site) -> list[Path]:
    """What the county has published for the machine, in its own folder."""
    return sorted((county.core.var / "folders" / f"down-{site.node}").rglob("*.seg"))


@contextmanager
def segment_made(segments: Callable[[], list[Path]]) -> Iterator[list[Path]]:
    """What is done within makes a segment there; afterwards the list holds the new ones, the first first."""
    before, made = set(segments()), list[Path]()
    yield made
    await_that("a segment is sealed", lambda: bool(set(segments()) - before), TRAVEL_SECONDS)
    made += sorted(set(segments()) - before)


def forged(segment: bytes) -> bytes:
    """The segment with a signature that is not its author's."""
    length = int.from_bytes(segment[5:9], "big")
    signature = slice(9 + length, 9 + length + 64)
    return segment[: signature.start] + bytes(64) + segment[signature.stop :]


def file_put(county: World, site: Site | None, file: Path, data: bytes | None) -> None:
    """The file of the machine (of the core) has these bytes, or is gone, and the machine's Syncthing knows."""
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)
    folders = (county.node(site).base if site else county.core.var) / "folders"
    with county.syncthing(site) as client:
        client.scan(file.relative_to(folders).parts[0])


# The county's own acts.


def staff_joins(county: World, site: Site, code: str) -> None:
    """A new village agent's account is on its way to the machine."""
    county.core_manage("shell", "-v0", "-c", (
        "from core.county.demo.county import staff_bring, staff_set_up\n"
        "from core.county.demo.stage import site_of\n"
        "from core.county.demo.world import TOWN, Staff\n"
        f"staff_set_up([Staff('{code}', '李桂香', 'village_agent', TOWN, '{site.node}')])\n"
        f"staff_bring([site_of('{site.node}')])\n"
    ))  # fmt: skip


def next_year_is_published(county: World) -> None:
    """A release with the calendar of a year the demo has none of: every open case is to be counted anew, by a job."""
    year = CalendarYear(year=max(calendar_of_the_demo().years) + 1, days_off=(), make_up_days=())
    file = county.var / "calendar.json"
    file.write_bytes(json_write([year]))
    county.core_manage("import_catalogue", str(file))
    county.core_manage("publish_release", "--note", "日历")


def sql(county: World, statement: str) -> None:
    """The core's database has done this."""
    county.core_manage("shell", "-v0", "-c", (
        f"from django.db import connection\nwith connection.cursor() as cursor: cursor.execute({statement!r})"
    ))  # fmt: skip


@contextmanager
def table_locked(county: World, table: str) -> Iterator[Callable[[], None]]:
    """Nobody can read this table, as while a migration changes it, until what is given is called."""
    script = (
        "import sys\nfrom django.db import connection, transaction\n"
        "with transaction.atomic(), connection.cursor() as cursor:\n"
        f"    cursor.execute('LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE')\n"
        "    print('locked', flush=True)\n    sys.stdin.read()\n"
    )
    more = county.core.environment() | {"YIZHAN_DB_POOL": "0"}
    holder = subprocess.Popen(
        [sys.executable, MANAGE, "shell", "-v0", "-c", script], env=environment(county.var, **more),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"locked\n"
        yield lambda: _ended(holder)
    finally:
        _ended(holder)


def _ended(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.communicate()


# Machines.


def agent_anew(county: World, site: Site, *before: str, **more: str) -> None:
    """The machine's agent has been started again, after the command `before`, with `more` in its environment."""
    machine = county.machine(site)
    machine.start([
        replace(one, command=[*before, *one.command], environment={**one.environment, **more})
        for one in machine.kill("agent")
    ])  # fmt: skip


def battery_of(county: World, percent: int) -> Path:
    """A folder that looks as the kernel's with one battery; its charge is in the file that is returned."""
    battery = county.var / "supplies" / "BAT0"
    battery.mkdir(parents=True)
    (battery / "type").write_text("Battery\n")
    (battery / "capacity").write_text(f"{percent}\n")
    return battery / "capacity"


def command_with_supplies(supplies: Path) -> list[str]:
    """What comes before a command that shall see these batteries alone; skips the test where nobody may do so."""
    seen = ["unshare", "--mount", "sh", "-c", f'mount --bind "$0" {SUPPLIES} && exec "$@"', str(supplies)]
    if not SUPPLIES.is_dir() or not shutil.which("unshare"):
        pytest.skip("this machine shows no batteries, not even that there are none")
    if subprocess.run([*seen, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can show a process other batteries")
    return seen


@contextmanager
def small_ext4(place: Path, mib: int) -> Iterator[Path]:
    """A small disk of its own, mounted there; skips the test where that cannot be."""
    place.mkdir()
    image = place.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    if not shutil.which("mkfs.ext4"):
        pytest.skip("mkfs.ext4 is not installed")
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def disk_filled(file: Path, *, leaving_mib: int | None = None, mib: int = 0) -> None:
    """The file has grown by so much, or until no more than this is left on its disk."""
    if leaving_mib is not None:
        mib = shutil.disk_usage(file.parent).free // MIB - leaving_mib
    with file.open("ab") as grown:
        for _ in range(mib):
            grown.write(bytes(MIB))


def working_day_to_come(county: World, count: int) -> date:
    """The `count`-th working day from the county's today."""
    return calendar_of_the_demo().working_day_after(county.today(), count)
