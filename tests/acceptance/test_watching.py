"""The fleet watched for real: a village's files are spoiled, the watch goes blind, the village is cut off; all is told.

Prometheus, Alertmanager and the exporter run as on a core, with the role's own configuration; only times are short.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from core.county.demo.processes import await_that

from .watch_causes import DECIDED_AT_COUNTY, county_to_watch, file_put, forged, segment_made, segments_up, taken_in
from .watch_lab import Watch, watch_open
from .world import TOWN, TRAVEL_SECONDS, VILLAGE, World

#: Seconds. A status is made every 15 s and may lie at a hop for as long.
THRESHOLDS: Final = {
    "alone": 60, "ingest_stalled": 60, "grace": 0, "hold": 8, "short_grace": 2,
}  # fmt: skip

HELD: Final = "赤湖村委会送来的数据流已挂起：签名不符，疑为伪造的段；在此之后的办件都到不了县里"
DUE: Final = "赤湖村委会有 3 件两个工作日内到期的办件从未到达县里"
ALONE: Final = r"赤湖村委会已失联 \d+ 分钟，最后得知时 3 件办件在等待"
BLIND: Final = "县平台的指标取不到：各村镇现在怎样无从得知，在此期间其他告警不作数"


@pytest.fixture(scope="module")
def county() -> Iterator[World]:
    """A county of its own: what is told depends on everything that happens in it."""
    with county_to_watch(small_disk=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def watch(county: World) -> Iterator[Watch]:
    with watch_open(county, **THRESHOLDS) as opened:
        yield opened


def three_cases_behind_a_forged_segment(county: World) -> tuple[list[str], Path, bytes]:
    """The village takes three cases in without a line; of the first segment with them the signature is not its own.

    Returns the cases, the file and its true bytes.
    """
    with segment_made(lambda: segments_up(county, VILLAGE)) as made:
        cases = taken_in(county, VILLAGE, DECIDED_AT_COUNTY, 3)
    true = made[0].read_bytes()
    file_put(county, VILLAGE, made[0], forged(true))
    return cases, made[0], true


def test_what_a_village_holds_back_is_told_and_so_is_its_end(county: World, watch: Watch) -> None:
    phone = watch.phone
    phone.await_call("Watchdog")
    county.cut(VILLAGE, off=True)
    cases, file, true = three_cases_behind_a_forged_segment(county)
    assert set(cases).isdisjoint(county.core_hashes())

    county.cut(VILLAGE, off=False)
    phone.await_call("StreamHeld", HELD)
    due = phone.await_call("CasesDueNeverArrived", DUE)
    assert (due.labels["severity"], due.labels["node"], due.labels["tenant_name"]) == (
        "critical", VILLAGE.node, "易俗河镇",
    )  # fmt: skip

    # The exporter dies: nobody is told that all is well, only that nothing is known.
    watch.exporter.stop()
    phone.await_call("ExporterDown", BLIND)
    await_that("the figures are gone", lambda: DUE not in watch.alerts(), TRAVEL_SECONDS)
    watch.exporter.start()
    phone.await_call("ExporterDown", ended=True)
    await_that("the figures are back", lambda: DUE in watch.alerts(), TRAVEL_SECONDS)
    assert not [one for one in phone.told if one.ended and one.labels.get("node") == VILLAGE.node]

    county.cut(VILLAGE, off=True)
    alone = phone.await_call("NodeAlone", ALONE)
    assert alone.labels["severity"] == "warning"
    assert set(cases).isdisjoint(county.core_hashes())

    # The true file lies in its place again, and the line is back.
    file_put(county, VILLAGE, file, true)
    county.cut(VILLAGE, off=False)
    for name in ("NodeAlone", "StreamHeld", "CasesDueNeverArrived"):
        phone.await_call(name, ended=True)
    assert set(cases) <= county.core_hashes().keys()
    assert not [one for one in watch.alerts() if "赤湖村" in one]
    assert not [one for one in phone.told if one.alert == "TownAlone"]


def test_a_town_alone_and_ingest_that_stands_still_are_told(county: World, watch: Watch) -> None:
    phone, since = watch.phone, len(watch.phone.told)
    county.cut(TOWN, off=True)
    alone = phone.await_call("TownAlone", r".+已失联 \d+ 分钟，最后得知时 \d+ 件办件在等待.*", since=since)
    assert alone.labels["node"] == alone.labels["town"] == TOWN.node
    ingest = county.machine().kill("ingest")
    phone.await_call("IngestStalled", "县平台已 1 分钟没有读取各服务点送来的办件", since=since)

    county.machine().start(ingest)
    phone.await_call("IngestStalled", ended=True, since=since)
    county.cut(TOWN, off=False)
    phone.await_call("TownAlone", ended=True, since=since)
