"""The demo as a test's world: a core, a town and two villages as processes of their own, in a folder of their own.

Nothing here touches the demo's database from inside the test process: what is asked is asked over pages and commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import psutil
import requests

from core.county.demo.browser import Browser
from core.county.demo.day import Officer, Window
from core.county.demo.machines import MANAGE, Core, Node
from core.county.demo.processes import Process, answers, await_that
from core.county.demo.stage import FIRST_VILLAGE, SECOND_VILLAGE, SITES, TOWN_SITE
from core.county.demo.training import CLOCK
from core.county.demo.world import PASSWORD, Site
from core.county.publishing.demo_catalogue import demo_records
from core.domain.cases.deadlines import WorkCalendar
from core.domain.catalogue.documents import CalendarYear, Item
from core.domain.journal.clock import instant, instant_date, training_shift_ms
from core.exchange.carriers import syncthing_settings
from core.transport.syncthing import SyncthingClient

from .syncthing_lab import free_port

#: A fresh county, its catalogue, four machines: on two cores that others use too.
START_SECONDS: Final = 240.0
#: From one machine to any other and back; Syncthing may take a minute to call again after a cut.
TRAVEL_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0
#: The disk of the second village, where there may be a small one. The floor of the counter is 200 MiB.
SMALL_DISK_MIB: Final = 400

VILLAGE, OTHER_VILLAGE, TOWN = FIRST_VILLAGE, SECOND_VILLAGE, TOWN_SITE


def environment(var: Path, **more: str) -> dict[str, str]:
    """The environment of a demo in `var`: this one without what belongs to the tests' own settings."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")}
    mine.pop("DATABASE_URL", None)
    return {**mine, "DJANGO_SETTINGS_MODULE": "core.county.settings", "YIZHAN_VAR": str(var), **more}


def processes_of(place: Path) -> list[psutil.Process]:
    """Every process of the node in this folder, or of the core; of the core's folder without its nodes."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            given = process.environ()
            if (given.get("YIZHAN_NODE_DIR") or given.get("YIZHAN_VAR")) == str(place):
                found.append(process)
    return found


def processes_below(var: Path) -> list[psutil.Process]:
    """Every process that was started for the demo in `var`: its nodes', the core's, the database's, its own."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("YIZHAN_VAR") == str(var) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def items_of_the_demo() -> dict[str, Item]:
    """The demo catalogue's items by name, as its files say."""
    return {record.name: record for record in demo_records() if isinstance(record, Item)}


def calendar_of_the_demo(*more: CalendarYear) -> WorkCalendar:
    """The demo catalogue's working days, and those of `more` years."""
    years = [*(record for record in demo_records() if isinstance(record, CalendarYear)), *more]
    return WorkCalendar(
        days_off=frozenset(day for year in years for day in year.days_off),
        make_up_days=frozenset(day for year in years for day in year.make_up_days),
        years=frozenset(year.year for year in years),
    )


@dataclass
class Machine:
    """A machine of the world: how its two or three processes are killed, and started again as they were."""

    name: str
    place: Path
    url: str
    logs: Path
    started: list[Process] = field(default_factory=list)

    def running(self) -> list[psutil.Process]:
        return processes_of(self.place)

    def kill(self, *words: str) -> list[Process]:
        """kill -9 for what runs here (those with one of `words` in their command), as if the power had gone.

        Returns what has to be started again to have the machine as it was.
        """
        everything = [one for one in self.running() if "demo" not in one.cmdline()]
        own = {one.pid for one in everything}
        tops = [one for one in everything if one.ppid() not in own and not _keeps_the_database(one)]
        chosen = [one for one in tops if not words or any(word in part for part in one.cmdline() for word in words)]
        again = [self._process_like(one) for one in chosen]
        doomed = [one for top in chosen for one in (top, *top.children(recursive=True))]
        for one in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        # Not psutil's wait: the demo, whose children they are, does not look after its dead before it ends.
        await_that(f"{self.name} is dead", lambda: all(map(_is_dead, doomed)), STOP_SECONDS)
        return again

    def _process_like(self, process: psutil.Process) -> Process:
        command = process.cmdline()
        what = next((word for word in ("agent", "ingest", "jobs") if word in command), "web")
        # What the tests' own settings put into the environment (a secret key, say) is not the demo's.
        blank = {name: "" for name in os.environ if name.startswith("YIZHAN_") or name == "DATABASE_URL"}
        log = self.logs / f"again-{self.name}-{what}.log"
        return Process(f"{self.name} {what}", command, blank | process.environ(), log)

    def start(self, processes: list[Process]) -> None:
        """They run again and are ready."""
        for process in processes:
            process.log.unlink(missing_ok=True)
            process.start()
        self.started += processes
        for process in processes:
            what = process.name.rpartition(" ")[2]
            if what == "web":
                process.await_that("answers", lambda: answers(f"{self.url}/login/"))
            elif what in ("agent", "ingest"):
                process.await_that("is ready", lambda w=what, p=process: f"{w} ready" in p.last_words(50))  # type: ignore[misc]


