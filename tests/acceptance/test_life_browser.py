"""Whole lives of cases as people see them, over the weeks they take: the county's clock is set forward in between."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from core.county.demo.browser import Browser as Requests
from core.county.demo.chapters.review import DRAWING, FARMING, LAND
from core.county.demo.chapters.special import holiday_after, holidays_of, working_day_before
from core.county.demo.day import Officer, Window
from core.county.demo.filling import values_for
from core.county.demo.people import People
from core.county.demo.people import Person as Applicant
from core.county.demo.processes import await_that
from core.domain.catalogue.documents import CalendarYear, Item

from .person import CHROMIUM, Person, chromium, person
from .world import TOWN, TRAVEL_SECONDS, VILLAGE, World, calendar_of_the_demo

ALLOWANCE: Final = "高龄津贴"
CARD: Final = "老年人优待证办理"
RELIEF: Final = "临时救助"
HOUSE: Final = "农村宅基地用地建房审批"
HYGIENE: Final = "公共场所卫生许可"
SUPERVISOR: Final = "jc01"
TENANT: Final = TOWN.node[:12]


@dataclass
class County:
    """The world with the people of these stories: the village's agent, a supervisor and the county's administrator at
    browsers of their own, departments' officers as they are needed."""

    world: World
    browser: Browser
    people: People
    agent: Person
    window: Window
    chance: random.Random
    #: Everybody who has logged in at the county, by code; the cases whose lives were told.
    people_in: dict[str, Person] = field(default_factory=dict)
    officers_in: dict[str, Officer] = field(default_factory=dict)
    lives: list[str] = field(default_factory=list)

    def applicant(self, item: str, ages: tuple[int, int], **given: str) -> tuple[Applicant, dict[str, str]]:
        """Somebody with all that the item asks for, but for what is `given`."""
        one = self.people.one(at_least=ages[0], at_most=ages[1])
        return one, values_for(self.item(item), one, self.chance, "赤湖村", given.get("situation", "")) | given

    def item(self, name: str) -> Item:
        return self.world.items[name]

    def officer(self, role: str, department: str) -> Person:
        return self.console(self.world.departments[role, department])

    def console(self, code: str) -> Person:
        """Whoever has this code, at a browser of their own."""
        if code not in self.people_in:
            one = person(self.browser, code, self.world.core.url)
            one.log_in(code)
            self.people_in[code] = one
        return self.people_in[code]

    def quick(self, code: str) -> Officer:
        """The same without a screen, for what no story is about."""
        if code not in self.officers_in:
            self.officers_in[code] = Officer(Requests(self.world.core.url))
            self.officers_in[code].log_in(code)
        return self.officers_in[code]

    def passes(self, case: str, department: str, times: int = 1) -> None:
        reviewer = self.quick(self.world.departments["reviewer", department])
        for _ in range(times):
            values = {"department": department, "verdict": "pass", "text": "符合条件"}
            reviewer.act(TENANT, case, "opinion", values)

    def decides(self, case: str, department: str, number: str) -> None:
        values = {"granted": "yes", "result_number": number, "text": "", "basis": ""}
        self.quick(self.world.departments["approver", department]).act(TENANT, case, "decide", values)

    def arrives(self, department: str, case: str, *words: str) -> Person:
        """The department's reviewer, before the case's page that says these words."""
        self.world.await_sent(VILLAGE)
        one = self.officer("reviewer", department)
        one.open(inbox(case))
        for word in words:
            expect(one.page.locator("main")).to_contain_text(word)
        return one

    def ends(self, case: str, *words: str) -> None:
        """The county has the case as it ended, and says so to whoever watches over it."""
        supervisor = self.quick(SUPERVISOR).browser
        await_that(f"the county says {'、'.join(words)}",
                   lambda: all(word in supervisor.get(inbox(case)).text for word in words), TRAVEL_SECONDS)  # fmt: skip
        self.lives.append(case)


