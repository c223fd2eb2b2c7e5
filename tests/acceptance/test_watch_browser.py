"""The pages of the watch in a real browser, in two languages, with a real Prometheus that asks a real exporter."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import expect

from core.county.demo.people import People
from core.county.demo.processes import await_that
from core.county.demo.stage import SITES

from .person import CHROMIUM, Person, chromium, person
from .watch_console import console_open
from .watch_lab import PROGRAMS, Watch, watch_open
from .world import TOWN, TRAVEL_SECONDS, VILLAGE, World

ALLOWANCE: Final = "高龄津贴"
#: Seconds. Statuses are made every 15 s, so a machine that may be silent for one second is alone most of the time.
THRESHOLDS: Final = {"alone": 1, "hold": 300}
ALONE: Final = re.compile(r"已失联 \d+ 秒，最后得知时 \d+ 件办件在等待")
PLACE: Final = f"/points/{VILLAGE.node}/position/"
MACHINE: Final = f"/watch/nodes/{VILLAGE.node}/"
#: Every page, by the name of its picture, with words that stand on it in Chinese and in English.
PAGES: Final = {
    "overview": ("/watch/", "全县此刻", "The county now"),
    "map": ("/watch/map/", "全县各村", "The county's villages"),
    "node": (MACHINE, "最近一次报告", "What it last said"),
    "ingest": ("/watch/ingest/", "各节点数据到达情况", "What arrives from the nodes"),
    "counters": ("/watch/counters/", "窗口与时限", "Counters and deadlines"),
    "position": (PLACE, "位置", "Position"),
}


@dataclass
class Desk:
    """The administrator before the console of a county that is watched."""

    one: Person
    watch: Watch
    errors: list[str]

    def table(self, chart: str) -> list[list[str]]:
        """The rows of the table below a picture; what is drawn above it is there."""
        figure = self.one.page.locator(f"figure:has([data-chart='{chart}'])")
        expect(figure.locator(".w-canvas svg")).to_be_visible()
        rows = figure.locator("tbody tr")
        return [[str(cell.text_content()) for cell in row.locator("th, td").all()] for row in rows.all()]

    def anew(self, chart: str) -> list[list[str]]:
        """As `table`, of the page loaded anew."""
        self.one.page.reload()
        return self.table(chart)


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Desk]:
    if not CHROMIUM.exists() or not all(map(shutil.which, PROGRAMS)):
        pytest.skip("Chromium, Prometheus or Alertmanager is not installed")
    people = People(random.SystemRandom().randrange(1 << 30))
    world.window(VILLAGE, "chihu01").take_in(world.items[ALLOWANCE], people, (81, 96))
    world.await_sent(VILLAGE)
    with ExitStack() as stack:
        watch = stack.enter_context(watch_open(world, **THRESHOLDS))
        base = stack.enter_context(console_open(world, watch))
        one = person(stack.enter_context(chromium()), "县级管理员", base)
        errors: list[str] = []
        one.page.on("pageerror", lambda error: errors.append(str(error)))
        one.log_in("admin")
        yield Desk(one, watch, errors)
        assert (one.faults, errors) == ([], [])


def test_history_is_drawn_and_told_as_a_table_from_what_prometheus_has_asked_for(desk: Desk) -> None:
    desk.one.until("/watch/", "15 分钟内有联系的节点")
    # A machine that has just begun says how it is within seconds, and Prometheus asks every few.
    all_heard = str(len(SITES))
    await_that("all machines are in the picture", lambda: desk.anew("history-nodes")[0][1] == all_heard, TRAVEL_SECONDS)
    assert sum(int(cell) for cell in desk.table("history-cases")[0][1:]) >= 1
    desk.one.until(MACHINE, "失联与滞留时间")
    assert float(desk.table("history-quiet")[0][1]) < 0.1
    free = float(desk.table("history-shares")[0][1])
    assert 0 < free < 100
    desk.one.until("/watch/counters/", "watch:overview")
    assert desk.one.page.locator("tr:has(th:text-is('watch:overview')) td").first.inner_text().isdigit()


def test_what_burns_is_what_alertmanager_has_been_told(desk: Desk) -> None:
    desk.watch.phone.await_call("TownAlone")
    desk.one.open("/watch/")
    fire = desk.one.page.locator(".w-fires li").filter(has_text=ALONE)
    expect(fire).to_contain_text("docs/runbooks/town-alone.md")
    expect(fire).to_contain_text("易俗河镇")
    # Its villages are silent too, but one message says so.
    expect(desk.one.page.locator(".w-fires li").filter(has_text=re.compile("村.*已失联"))).to_have_count(0)
    fire.get_by_role("link").click()
    desk.one.page.wait_for_url(f"**/watch/nodes/{TOWN.node}/")


def test_a_position_that_is_entered_stands_on_the_map_and_one_that_is_taken_back_does_not(desk: Desk) -> None:
    one = desk.one
    one.open(PLACE)
    one.type_into("#id_longitude", "112.95")
    one.type_into("#id_latitude", "27.77")
    one.follow("main form button.btn-primary")
    one.open("/watch/map/")
    expect(one.page.locator("[data-chart='scale'] svg")).to_be_visible()
    one.look("watch-map-zh")
    one.open(PLACE)
    one.type_into("#id_longitude", "")
    one.page.keyboard.press("Delete")
    one.type_into("#id_latitude", "")
    one.page.keyboard.press("Delete")
    one.follow("main form button.btn-primary")
    one.open("/watch/map/")
    expect(one.page.locator("[data-chart='scale']")).to_have_count(0)
    expect(one.page.locator(f"#p{VILLAGE.node}")).to_contain_text("赤湖村")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_on_any_page_is_in_the_way_of_anybody(desk: Desk, language: str) -> None:
    """axe has judged every page in each language; no page is wider than the screen."""
    one = desk.one
    one.page.context.add_cookies([{"name": "django_language", "value": language, "url": one.base}])
    for name, (path, chinese, english) in PAGES.items():
        if f"watch-{name}-{language[:2]}" in one.seen:
            continue
        one.open(path)
        expect(one.page.locator("main")).to_contain_text(chinese if language == "zh-hans" else english)
        one.look(f"watch-{name}-{language[:2]}")
        assert not one.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), name
    assert one.faults == []
