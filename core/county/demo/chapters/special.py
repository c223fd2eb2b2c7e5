"""特别程序: a test stops the clock over a holiday; afterwards the limit is extended with the head's approval."""

from __future__ import annotations

from datetime import date, timedelta

from core.domain.cases.deadlines import HOLIDAY, WorkCalendar
from core.domain.journal.clock import today

from ..day import console_path
from ..scene import AGENT, HYGIENE, Scene, Told, day_words
from ..telling import On, Story
from ..world import TOWN

#: Days that are off by law every year 全国年节及纪念日放假办法: (month, day).
EVERY_YEAR = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
#: Those that go by the moon: of years whose notice may not be out while this is played.
BY_THE_MOON = {2027: ((2, 5), (2, 6), (2, 7), (2, 8), (4, 5), (6, 9), (9, 15))}
EXTENSION_DAYS = 5


def over_a_holiday(scene: Scene) -> Story:
    """The hygiene licence's samples are in the laboratory while the county is on holiday: none of it is counted."""
    holiday = holiday_after(scene.working_day(2), scene.calendar())
    eve = working_day_before(holiday, scene.calendar())
    yield On(working_day_before(eve, scene.calendar()))
    case = scene.take_in(AGENT, HYGIENE, (25, 60), "S1")
    scene.tell(f"{day_words(holiday)}放假前,公共场所卫生许可收件并转县卫健局")
    yield scene.is_in(case, "submitted")
    scene.county_accepts(case)
    if holiday.year not in scene.calendar().years:
        calendar_published(scene, holiday.year)
        yield scene.everybody_knows()
    yield On(eve)
    reviewer = scene.officer("reviewer", case.item.department)
    stop = {"procedure": "testing", "text": "委托县疾控中心检测室内空气质量", "expected_days": "5"}
    reviewer.act(TOWN, case.id, "stop", stop)
    scene.tell("现场采样送检,特别程序期间不计入办理时限,已书面告知申请人")
    yield On(_working_day_after(holiday, scene.calendar()))
    reviewer.act(TOWN, case.id, "resume", {})
    scene.tell("检测合格,恢复计时;假期与检测期间均未计入")
    yield from _extended(scene, case)
    scene.county_passes_all(case)
    scene.county_decides(case, scene.number("卫公"))
    yield scene.shows(AGENT, case, "潭卫公")
    scene.hand_out(AGENT, case)
    scene.tell("发证送达")
    yield scene.is_in(case, "delivered")


def _extended(scene: Scene, case: Told) -> Story:
    """The reviewer asks for more days, the department's head approves, and the applicant's village knows."""
    department = case.item.department
    asked = {"days": str(EXTENSION_DAYS), "reason": "复检样品需重新采集"}
    scene.officer("reviewer", department).act(TOWN, case.id, "extend-ask", asked)
    scene.officer("approver", department).act(TOWN, case.id, "extend", {})
    scene.tell(f"经负责人批准延长{EXTENSION_DAYS}个工作日,出具延期告知书")
    yield scene.everybody_knows()


def calendar_published(scene: Scene, year: int) -> None:
    """The administrator enters the year's holidays and publishes them; every open case is counted anew."""
    browser = scene.console("admin")
    days = "\n".join(day.isoformat() for day in holidays_of(year))
    path = console_path("publishing:calendar", str(year))
    browser.fill(path, {"days_off": days, "make_up_days": "", "source": "演练:法定节假日"}, has="days_off")
    publish = {"note": f"{year}年工作日历", "sure": "on"}
    browser.fill(console_path("publishing:changes"), publish, has="note")
    scene.tell(f"县级管理员发布{year}年工作日历,在办件的期限重新计算")


def holidays_of(year: int) -> list[date]:
    """The days from Monday to Friday that are off by law, for a year whose notice is not out."""
    off = [date(year, month, day) for month, day in sorted((*EVERY_YEAR, *BY_THE_MOON.get(year, ())))]
    return [day for day in off if day.isoweekday() < 6]


def holiday_after(day: date, calendar: WorkCalendar) -> date:
    """The first day after `day` that is off, by the calendar in force or, in a year without one, by the law."""
    while True:
        day += timedelta(days=1)
        by_law = day.year not in calendar.years and day in holidays_of(day.year)
        if calendar.rule(day) == HOLIDAY or by_law:
            return day


def working_day_before(day: date, calendar: WorkCalendar) -> date:
    day -= timedelta(days=1)
    while not calendar.is_working_day(day):
        day -= timedelta(days=1)
    return day


def _working_day_after(day: date, calendar: WorkCalendar) -> date:
    return calendar.working_day_after(max(day, today()), 1)