@pytest.fixture(scope="module")
def county(world: World) -> Iterator[County]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with chromium() as browser:
        agent = person(browser, "周春兰", world.node(VILLAGE).url)
        agent.log_in("chihu01")
        people = People(random.SystemRandom().randrange(1 << 30))
        county = County(world, browser, people, agent, world.window(VILLAGE, "chihu01"), people.chance())
        yield county
        assert [fault for one in (agent, *county.people_in.values()) for fault in one.faults] == []


def inbox(case: str) -> str:
    return f"/inbox/{TENANT}/{case}/"


def page_of(case: str) -> str:
    return f"/cases/{case}/"


def day_words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def handed_in(agent: Person, item: Item, values: dict[str, str], *, outcome: str, shot: str = "") -> str:
    """The intake page is filled in, says what will happen, and does it; returns the case's id."""
    agent.open(f"/intake/{item.item_code}/")
    form = agent.page.locator("form#intake")
    left_out = ("kind", "id_type", "phone", "address")
    typed = {name: value for name, value in values.items() if value or name.startswith("m_")}
    agent.fill_in(form, {name: value for name, value in typed.items() if name not in left_out})
    expect(agent.page.locator("#outcome input[name=outcome]")).to_have_value(outcome)
    if shot:
        agent.look(shot)
    with agent.page.expect_navigation():
        agent.page.locator("#outcome button[form=intake]").click()
    agent.page.locator(".yz-paper").wait_for()
    return agent.page.url.rstrip("/").split("/cases/")[1].split("/")[0]


def paper_says(one: Person, path: str, shot: str, *words: str) -> None:
    """The paper is there, prints, and says this."""
    one.open(path)
    for word in words:
        expect(one.page.locator(".yz-paper").first).to_contain_text(word)
    assert one.page.pdf(format="A4").startswith(b"%PDF")
    one.look(shot)


def test_what_was_to_follow_comes_in_time_and_only_then_is_the_allowance_granted(county: County) -> None:
    agent, world, item = county.agent, county.world, county.item(ALLOWANCE)
    due = calendar_of_the_demo().working_day_after(world.today(), 5)
    old, values = county.applicant(ALLOWANCE, (81, 96), situation="S2", m_M07="deferred", m_M07_due=due.isoformat())
    case = handed_in(agent, item, values, outcome="accept", shot="life-deferral-intake")
    expect(agent.page.locator(".yz-paper")).to_contain_text(day_words(due))
    photograph = next(one.name for one in item.materials if one.code == "M07")
    paper_says(agent, f"{page_of(case)}papers/deferral/", "life-deferral-commitment", photograph, day_words(due))
    county.arrives(item.department, case, old.name)
    county.passes(case, item.department, len(item.flow))
    approver = county.officer("approver", item.department)
    approver.open(inbox(case))
    approver.look("life-deferral-open")
    expect(approver.page.locator("main")).to_contain_text(day_words(due))
    approver.officer_act("decide", {"granted": "yes", "result_number": "潭民津〔2026〕100号"})
    expect(approver.page.locator("#messages")).to_contain_text(photograph)
    assert not county.window.knows(case, "潭民津〔2026〕100号")
    world.day_comes(working_day_before(due, calendar_of_the_demo()))
    agent.open(page_of(case))
    agent.look("life-deferral-case")
    agent.act("material", {"material": "M07", "how": "received", "note": "按承诺补交"}, scan=agent.page.screenshot())
    expect(agent.page.locator("main")).to_contain_text("按承诺补交")
    world.await_sent(VILLAGE)
    county.decides(case, item.department, "潭民津〔2026〕101号")
    agent.until(page_of(case), "潭民津〔2026〕101号")
    agent.act("deliver", {"how": "window", "who": "applicant"})
    paper_says(agent, f"{page_of(case)}papers/delivery/", "life-deferral-delivery", old.name)
    county.ends(case, "已送达", "潭民津〔2026〕101号")


