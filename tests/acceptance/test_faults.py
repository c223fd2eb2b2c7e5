"""What goes wrong in a county: each fault stops what it must and nothing else, and loses nothing."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from core.county.demo.browser import Browser, Form
from core.county.demo.day import Window
from core.county.demo.machines import MANAGE
from core.county.demo.people import People
from core.county.demo.processes import DemoFailed, await_that, python
from core.county.demo.world import Site

from .world import OTHER_VILLAGE, TOWN, TRAVEL_SECONDS, VILLAGE, World, environment

IMMEDIATE: Final = "老年人优待证办理"
TOWN_DECIDES: Final = "临时救助"
#: The counter takes in nothing below this much free space (settings.DISK_FLOOR_BYTES).
DISK_FLOOR_MIB: Final = 200


@pytest.fixture(scope="module")
def people() -> People:
    return People(random.SystemRandom().randrange(1 << 30))


def take_in(world: World, window: Window, people: People, item: str = IMMEDIATE) -> str:
    return window.take_in(world.items[item], people, (65, 80))


def knows(window: Window, case_id: str, *words: str) -> bool:
    """Whether the machine's page of the case is there and says all this."""
    page = window.browser.get(f"/cases/{case_id}/")
    return page.status == 200 and all(word in page.text for word in words)


def test_killing_agent_and_ingest_amid_a_stream_of_cases_loses_none(world: World, people: People) -> None:
    window = world.window(VILLAGE, "chihu01")
    node, core = world.machine(VILLAGE), world.machine()
    taken = [take_in(world, window, people) for _ in range(4)]
    agent = node.kill("agent")
    taken += [take_in(world, window, people) for _ in range(4)]
    ingest = core.kill("ingest")
    node.start(agent)
    taken += [take_in(world, window, people) for _ in range(4)]
    core.start(ingest)
    world.redial(TOWN)
    world.await_equal(VILLAGE)
    assert len(set(taken)) == 12
    assert set(taken) <= world.core_hashes().keys()


def test_village_and_town_finish_a_case_while_the_core_is_down(world: World, people: People) -> None:
    village = world.window(VILLAGE, "chihu01")
    reviewer, approver = world.window(TOWN, "yshsc01"), world.window(TOWN, "yshjd01")
    core = world.machine()
    platform = core.kill()
    case = take_in(world, village, people, TOWN_DECIDES)
    await_that("the town has the case", lambda: knows(reviewer, case), TRAVEL_SECONDS)
    for _ in world.items[TOWN_DECIDES].flow:
        reviewer.act(case, "opinion", {"verdict": "pass", "text": "情况属实"})
    approver.act(case, "decide", {"granted": "yes", "text": "", "basis": "", "result_number": "易政救〔2026〕1号"})
    await_that("the village has the decision", lambda: knows(village, case, "易政救〔2026〕1号"), TRAVEL_SECONDS)
    core.start(platform)
    world.redial(TOWN)
    world.await_equal(VILLAGE, TOWN)
    assert world.core_hashes()[case] == world.node_hashes(TOWN)[case] == world.node_hashes(VILLAGE)[case]


@pytest.fixture
def cut_off(world: World) -> Iterator[Site]:
    """A village without a line, until the test or its end gives it back."""
    world.cut(VILLAGE, off=True)
    yield VILLAGE
    world.cut(VILLAGE, off=False)


