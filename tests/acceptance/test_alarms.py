"""What stops a counter, or is about to, is told: each alert's real cause, in a county of real processes.

As test_watching.py; here with a disk that fills, a clock that is wrong, a queue nobody works.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from core.county.demo.browser import Browser, Form
from core.county.demo.processes import Process, await_that
from core.county.demo.world import COUNTY, PASSWORD
from core.domain.journal.clock import TRAINING_CLOCK

from . import watch_causes as cause
from .watch_lab import Watch, watch_open
from .world import OTHER_VILLAGE, TOWN, TRAVEL_SECONDS, VILLAGE, World

#: Seconds, if nothing else is said. A county's figures are of 60 s ago at most.
THRESHOLDS: Final = {
    "alone": 300, "grace": 0, "hold": 8, "short_grace": 2, "silent_with_due": 40, "stuck": 60, "unwell": 2,
    "clock_off_for": 2, "release_age": 60, "jobs_stuck": 60, "conflicts_waiting": 5, "quarantine_window": 300,
    "disk_full_in": 3600, "disk_trend": 60, "disk_history": 20,
    # Shares: one tenant sends, few people ask for pages, and every late answer counts.
    "ingest_lag_tenants": 1, "ingest_lag_target": 60, "counter_target": 0.5, "counter_min_requests": 3, "burn_fast": 1,
}  # fmt: skip
#: What has to be free for a counter to take cases in is 200 MiB.
BELOW_THE_FLOOR_MIB: Final = 199
HALL: Final = "xiangtan.localhost"


@pytest.fixture(scope="module")
def county() -> Iterator[World]:
    with cause.county_to_watch(small_disk=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def watch(county: World) -> Iterator[Watch]:
    with watch_open(county, **THRESHOLDS) as opened:
        yield opened


def test_the_core_s_machine_is_watched_again_and_its_disk_fills(county: World, watch: Watch) -> None:
    if not which("prometheus-node-exporter"):
        pytest.skip("the exporter of machines is not installed (Debian: prometheus-node-exporter)")
    phone = watch.phone
    phone.await_call("MachineExporterDown", "县平台这台机器的指标取不到：磁盘、服务和备份的情况无从得知")
    with cause.small_ext4(county.var / "disk", 600) as disk:
        watch.machine.start()
        phone.await_call("MachineExporterDown", ended=True)
        here = f'node_filesystem_avail_bytes{{mountpoint="{disk}"}}'
        await_that("a while was seen", lambda: watch.knows(f"{here} offset 20s"), TRAVEL_SECONDS)
        cause.disk_filled(disk / "grows", mib=20)
        told = phone.await_call(
            "CoreDiskFullSoon", rf"县平台的磁盘 {re.escape(str(disk))} 按目前速度 1 小时内写满，还剩 5\d\d MB"
        )
        assert told.labels["severity"] == "critical"
        watch.machine.stop()


def test_a_low_battery_is_told_until_it_is_charged(county: World, watch: Watch) -> None:
    charge, phone = cause.battery_of(county, 15), watch.phone
    cause.agent_anew(county, VILLAGE, *cause.command_with_supplies(charge.parents[1]))
    phone.await_call("NodeBatteryLow", "赤湖村委会的机器电量只剩 15%，停电后窗口将无法办理")
    charge.write_text("80\n")
    phone.await_call("NodeBatteryLow", ended=True)


def test_a_clock_that_stood_still_for_days_is_told_until_it_is_right(county: World, watch: Watch) -> None:
    stopped = county.var / "village-clock"
    stopped.write_text(county.core.clock.read_text())
    cause.agent_anew(county, VILLAGE, **{TRAINING_CLOCK: str(stopped)})
    county.day_comes(cause.working_day_to_come(county, 3))
    off = watch.phone.await_call("ClockOff", r"赤湖村委会的时钟慢了 (\d+) 秒，办件时间和时限会算错")
    assert 1 < int(re.sub(r"\D", "", off.summary)) / 86400 < 12

    cause.agent_anew(county, VILLAGE, **{TRAINING_CLOCK: str(county.core.clock)})
    county.day_comes(cause.working_day_to_come(county, 3))
    watch.phone.await_call("ClockOff", ended=True)


@dataclass
class Absence:
    """A village is cut off since so many calls; what was spoiled meanwhile, with its true bytes; the dead jobs."""

    since: int
    jobs: list[Process]
    lost: Path
    lost_bytes: bytes
    spoiled: Path
    spoiled_bytes: bytes
    case: str


@pytest.fixture(scope="module")
def absence(county: World, watch: Watch) -> Absence:
    """While a village is cut off its own last segment is lost and the county's next one forged; while nobody does the
    county's jobs, a release is published.

    It takes a minute to tell of that: who needs it not begins it too, and has something else told meanwhile.
    """
    since = len(watch.phone.told)
    # One that is in time: a rate is of what came after the first sight of something.
    in_time = cause.taken_in(county, VILLAGE, cause.DONE_AT_VILLAGE, 1)
    await_that("the county has it", lambda: set(in_time) <= county.core_hashes().keys(), TRAVEL_SECONDS)
    county.cut(VILLAGE, off=True)
    with cause.segment_made(lambda: cause.segments_up(county, VILLAGE)) as up:
        [case] = cause.taken_in(county, VILLAGE, cause.DONE_AT_VILLAGE, 1)
    with cause.segment_made(lambda: cause.segments_down(county, VILLAGE)) as down:
        cause.staff_joins(county, VILLAGE, "chihu02")
    jobs = county.machine().kill("jobs")
    cause.next_year_is_published(county)
    found = Absence(since, jobs, up[0], up[0].read_bytes(), down[0], down[0].read_bytes(), case)
    cause.file_put(county, VILLAGE, found.lost, None)
    cause.file_put(county, None, found.spoiled, cause.forged(found.spoiled_bytes))
    return found


@pytest.mark.usefixtures("absence")
def test_a_disk_that_fills_is_told_before_the_counter_stops_and_then(county: World, watch: Watch) -> None:
    if county.small_disk is None:
        pytest.skip("only root can mount a small disk here")
    phone, filler = watch.phone, county.small_disk / "filler"
    cause.disk_filled(filler, mib=20)
    words = r"金霞村委会的磁盘按目前速度 1 小时内写满，还剩 3\d\d MB；写满后窗口不能收件"
    phone.await_call("NodeDiskFullSoon", words)
    cause.disk_filled(filler, leaving_mib=BELOW_THE_FLOOR_MIB)
    phone.await_call("NodeUnwell", "金霞村委会的自检 2 秒以来没有通过（代码 1）")
    filler.unlink()
    phone.await_call("NodeUnwell", ended=True)
    phone.await_call("NodeDiskFullSoon", ended=True)


def test_jobs_nobody_does_are_told(county: World, watch: Watch, absence: Absence) -> None:
    words = "县平台任务队列 catalogue 最早的任务已等待 1 分钟，催办和时限提醒可能迟到"
    watch.phone.await_call("JobsStuck", words)
    county.machine().start(absence.jobs)
    watch.phone.await_call("JobsStuck", ended=True)


def test_an_old_release_is_told_and_with_the_line_back_what_was_lost_and_forged(
    county: World, watch: Watch, absence: Absence
) -> None:
    phone, since = watch.phone, absence.since
    phone.await_call("ReleaseTooOld", "1 个节点运行的目录版本早于规定（1 分钟前的版本）")
    county.cut(VILLAGE, off=False)
    phone.await_call("NodeHoldsStream", "赤湖村委会报告有 1 个数据流停住了，那里与县里看到的办理情况不一致")
    phone.await_call("NodeUnwell", "赤湖村委会的自检 2 秒以来没有通过（代码 1）")
    phone.await_call("EntriesStuck", r"赤湖村委会与县里有联系，最早的条目却已等待 \d 分钟", since=since)
    assert absence.case not in county.core_hashes()

    since = len(phone.told)
    cause.file_put(county, None, absence.spoiled, absence.spoiled_bytes)
    cause.file_put(county, VILLAGE, absence.lost, absence.lost_bytes)
    phone.await_call("IngestLagBurn", r"过去 1 小时半数乡镇送来的条目有 \S+% 或更多超过 1 分钟才读入县平台")
    for name in ("NodeHoldsStream", "EntriesStuck", "NodeUnwell"):
        phone.await_call(name, ended=True, since=since)
    phone.await_call("ReleaseTooOld", ended=True)
    assert absence.case in county.core_hashes()


def test_pages_that_wait_for_a_locked_table_are_told(county: World, watch: Watch) -> None:
    hall = Browser(county.core.url, HALL)
    hall.login("admin", PASSWORD)
    # As above: seen once.
    hall.get("/")
    page = 'yizhan_http_request_duration_seconds_count{view="counter:home"}'
    await_that("the page was seen", lambda: watch.knows(page), TRAVEL_SECONDS)
    with cause.table_locked(county, f"t_{COUNTY}.cases_case") as unlock, ThreadPoolExecutor() as people:
        asked = [people.submit(hall.get, "/") for _ in range(4)]
        assert not wait(asked, timeout=THRESHOLDS["counter_target"] * 1.5).done
        unlock()
        assert [one.result().status for one in asked] == [200] * 4
    watch.phone.await_call(
        "CounterLatencyBurn", r"过去 1 小时窗口页面有 \S+% 没有在 0.5 秒内正常打开，群众在窗口前等待"
    )


def test_a_collector_that_fails_is_told_until_it_works(county: World, watch: Watch) -> None:
    # What is read of the tenants is kept for a minute; what is of the county fails at once.
    cause.sql(county, "ALTER TABLE publishing_release RENAME TO moved_away")
    watch.phone.await_call("CollectorFailing", "指标“releases”收集失败，与它有关的告警不会响")
    cause.sql(county, "ALTER TABLE moved_away RENAME TO publishing_release")
    watch.phone.await_call("CollectorFailing", ended=True)


def test_cases_beyond_their_day_a_silent_town_that_has_them_and_a_forged_file_are_told(
    county: World, watch: Watch
) -> None:
    phone = watch.phone
    cases = cause.taken_in(county, VILLAGE, cause.DECIDED_AT_TOWN, 2)
    await_that("the county has them", lambda: set(cases) <= county.core_hashes().keys(), TRAVEL_SECONDS)
    days = county.items[cause.DECIDED_AT_TOWN].promised_limit.value
    county.day_comes(cause.working_day_to_come(county, days + 1))
    county.cut(TOWN, off=True)
    await_that("quarantine was counted", lambda: watch.knows("yizhan:quarantine_growth:files"), TRAVEL_SECONDS)
    spoiled, true = forged_segment_leaves(county)
    phone.await_call("CasesOverdue", "易俗河镇有 2 件办件已经超过法定或承诺时限")
    silent = phone.await_call("CasesDueAtSilentNode", r".+保管着 2 件两个工作日内到期的办件，已超过 40 秒没有消息")
    assert (silent.labels["severity"], silent.labels["node"]) == ("critical", TOWN.node)

    county.cut(TOWN, off=False)
    phone.await_call("CasesDueAtSilentNode", ended=True)
    reviewer, approver = county.window(TOWN, "yshsc01"), county.window(TOWN, "yshjd01")
    for case in cases:
        for _ in county.items[cause.DECIDED_AT_TOWN].flow:
            reviewer.act(case, "opinion", {"verdict": "pass", "text": "情况属实"})
        approver.act(case, "decide", {"granted": "yes", "text": "", "basis": "", "result_number": ""})
    phone.await_call("QuarantineGrowing", "易俗河镇的隔离区 5 分钟里多了 1 个有问题的文件")
    cause.file_put(county, OTHER_VILLAGE, spoiled, true)
    phone.await_call("CasesOverdue", ended=True)


def forged_segment_leaves(county: World) -> tuple[Path, bytes]:
    """A village's newest segment has a foreign signature, and nobody had the true one; the file, its true bytes."""
    county.cut(OTHER_VILLAGE, off=True)
    with cause.segment_made(lambda: cause.segments_up(county, OTHER_VILLAGE)) as made:
        cause.taken_in(county, OTHER_VILLAGE, cause.DECIDED_AT_COUNTY, 1)
    true = made[0].read_bytes()
    cause.file_put(county, OTHER_VILLAGE, made[0], cause.forged(true))
    county.cut(OTHER_VILLAGE, off=False)
    return made[0], true


def test_a_revoked_machine_s_cases_are_told_until_the_county_has_them(county: World, watch: Watch) -> None:
    """The last of these tests: the second village's machine stays revoked."""
    [case] = cause.taken_in(county, OTHER_VILLAGE, cause.DONE_AT_VILLAGE, 1)
    await_that("the county has it", lambda: case in county.core_hashes(), TRAVEL_SECONDS)
    administrator = county.administrator()
    page = administrator.get(f"/points/{OTHER_VILLAGE.node}/revoke/")
    token = page.form(has="csrfmiddlewaretoken").fields
    administrator.submit(page, Form(action="", method="post", identity="", fields=token), {})
    watch.phone.await_call("ConflictsWaiting", "冲突台 5 秒以来一直有事项无人了结，现有 1 件")
    tenant = OTHER_VILLAGE.node[:9] + "000"
    administrator.fill(f"/conflicts/{tenant}/nodes/{OTHER_VILLAGE.node}/", {"reason": "机器已吊销"}, has="reason")
    watch.phone.await_call("ConflictsWaiting", ended=True)