def test_what_was_to_follow_does_not_come_and_the_village_ends_the_case_with_its_reason(county: County) -> None:
    agent, world, item = county.agent, county.world, county.item(CARD)
    due = calendar_of_the_demo().working_day_after(world.today(), 2)
    old, values = county.applicant(CARD, (66, 90), situation="S1", m_M03="deferred", m_M03_due=due.isoformat())
    case = county.window.hand_in(item, values)
    agent.open(page_of(case))
    expect(agent.page.locator("form[action$='/acts/terminate/']")).to_have_count(0)
    expect(agent.page.locator("main")).to_contain_text(day_words(due))
    world.day_comes(due + timedelta(days=1))
    agent.open(page_of(case))
    agent.look("life-deferral-missed")
    expect(agent.page.locator(".yz-notice").first).to_contain_text(day_words(due))
    reason = f"承诺{day_words(due)}前补交照片,至今未交"
    agent.act("terminate", {"cause": "deferral_missed", "reason": reason})
    paper_says(agent, f"{page_of(case)}papers/termination/", "life-termination", old.name, reason)
    county.ends(case, "已终止", reason)


def test_a_supplement_nobody_brings_lapses_on_the_day_after_its_last(county: County) -> None:
    agent, world, item = county.agent, county.world, county.item(RELIEF)
    due = calendar_of_the_demo().working_day_after(world.today(), item.supplement_days)
    poor, values = county.applicant(RELIEF, (30, 80), m_M05="")
    case = handed_in(agent, item, values, outcome="supplement", shot="life-supplement-intake")
    lacking = next(one.name for one in item.materials if one.code == "M05")
    paper_says(agent, f"{page_of(case)}papers/supplement/", "life-supplement", poor.name, lacking, day_words(due))
    world.day_comes(due)
    agent.open(page_of(case))
    expect(agent.page.locator("form[action$='/acts/lapse/']")).to_have_count(0)
    world.day_comes(due + timedelta(days=1))
    agent.open(page_of(case))
    agent.look("life-supplement-over")
    agent.act("lapse", {"reason": "逾期未补正"})
    expect(agent.page.locator("main")).to_contain_text("逾期未补正")
    expect(agent.page.locator("form[action$='/acts/lapse/']")).to_have_count(0)
    agent.look("life-lapsed")
    county.ends(case, "逾期未补正")


def test_a_department_returns_a_case_and_goes_on_when_the_village_has_answered(county: County) -> None:
    agent, world, item = county.agent, county.world, county.item(HOUSE)
    farmer, values = county.applicant(HOUSE, (30, 60), situation="S1", **{f"m_{DRAWING}": "received"})
    case = county.window.hand_in(item, values)
    land = county.arrives(LAND, case, farmer.name)
    county.passes(case, FARMING)
    land.open(inbox(case))
    why = "设计方案未标注四至"
    land.officer_act("opinion", {"verdict": "return", "returned": DRAWING, "text": why})
    land.look("life-returned-county")
    expect(land.page.locator(".bo-alerts")).to_contain_text(why)
    agent.until(page_of(case), why)
    agent.look("life-returned")
    agent.act("material", {"material": DRAWING, "how": "received", "note": "已标注四至"}, scan=agent.page.screenshot())
    land.until(inbox(case), "已标注四至")
    land.officer_act("opinion", {"verdict": "pass", "text": "四至清楚"})
    day = calendar_of_the_demo().working_day_after(world.today(), 1)
    land.officer_act("appoint", {"day": day.isoformat(), "time": "09:30", "place": "赤湖村三组"})
    land.look("life-appointment")
    agent.until(page_of(case), "赤湖村三组")
    world.day_comes(day)
    land.open(inbox(case))
    land.officer_act("opinion", {"verdict": "pass", "text": "联合踏勘,同意"})
    county.passes(case, FARMING)
    county.decides(case, item.department, "潭农宅〔2026〕101号")
    agent.until(page_of(case), "潭农宅〔2026〕101号")
    for told in (why, "四至清楚", "联合踏勘,同意"):
        expect(agent.page.locator(".yz-timeline")).to_contain_text(told)
    agent.look("life-parallel-decided")
    agent.act("deliver", {"how": "window", "who": "applicant"})
    county.ends(case, "已送达", why, "潭农宅〔2026〕101号")