def test_a_spoiled_segment_holds_its_stream_alone_until_the_true_file_arrives(
    world: World, people: People, cut_off: Site
) -> None:
    window, other = world.window(VILLAGE, "chihu01"), world.window(OTHER_VILLAGE, "jinxia01")
    administrator = world.administrator()
    sent = segments(world.node(VILLAGE).base / "folders" / f"up-{VILLAGE.node}")
    case = take_in(world, window, people)
    await_that("a segment is sealed", lambda: bool(new_segments(world, sent)), TRAVEL_SECONDS)
    name, true = new_segments(world, sent)[0]
    spoiled = world.core.var / "folders" / f"up-{VILLAGE.node}" / name
    for bad in (true[: len(true) // 2], true[:-64] + bytes(64)):
        # A reader learns of files from Syncthing; of one that was put there behind its back, by its sweep.
        ingest = world.machine().kill("ingest")
        spoiled.parent.mkdir(exist_ok=True)
        spoiled.write_bytes(bad)
        world.machine().start(ingest)
        await_that("the stream is held", lambda: is_held(administrator), TRAVEL_SECONDS)
    world.redial(TOWN)
    on_its_way = take_in(world, other, people)
    world.await_sent(OTHER_VILLAGE)
    known = world.core_hashes()
    assert on_its_way in known
    assert case not in known
    world.cut(VILLAGE, off=False)
    world.await_equal(VILLAGE)
    await_that("the stream flows again", lambda: not is_held(administrator), TRAVEL_SECONDS)


def segments(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in folder.rglob("*.seg")}


def new_segments(world: World, sent: dict[str, Path]) -> list[tuple[str, bytes]]:
    now = segments(world.node(VILLAGE).base / "folders" / f"up-{VILLAGE.node}")
    return [(name, path.read_bytes()) for name, path in sorted(now.items()) if name not in sent]


def is_held(administrator: Browser) -> bool:
    """Whether the county's page says that a stream stands still, and which, and why."""
    text = re.sub(r"<[^>]+>|\s+", "", administrator.get("/conflicts/").text)
    return "1条数据流" in text and "赤湖村" in text and "已损坏" in text


def test_a_full_disk_refuses_before_anything_is_written(world: World, people: People) -> None:
    if world.small_disk is None:
        pytest.skip("only root can mount a small disk here")
    window = world.window(OTHER_VILLAGE, "jinxia01")
    before = rows(world.small_disk)
    filler = world.small_disk / "filler"
    free = shutil.disk_usage(world.small_disk).free
    with filler.open("wb") as file:
        file.write(bytes(free - (DISK_FLOOR_MIB - 1) * 1024 * 1024))
    try:
        with pytest.raises(DemoFailed, match=r"answered 507: .*磁盘已满"):
            take_in(world, window, people)
        assert rows(world.small_disk) == before
    finally:
        filler.unlink()
    case = take_in(world, window, people)
    world.await_sent(OTHER_VILLAGE)
    assert case in world.core_hashes()


def rows(base: Path) -> dict[str, int]:
    """How much of what the counter writes there is, by table."""
    tables = ("cases_case", "cases_draftintake", "journal_entry", "journal_outboxitem")
    with sqlite3.connect(f"file:{base / 'node.sqlite3'}?mode=ro", uri=True) as database:
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


@pytest.fixture
def stranger(world: World, tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that nobody knows yet."""
    more = {"DJANGO_SETTINGS_MODULE": "edge_node.settings", "YIZHAN_NODE_DIR": str(tmp_path / "node")}
    return environment(world.var, **more)


def enrol(world: World, stranger: dict[str, str], code: str) -> tuple[int, dict[str, Any]]:
    """(exit code, what the command said) of a machine that asks with this code."""
    command = python(MANAGE, "enrol", "--core", world.core.url, "--code", code, "--json")
    done = subprocess.run(command, env=stranger, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_wrong_or_expired_enrolment_code_is_refused_in_clear_words(world: World, stranger: dict[str, str]) -> None:
    exit_code, said = enrol(world, stranger, "0000-0000-0000")
    assert (exit_code, said["error"]) == (1, "code_unknown")
    assert "码" in said["message"]
    code = json.loads(world.core_manage("enrol_node", VILLAGE.node, "--json"))["code"]
    world.core_manage(
        "shell", "-c",
        "from core.county.registry.models import EnrolmentCode; from django.utils.timezone import now;"
        "EnrolmentCode.objects.filter(used_at=None).update(expires_at=now())",
    )  # fmt: skip
    exit_code, said = enrol(world, stranger, code)
    assert (exit_code, said["error"]) == (1, "code_expired")
    assert "过期" in said["message"]
    with sqlite3.connect(Path(stranger["YIZHAN_NODE_DIR"]) / "node.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM edge_node_enrolment").fetchone() == (0,)


def test_a_revoked_node_takes_no_new_work_and_the_county_reads_no_more_of_it(world: World, people: People) -> None:
    """The last of these tests: the second village's machine stays revoked."""
    window, neighbour = world.window(OTHER_VILLAGE, "jinxia01"), world.window(VILLAGE, "chihu01")
    administrator = world.administrator()
    page = administrator.get(f"/points/{OTHER_VILLAGE.node}/revoke/")
    token = page.form(has="csrfmiddlewaretoken").fields
    administrator.submit(page, Form(action="", method="post", identity="", fields=token), {})
    await_that("the node has heard of it", lambda: refuses(world, window), TRAVEL_SECONDS)
    fleet = administrator.get("/nodes/")
    assert "已吊销" in fleet.text
    case = take_in(world, neighbour, people)
    world.await_sent(VILLAGE)
    assert case in world.core_hashes()


def refuses(world: World, window: Window) -> bool:
    """Whether the machine's own page says that it may take no new work."""
    page = window.browser.get("/")
    return page.status == 403 and "不能再受理新件" in page.text