def _is_dead(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


def _keeps_the_database(process: psutil.Process) -> bool:
    """The private PostgreSQL and its keeper outlive the platform, and end by themselves when nobody asks them."""
    return any("tenants.embedded" in part or part.endswith("postgres") for part in process.cmdline())


@dataclass
class World:
    """`core` and `nodes` are the demo's own descriptions; `small_disk` is the second village's, or None."""

    var: Path
    core: Core
    nodes: dict[str, Node]
    departments: dict[tuple[str, str], str]
    items: dict[str, Item]
    small_disk: Path | None = None
    machines: dict[str, Machine] = field(default_factory=dict)

    def node(self, site: Site) -> Node:
        return self.nodes[site.node]

    def machine(self, site: Site | None = None) -> Machine:
        """The site's machine, or the core."""
        name = site.node if site else "core"
        if name not in self.machines:
            place, url = (self.node(site).base, self.node(site).url) if site else (self.core.var, self.core.url)
            self.machines[name] = Machine(name, place, url, self.var / "demo" / "logs")
        return self.machines[name]

    def window(self, site: Site, staff_code: str) -> Window:
        """Somebody logged in at this machine, by plain requests."""
        window = Window(place=site.name, browser=Browser(self.node(site).url))
        window.log_in(staff_code)
        return window

    def officer(self, role: str, department: str) -> Officer:
        officer = Officer(Browser(self.core.url))
        officer.log_in(self.departments[role, department])
        return officer

    def administrator(self) -> Browser:
        browser = Browser(self.core.url)
        browser.login("admin", PASSWORD)
        return browser

    def today(self) -> date:
        """The day in this county, by its own clock."""
        now = time.time_ns() // 1_000_000 + training_shift_ms(str(self.core.clock))
        return instant_date(instant(now))

    def day_comes(self, day: date) -> None:
        """It is nine in the morning of that day everywhere, and every machine has heard it from the county."""
        told = self.core_manage("clock_forward", "--to", day.isoformat())
        assert told.split()[-1] == day.isoformat() == self.today().isoformat(), told

    def core_manage(self, *arguments: str) -> str:
        """What a command on the core prints. Raises CalledProcessError."""
        command = [sys.executable, MANAGE, *arguments]
        more = self.core.environment() | {"YIZHAN_DB_POOL": "0"}
        done = subprocess.run(
            command, env=environment(self.core.var, **more), capture_output=True, text=True, check=True
        )
        return done.stdout

    def core_hashes(self) -> dict[str, str]:
        """State hashes of all tenants' cases, by case."""
        found = json.loads(self.core_manage("case_hashes", "--json"))
        assert isinstance(found, dict)
        return found

    def node_hashes(self, site: Site) -> dict[str, str]:
        found = self.node(site).status("--hashes")["hashes"]
        assert isinstance(found, dict)
        return found

    def await_sent(self, *sites: Site) -> None:
        """The county has confirmed everything these machines wrote, as their own bars say."""
        for site in sites:
            await_that(f"{site.name}: nothing waits", lambda s=site: "无待上传条目" in self.bar(s), TRAVEL_SECONDS)  # type: ignore[misc]

    def bar(self, site: Site) -> str:
        """The network bar of a machine's pages, as text."""
        with contextlib.suppress(requests.RequestException):
            return Browser(self.node(site).url).get("/network/").text
        return ""

    def await_equal(self, *sites: Site) -> None:
        """Every copy of a case on these machines has the county's hash, and the county lacks none of them."""

        def differing() -> dict[str, set[str]]:
            known = self.core_hashes().items()
            return {site.name: one for site in sites if (one := set(dict(self.node_hashes(site).items() - known)))}

        left: dict[str, set[str]] = {}

        def equal() -> bool:
            nonlocal left
            left = differing()
            return not left

        self.await_sent(*sites)
        await_that(f"equal copies ({left})", equal, TRAVEL_SECONDS)

    def cut(self, site: Site, *, off: bool) -> None:
        """The machine's line is down, or up again."""
        with self.syncthing(site) as client:
            (client.device_pause if off else client.device_resume)()

    def redial(self, site: Site) -> None:
        """The machine calls those above it at once: by itself Syncthing lets up to a minute go by after a hub fell."""
        self.cut(site, off=True)
        self.cut(site, off=False)

    @contextlib.contextmanager
    def syncthing(self, site: Site | None) -> Iterator[SyncthingClient]:
        """The Syncthing of a machine, or of the core."""
        base, port = (self.node(site).base, self.node(site).sync_port) if site else (self.core.var, self.core.sync_port)
        given = syncthing_settings(base, f"tcp://127.0.0.1:{port}")
        client = SyncthingClient(given.api, given.api_key)
        try:
            yield client
        finally:
            client.close()


@contextlib.contextmanager
def world_open(
    *, cases: int = 0, chapters: str = "none", small_disk: bool = True, **more: str
) -> Iterator[World]:  # fmt: skip
    """A fresh demo is up; afterwards nothing of it is left. Raises AssertionError with the end of its log."""
    var = Path(tempfile.mkdtemp(prefix="yz-world-"))
    mounted = small_disk_mount(var) if small_disk else None
    log = var / "demo.log"
    try:
        ports_reserve(var)
        with log.open("wb") as output:
            demo = subprocess.Popen(
                [sys.executable, MANAGE, "demo", "--cases", str(cases), "--chapters", chapters],
                env=environment(var, **more), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield _world_when_up(var, demo, log)
        finally:
            _demo_end(var, demo, log)
    finally:
        if mounted is not None:
            subprocess.run(["umount", str(mounted)], check=True)
        shutil.rmtree(var)


def ports_reserve(var: Path) -> None:
    """The demo in `var` takes ports the system has chosen: several may start on one machine at once."""
    names = ["core", *(site.node for site in SITES)]
    ports = {name: free_port() for name in [*names, *(f"sync {name}" for name in names)]}
    (var / "demo").mkdir(exist_ok=True)
    (var / "demo" / "ports.json").write_text(json.dumps(ports))


def small_disk_mount(var: Path) -> Path | None:
    """A small disk for the second village's folder; None where this user may not mount one."""
    place = var / "demo" / OTHER_VILLAGE.node
    place.mkdir(parents=True)
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return None
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MIB}m", "tmpfs", str(place)]
    return place if subprocess.run(command, capture_output=True, check=False).returncode == 0 else None


def _world_when_up(var: Path, demo: subprocess.Popen[bytes], log: Path) -> World:
    def up() -> bool:
        assert demo.poll() is None, f"the demo ended with {demo.returncode}:\n{log.read_text()[-4000:]}"
        return (var / "demo" / "world.json").exists()

    await_that("the demo is up", up, START_SECONDS, log=log)
    return world_join(var)


def world_join(var: Path) -> World:
    """The demo that runs in `var` already: for writing tests, and for pictures."""
    told = json.loads((var / "demo" / "world.json").read_text())
    ports = json.loads((var / "demo" / "ports.json").read_text())
    clock = var / "demo" / CLOCK
    core = Core(var=var, port=ports["core"], sync_port=ports["sync core"], clock=clock)
    nodes = {
        site.node: Node(
            site=site,
            base=Path(told["nodes"][site.node]["dir"]),
            exchange=var / "exchange",
            clock=clock,
            port=ports[site.node],
            sync_port=ports[f"sync {site.node}"],
        )
        for site in SITES
    }
    officers = {(one["role"], one["department"]): code for code, one in told["staff"].items()}
    other = nodes[OTHER_VILLAGE.node].base
    return World(var, core, nodes, officers, items_of_the_demo(), other if other.is_mount() else None)


def _demo_end(var: Path, demo: subprocess.Popen[bytes], log: Path) -> None:
    """The demo was asked to stop and did, and no process that was started for it is left."""
    asked = [one for one in processes_below(var) if one.ppid() == os.getpid()]
    for one in asked:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.terminate()
    demo.wait(STOP_SECONDS)
    psutil.wait_procs(asked, timeout=STOP_SECONDS)
    # The database's keeper waits for a while in case somebody comes back; the rest must be gone by now.
    left = processes_below(var)
    _gone, alive = psutil.wait_procs(left, timeout=STOP_SECONDS)
    told = [f"{one.pid} {' '.join(one.cmdline())}" for one in alive if one.is_running()]
    for one in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    assert demo.returncode == 0, f"the demo ended with {demo.returncode}:\n{log.read_text()[-4000:]}"
    assert not told, f"left behind: {told}"