def test_the_agent_brings_home_what_the_county_decided(county: County) -> None:
    agent, item = county.agent, county.item(HYGIENE)
    owner, values = county.applicant(HYGIENE, (25, 60), situation="S2")
    case = handed_in(agent, item, values, outcome="forward", shot="life-forward-intake")
    reviewer = county.arrives(item.department, case, owner.name)
    agent.open(page_of(case))
    expect(agent.page.locator("form[action$='/acts/deliver/']")).to_have_count(0)
    reviewer.officer_act("accept", {})
    county.passes(case, item.department, len(item.flow))
    county.decides(case, item.department, "潭卫公〔2026〕101号")
    agent.until(page_of(case), "潭卫公〔2026〕101号")
    agent.look("life-forward-decided")
    paper_says(agent, f"{page_of(case)}papers/decision/", "life-decision", owner.name, "潭卫公〔2026〕101号")
    agent.open(page_of(case))
    agent.act("deliver", {"how": "agent", "who": "applicant"})
    paper_says(agent, f"{page_of(case)}papers/delivery/", "life-brought-home", owner.name, owner.citizen_id[-4:])
    county.ends(case, "已送达", "潭卫公〔2026〕101号")


def test_a_rating_of_one_is_followed_up_and_the_applicant_rates_again(county: County) -> None:
    agent, item = county.agent, county.item(CARD)
    _old, values = county.applicant(CARD, (66, 90), situation="S1")
    case = county.window.hand_in(item, values)
    agent.open(page_of(case))
    agent.act("deliver", {"how": "window", "who": "applicant"})
    rated(agent, case, 1, "many_visits", "前后来了两次才办好", "life-rating")
    supervisor = county.console(SUPERVISOR)
    supervisor.until("/ratings/", "前后来了两次才办好")
    supervisor.look("life-ratings")
    supervisor.follow("tr:has-text('前后来了两次才办好') a.bo-open")
    followed(supervisor, "11月已电话联系申请人,核实情况")
    supervisor.look("life-rating-contacted")
    agent.until(page_of(case), "11月已电话联系申请人")
    rated(agent, case, 5, "friendly", "工作人员上门说明了", "life-rating-again")
    supervisor.until(supervisor.page.url.removeprefix(supervisor.base), "工作人员上门说明了")
    followed(supervisor, "已向申请人致歉并培训窗口人员")
    expect(supervisor.page.locator("main")).to_contain_text("已向申请人致歉并培训窗口人员")
    expect(supervisor.page.locator("textarea[name=text]")).to_have_count(0)
    supervisor.open("/ratings/")
    for told in ("前后来了两次才办好", "工作人员上门说明了"):
        expect(supervisor.page.locator(".yz-rating-table")).to_contain_text(told)
    agent.until(page_of(case), "已向申请人致歉并培训窗口人员")
    agent.look("life-rated-case")
    county.ends(case, "已送达", "前后来了两次才办好", "工作人员上门说明了")


def rated(agent: Person, case: str, score: int, reason: str, text: str, shot: str) -> None:
    agent.open(f"{page_of(case)}rate/")
    form = agent.page.locator("form.yz-rate-form")
    agent.fill_in(form, {"score": str(score), "text": text})
    agent.fill_in(form, {"reason": reason})
    agent.look(shot)
    with agent.page.expect_navigation(url=re.compile("thanks")):
        form.locator("button.btn-primary").click()


def followed(supervisor: Person, text: str) -> None:
    form = supervisor.page.locator("form:has(textarea[name=text])")
    supervisor.fill_in(form, {"text": text})
    with supervisor.page.expect_navigation():
        form.locator("button.btn-primary").click()


