"""The script: a working day, then the whole life of some cases. What is told goes to `say`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial

from core.domain.catalogue.documents import Item
from core.domain.journal.clock import today

from .chapters import CHAPTERS
from .checking import core_hashes, core_waits
from .day import Window, play_intake
from .desks import county_decides, known_as, results_handed_out, town_decides
from .people import People
from .processes import await_that
from .scene import Scene, day_words
from .stage import FIRST_VILLAGE, SECOND_VILLAGE, SITES, TOWN_SITE, Stage
from .telling import tell_all
from .training import clock_forward

#: How long entries may take through the town and back, with everything on one small machine.
TRAVEL_SECONDS = 180.0
#: After a line comes back Syncthing tries again within a minute whatever it is told.
RECONNECT_SECONDS = 240.0
MAX_ROUNDS = 10

Say = Callable[[str], None]


@dataclass
class Day:
    """What happened: applications taken in by item, acts at the county, at the town, results handed out."""

    taken: dict[str, int]
    offline: int = 0
    county_acts: int = 0
    town_cases: int = 0
    delivered: int = 0


def play(stage: Stage, *, cases: int, seed: int, say: Say) -> Day:
    """A whole working day of `cases` applications. Raises DemoFailed where a page refuses or a line is dead."""
    people = People(seed)
    windows = [stage.window(FIRST_VILLAGE, "chihu01"), stage.window(SECOND_VILLAGE, "jinxia01"),
               stage.window(TOWN_SITE, "yshck01")]  # fmt: skip
    offline = windows[1]
    say(f"上午:{SECOND_VILLAGE.name}断网")
    stage.cut(SECOND_VILLAGE, off=True)
    try:
        taken = play_intake(windows, people, cases, _intake_teller(say))
        day = Day(taken=dict(taken), offline=len(offline.taken))
        _offline_is_unknown(offline)
    finally:
        stage.cut(SECOND_VILLAGE, off=False)
    say(f"中午:网络恢复,{day.offline} 件离线办件开始上行")
    everything = {case_id for window in windows for case_id, _ in window.taken}
    await_that("the county has every case", lambda: everything <= core_hashes().keys(), RECONNECT_SECONDS)
    say("下午:部门审批,出件")
    _afternoon(stage, windows, day, say)
    return day


def _intake_teller(say: Say) -> Callable[[str, Item, str], None]:
    def told(place: str, item: Item, case_id: str) -> None:
        say(f"  {place}收件:{item.name}")

    return told


def _offline_is_unknown(offline: Window) -> None:
    """Nothing of the village without a network can be at the county: else it was not cut off."""
    known = core_hashes()
    leaked = [name for case_id, name in offline.taken if case_id in known]
    assert not leaked, f"the offline village's cases are at the county: {leaked}"


def _afternoon(stage: Stage, windows: list[Window], day: Day, say: Say) -> None:
    """Everybody works until nothing is left to do anywhere."""
    officers = stage.officers_logged_in()
    reviewer, approver = stage.window(TOWN_SITE, "yshsc01"), stage.window(TOWN_SITE, "yshjd01")
    at = {FIRST_VILLAGE.node: windows[0], SECOND_VILLAGE.node: windows[1], TOWN_SITE.node: windows[2]}
    for _ in range(MAX_ROUNDS):
        settle()
        acts = county_decides(officers, lambda name, power: say(f"  县级部门 {power}:{name}"))
        town = town_decides(TOWN_SITE.node, reviewer, approver, lambda name, power: say(f"  镇级 {power}:{name}"))
        await_that("the town's decisions", partial(known_as, town, "completed", "delivered"), TRAVEL_SECONDS)
        settle()
        handed = [case for site in SITES for case in results_handed_out(site.node, at[site.node])]
        await_that("the deliveries", partial(known_as, handed, "delivered"), TRAVEL_SECONDS)
        day.county_acts, day.town_cases = day.county_acts + acts, day.town_cases + len(town)
        day.delivered += len(handed)
        if not (acts or town or handed):
            return
        say(f"  送达 {len(handed)} 件")
    raise AssertionError("the day does not end: somebody always finds something to do")


def settle() -> None:
    """Everything the core wrote is read by its nodes, and nothing is parked or queued."""
    await_that("everything has arrived", lambda: not core_waits(), TRAVEL_SECONDS)


def play_life(stage: Stage, *, chapters: Collection[str], seed: int, say: Say) -> int:
    """These chapters' cases live side by side, from the county's today to a day weeks later; returns how many stories
    were told. Raises DemoFailed where a page refuses or a line is dead."""
    scene = Scene(stage, People(seed), say)
    told = [story for name in chapters for story in CHAPTERS[name]]

    def day_comes(day: date) -> None:
        clock_forward(stage.core.clock, to=day)
        say(f"—— {day.year}年{day_words(day)} ——")

    say(f"—— {today().year}年{day_words(today())} ——")
    stories = {label: chapter(scene.labelled(label)) for label, chapter in told}
    tell_all(stories, today=today, day_comes=day_comes)
    return len(stories)