def test_days_of_a_special_procedure_over_a_holiday_are_not_counted(county: County) -> None:
    agent, world, item = county.agent, county.world, county.item(HYGIENE)
    calendar = calendar_of_the_demo()
    holiday = holiday_after(calendar.working_day_after(world.today(), 2), calendar)
    eve = working_day_before(holiday, calendar)
    world.day_comes(working_day_before(eve, calendar))
    _owner, values = county.applicant(HYGIENE, (25, 60), situation="S1")
    case = county.window.hand_in(item, values)
    world.await_sent(VILLAGE)
    reviewer = county.officer("reviewer", item.department)
    reviewer.open(inbox(case))
    reviewer.officer_act("accept", {})
    accepted = world.today()
    if holiday.year not in calendar.years:
        published = calendar_is_published(county, holiday.year)
        calendar = calendar_of_the_demo(published)
    due = calendar.working_day_after(accepted, item.promised_limit.value)
    agent.until(page_of(case), day_words(due))
    world.day_comes(eve)
    reviewer.open(inbox(case))
    reviewer.officer_act("stop", {"procedure": "testing", "expected_days": "5", "text": "委托县疾控中心检测空气质量"})
    reviewer.look("life-stopped")
    agent.until(page_of(case), "委托县疾控中心检测空气质量")
    paper_says(agent, f"{page_of(case)}papers/special_procedure/", "life-special-notice", "委托县疾控中心检测空气质量")
    back = calendar.working_day_after(holiday, 1)
    world.day_comes(back)
    reviewer.open(inbox(case))
    reviewer.officer_act("resume", {})
    more_days_are_granted(county, reviewer, case, item.department)
    agent.until(page_of(case), "复检样品需重新采集")
    agent.look("life-ledger")
    assert stopped_days(agent) == [eve + timedelta(days=n) for n in range(1, (back - eve).days + 1)]
    left = item.promised_limit.value - calendar.working_days_between(accepted, eve)
    expect(agent.page.locator(".yz-where .yz-light")).to_contain_text(day_words(calendar.working_day_after(back, left)))
    county.passes(case, item.department, len(item.flow))
    county.decides(case, item.department, "潭卫公〔2026〕102号")
    agent.until(page_of(case), "潭卫公〔2026〕102号")
    agent.act("deliver", {"how": "window", "who": "applicant"})
    county.ends(case, "已送达", "复检样品需重新采集", "潭卫公〔2026〕102号")


def more_days_are_granted(county: County, reviewer: Person, case: str, department: str) -> None:
    """Asked by one, granted by another."""
    reviewer.officer_act("extend-ask", {"days": "5", "reason": "复检样品需重新采集"})
    approver = county.officer("approver", department)
    approver.open(inbox(case))
    approver.officer_act("extend", {})


def calendar_is_published(county: County, year: int) -> CalendarYear:
    """The administrator types the year's holidays in and publishes them."""
    administrator = county.console("admin")
    administrator.open(f"/catalogue/calendar/{year}/")
    form = administrator.page.locator("form:has([name=days_off])")
    administrator.fill_in(form, {"days_off": "\n".join(map(str, holidays_of(year))), "source": "演练"})
    administrator.look("life-calendar")
    with administrator.page.expect_navigation():
        form.locator("button.btn-primary").click()
    administrator.open("/catalogue/changes/")
    form = administrator.page.locator("form:has([name=note])")
    administrator.fill_in(form, {"note": f"{year}年工作日历", "sure": "on"})
    with administrator.page.expect_navigation():
        form.locator("button.btn-primary").click()
    return CalendarYear(year=year, days_off=tuple(holidays_of(year)), make_up_days=())


def test_every_copy_of_these_lives_has_the_countys_hash(county: County) -> None:
    """The last of these tests: at the village and at the county each case is the same, and nothing is flagged."""
    if not county.lives:
        pytest.skip("no life was told")
    county.world.await_equal(VILLAGE)
    here, there = county.world.node_hashes(VILLAGE), county.world.core_hashes()
    assert {case: here[case] for case in county.lives} == {case: there[case] for case in county.lives}


def stopped_days(agent: Person) -> list[date]:
    """The days the promised limit's ledger shows as stopped, in order."""
    cells = agent.page.locator(".yz-ledger").first.locator("td.yz-day-stopped")
    titles = [str(cell.get_attribute("title")) for cell in cells.all()]
    found = [re.match(r"(\d+)年(\d+)月(\d+)日", title) for title in titles]
    return [date(*map(int, one.groups())) for one in found if one]
