"""Deadlines counted by hand around Spring Festival and National Day of 2024, 2025 and 2026, with make-up days.

The days are the State Council's yearly notices written down once more; behind every case stands how it was counted,
with the number of the working day in parentheses.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.domain.cases import deadlines as d
from core.domain.cases.merge import replay
from core.domain.cases.state import CaseState, Decision, Extension, Stop
from core.domain.journal.bodies import LimitValue
from core.domain.journal.clock import Instant, instant_of
from tests import samples

#: Weekdays that are off, by year.
DAYS_OFF = {
    2024: "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17 10-01 10-02 10-03 10-04"
          " 10-07",
    2025: "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 10-01 10-02 10-05 10-06"
          " 10-07",
}  # fmt: skip
#: Saturdays and Sundays that are worked.
MAKE_UP_DAYS = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}
SHARED = Path(__file__).parents[3] / "shared/data/holidays/cn_holidays_makeup_2024_2025.csv"


def day(text: str) -> date:
    return date.fromisoformat(text)


def days_of(years: dict[int, str]) -> frozenset[date]:
    return frozenset(day(f"{year}-{one}") for year, days in years.items() for one in days.split())


CALENDAR = d.WorkCalendar(days_off=days_of(DAYS_OFF), make_up_days=days_of(MAKE_UP_DAYS), years=frozenset(DAYS_OFF))


def test_days_off_are_weekdays_and_make_up_days_are_not():
    assert {one.weekday() < 5 for one in CALENDAR.days_off} == {True}
    assert {one.weekday() >= 5 for one in CALENDAR.make_up_days} == {True}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared reference data is not on this machine")
def test_the_days_of_2024_and_2025_are_those_of_the_reference_data():
    with SHARED.open() as file:
        rows = [(day(row["date"]), row["kind"]) for row in csv.DictReader(file)]
    off = {one for one, kind in rows if kind == "statutory_holiday_period" and one.weekday() < 5}
    assert off == {one for one in CALENDAR.days_off if one.year < 2026}
    assert {one for one, kind in rows if kind == "makeup_workday"} == {
        one for one in CALENDAR.make_up_days if one.year < 2026
    }


def working(days: int) -> LimitValue:
    return LimitValue(value=days, unit="working_day")


@pytest.mark.parametrize(("accepted", "days", "due"), [
    # Jan 25(1) 26(2) 29-31(5) Feb 1(6) 2(7) Sun 4(8) 5-9(13), 10-17 off, Sun 18(14) 19-23(19) 26(20)
    ("2024-01-24", 20, "2024-02-26"),
    # Sep 10-13(4) Sat 14(5), 15-17 off, 18-20(8) 23-27(13) Sun 29(14) 30(15), Oct 1-7 off, 8-11(19) Sat 12(20)
    # 14-18(25) 21-25(30) 28-Nov 1(35) 4-8(40) 11-15(45)
    ("2024-09-09", 45, "2024-11-15"),
    # Jan 17(1) 20-24(6) Sun 26(7) 27(8), 28-Feb 4 off, 5-7(11) Sat 8(12) 10-14(17) 17-19(20)
    ("2025-01-16", 20, "2025-02-19"),
    # Accepted on Sunday the 28th, which is worked: 29(1) 30(2), Oct 1-8 off, 9(3) 10(4) Sat 11(5) 13-17(10)
    ("2025-09-28", 10, "2025-10-17"),
    # Accepted in the middle of a holiday: Oct 9(1) 10(2) Sat 11(3)
    ("2025-10-02", 3, "2025-10-11"),
    # Feb 9-13(5) Sat 14(6), 15-23 off, 24-27(10) Sat 28(11) Mar 2-6(16) 9-12(20)
    ("2026-02-06", 20, "2026-03-12"),
    # Accepted on a Saturday that is worked: Mar 2-6(5)
    ("2026-02-28", 5, "2026-03-06"),
    # Accepted on an ordinary Saturday: Mar 9(1)
    ("2026-03-07", 1, "2026-03-09"),
    # Sun 20(1) 21-24(5), 25-27 off, 28-30(8), Oct 1-7 off, 8(9) 9(10)
    ("2026-09-18", 10, "2026-10-09"),
    # and Sat 10(11)
    ("2026-09-18", 11, "2026-10-10"),
    # Over New Year 2026: Dec 31(1), Jan 1-3 off, Sun 4(2) 5(3)
    ("2025-12-30", 3, "2026-01-05"),
])  # fmt: skip
def test_working_days(accepted, days, due):
    found = d.ledger(limit=working(days), accepted_on=day(accepted), today=day(accepted), calendar=CALENDAR)
    assert found.due_on == day(due)
    assert [one.number for one in found.days if one.counted] == list(range(1, days + 1))
    assert CALENDAR.working_days_between(day(accepted), day(due)) == days


@pytest.mark.parametrize(("accepted", "days", "due"), [
    ("2024-02-09", 7, "2024-02-16"),  # in the holiday
    ("2026-02-10", 30, "2026-03-12"),  # February has 28 days
    ("2024-02-10", 30, "2024-03-11"),  # and 29
])  # fmt: skip
def test_calendar_days(accepted, days, due):
    limit = LimitValue(value=days, unit="calendar_day")
    assert d.ledger(limit=limit, accepted_on=day(accepted), today=day(accepted), calendar=CALENDAR).due_on == day(due)


def test_at_once_on_a_saturday_that_is_worked_means_that_saturday():
    limit = LimitValue(value=0, unit="immediate")
    found = d.ledger(limit=limit, accepted_on=day("2026-02-14"), today=day("2026-02-14"), calendar=CALENDAR)
    assert (found.due_on, found.light) == (day("2026-02-14"), "amber")


# Cases: what their entries make of the limits.


def on(text: str, hour: int = 9) -> Instant:
    moment = datetime.combine(day(text), datetime.min.time(), UTC)
    return instant_of(moment + timedelta(hours=hour - 8))


def case(accepted: str = "", *, stops: Sequence[tuple[str, str]] = (), **more: object) -> CaseState:
    """A case of twenty working days by law, ten promised; `stops` are (day, day it resumed, "" for not yet)."""
    state = replay(samples.full_life()[:6]).state
    assert state is not None
    fields: dict[str, object] = {
        "legal": working(20), "promised": working(10),
        "accepted_at": on(accepted) if accepted else None, "updated_at": on(accepted) if accepted else 0,
        "stops": tuple(Stop(procedure="publicity", from_at=on(a), to_at=on(z) if z else None) for a, z in stops),
    }  # fmt: skip
    return replace(state, **(fields | more))


def due(state: CaseState, name: str = "promised", today: str = "") -> str:
    found = d.due_on(state, name, calendar=CALENDAR, today=day(today) if today else None)
    assert found is not None
    return found.isoformat()


def test_a_procedure_over_national_day_stops_the_clock_the_whole_time():
    # Sep 15-17(3), Fri 18(4): it stops and still counts. It ends on Fri Oct 9, which does not. Sat Oct 10(5) 12-16(10)
    state = case("2026-09-14", stops=[("2026-09-18", "2026-10-09")])
    assert due(state) == "2026-10-16"
    found = d.case_ledgers(state, today=day("2026-10-12"), calendar=CALENDAR)["promised"]
    rules = {f"{one.day:%m-%d}": one.rule for one in found.days}
    assert [rules[one] for one in ("09-18", "09-20", "09-25", "10-09", "10-10")] == [
        "counted", "stopped", "stopped", "stopped", "make_up"]  # fmt: skip
    assert (found.used, found.left) == (6, 4)


def test_two_procedures_around_spring_festival():
    # Jan 14(1) 15(2), stopped to Mon 20, 21-24(6) Sun 26(7) 27(8), stopped to Thu Feb 6, 7(9) Sat 8(10) 10-14(15)
    # 17-21(20)
    state = case("2025-01-13", stops=[("2025-01-15", "2025-01-20"), ("2025-01-27", "2025-02-06")])
    assert (due(state, "promised"), due(state, "legal")) == ("2025-02-08", "2025-02-21")


def test_a_procedure_that_begins_the_day_another_ends_stops_the_clock_without_a_gap():
    # Mar 3(1) 4(2), stopped from Thu 5 to Wed 18, 19(3) 20(4) 23-27(9) 30(10)
    state = case("2026-03-02", stops=[("2026-03-04", "2026-03-11"), ("2026-03-11", "2026-03-18")])
    assert due(state) == "2026-03-30"


def test_while_a_procedure_runs_over_spring_festival_the_due_day_stays_as_many_days_away():
    # Feb 9(1) 10(2); eight are left when it ends: on the 13th Sat 14(3) 24-27(7) Sat 28(8) Mar 2(9) 3(10)
    state = case("2026-02-06", stops=[("2026-02-10", "")])
    assert due(state, today="2026-02-13") == "2026-03-03"
    # and on the 24th 25-27(5) Sat 28(6) Mar 2-5(10)
    assert due(state, today="2026-02-24") == "2026-03-05"


@pytest.mark.parametrize(("accepted", "days", "most", "extended"), [
    # Twenty to Feb 19, then 20(21) 21(22) 24-28(27) Mar 3(28) 4(29) 5(30)
    ("2025-01-16", 20, 10, "2025-03-05"),
    # Forty-five to Nov 15, then 18-22(50) 25-29(55) Dec 2-6(60)
    ("2024-09-09", 45, 15, "2024-12-06"),
])  # fmt: skip
def test_an_extension_adds_its_days_to_the_legal_limit_and_none_to_the_promise(accepted, days, most, extended):
    state = case(accepted, legal=working(days))
    longer = replace(state, extensions=(Extension(days=most, at=on(accepted), by="head1"),))
    assert (due(longer, "legal"), due(longer)) == (extended, due(state))


@pytest.mark.parametrize(("handed_in", "last", "after"), [
    # Sat 14(1), 15-23 off, 24-27(5)
    ("2026-02-13", "2026-02-27", "2026-02-28"),
    # Handed in on a Sunday that is worked: 30(1), Oct 1-7 off, 8-11(5)
    ("2024-09-29", "2024-10-11", "2024-10-12"),
    # Jan 26(1) 27(2), 28-Feb 4 off, 5-7(5)
    ("2025-01-24", "2025-02-07", "2025-02-08"),
])  # fmt: skip
def test_five_working_days_without_an_answer_accept_a_case(handed_in, last, after):
    state = case(status="submitted", submitted_at=on(handed_in, 23))
    assert d.answer_due_on(state, calendar=CALENDAR) == day(last)
    assert d.deemed_accepted_on(state, today=day(last), calendar=CALENDAR) is None
    assert d.deemed_accepted_on(state, today=day(after), calendar=CALENDAR) == day(handed_in)
    answered = replace(state, status="awaiting_supplement")
    assert d.deemed_accepted_on(answered, today=day(after), calendar=CALENDAR) is None


def test_a_case_accepted_by_law_counts_from_the_day_it_was_handed_in():
    # Feb Sat 14(1) 24-27(5) Sat 28(6) Mar 2-5(10), 6(11) 9-13(16) 16-19(20)
    state = case("2026-03-02", deemed_from=day("2026-02-13"), submitted_at=on("2026-02-13"))
    assert (due(state), due(state, "legal")) == ("2026-03-05", "2026-03-19")
    assert d.case_ledgers(state, today=day("2026-03-02"), calendar=CALENDAR)["promised"].used == 7
    assert d.lower_review_due_on(state, calendar=CALENDAR) == day("2026-03-19")


def test_the_result_is_handed_out_within_ten_working_days_of_the_decision():
    # Fri 26(1) Sun 28(2) 29(3) 30(4), Oct 1-8 off, 9(5) 10(6) Sat 11(7) 13-15(10)
    decided = Decision(granted=True, department="D", by="head1", at=on("2025-09-25", 23), node="core")
    state = case("2025-09-01", decision=decided)
    assert d.delivery_due_on(state, calendar=CALENDAR) == day("2025-10-15")
    assert d.delivery_due_on(case("2025-09-01"), calendar=CALENDAR) is None
    assert d.lower_review_due_on(state, calendar=CALENDAR) is None


def test_who_reviews_first_has_twenty_working_days_without_those_of_special_procedures():
    assert d.lower_review_due_on(case("2026-02-06"), calendar=CALENDAR) == day("2026-03-12")
    # Feb 9(1), stopped to Fri 13, Sat 14(2) 24-27(6) Sat 28(7) Mar 2-6(12) 9-13(17) 16-18(20)
    stopped = case("2026-02-06", stops=[("2026-02-09", "2026-02-13")])
    assert d.lower_review_due_on(stopped, calendar=CALENDAR) == day("2026-03-18")
    assert d.lower_review_due_on(case(), calendar=CALENDAR) is None


def test_fifteen_working_days_to_supplement_over_spring_festival():
    # Fri 13(1) Sat 14(2) 24-27(6) Sat 28(7) Mar 2-6(12) 9-11(15)
    assert CALENDAR.working_day_after(day("2026-02-12"), 15) == day("2026-03-11")


@pytest.mark.parametrize(("today", "used", "left", "light"), [
    # Eight working days from Feb 6: 9-13(5) Sat 14(6) 24(7) 25(8)
    ("2026-02-20", 6, 2, "green"), ("2026-02-24", 7, 1, "amber"), ("2026-02-25", 8, 0, "amber"),
    ("2026-02-26", 9, -1, "red"), ("2026-02-28", 11, -3, "red"),
])  # fmt: skip
def test_a_holiday_uses_nothing_up(today, used, left, light):
    found = d.ledger(limit=working(8), accepted_on=day("2026-02-06"), today=day(today), calendar=CALENDAR)
    assert (found.due_on, found.used, found.left, found.light) == (day("2026-02-25"), used, left, light)


def test_a_year_that_is_not_published_counts_by_weekday_and_is_counted_anew_when_it_is():
    # Dec 17(1) 18(2) 21-25(7) 28-31(11), then by weekday: Fri Jan 1(12) 4-8(17) 11-13(20)
    state = case("2026-12-16")
    found = d.case_ledgers(state, today=day("2026-12-16"), calendar=CALENDAR)["legal"]
    assert found.due_on == day("2027-01-13")
    assert [one.rule for one in found.days if one.day.year == 2027 and one.counted] == ["unpublished"] * 9
    # Suppose New Year's Day is off and Sunday the 10th is worked: 4-8(16) Sun 10(17) 11-13(20)
    published = d.WorkCalendar(
        days_off=CALENDAR.days_off | {day("2027-01-01")}, make_up_days=CALENDAR.make_up_days | {day("2027-01-10")},
        years=CALENDAR.years | {2027},
    )  # fmt: skip
    found = d.case_ledgers(state, today=day("2026-12-16"), calendar=published)["legal"]
    assert found.due_on == day("2027-01-13")
    assert {f"{one.day:%m-%d}": one.rule for one in found.days if one.day.year == 2027} == {
        "01-01": "holiday", "01-02": "weekend", "01-03": "weekend", "01-09": "weekend", "01-10": "make_up",
        **dict.fromkeys(("01-04", "01-05", "01-06", "01-07", "01-08", "01-11", "01-12", "01-13"), "counted"),
    }  # fmt: skip


def test_a_published_holiday_moves_the_due_day_on():
    state = case("2026-12-16")
    published = d.WorkCalendar(
        days_off=CALENDAR.days_off | {day("2027-01-01")}, make_up_days=CALENDAR.make_up_days,
        years=CALENDAR.years | {2027},
    )  # fmt: skip
    assert d.due_on(state, "legal", calendar=published) == day("2027-01-14")


# Hours run on the clock, and stand while it is stopped.


def hours(value: int, **more: Any) -> str:
    state = case("2026-02-14", promised=LimitValue(value=value, unit="hour"), **more)
    return d.case_ledgers(state, today=day("2026-02-14"), calendar=CALENDAR)["promised"].due_time


def stop(from_hour: int, to_hour: int | None) -> Stop:
    until = None if to_hour is None else on("2026-02-14", to_hour)
    return Stop(procedure="inspection", from_at=on("2026-02-14", from_hour), to_at=until)


def test_hours_run_through_a_holiday():
    assert hours(72) == "2026-02-17 09:00"


def test_hours_stand_while_a_special_procedure_is_under_way():
    first, second = stop(10, 12), stop(13, 16)
    assert hours(4) == "2026-02-14 13:00"
    assert due_time_with(first) == "2026-02-14 15:00"
    assert due_time_with(first, second) == "2026-02-14 18:00"
    # One that has not ended yet: two hours are left at midnight, if it ends then.
    assert due_time_with(stop(11, None)) == "2026-02-15 02:00"


def due_time_with(*stops: Stop) -> str:
    state = replace(case("2026-02-14", promised=LimitValue(value=4, unit="hour")), stops=stops)
    return d.case_ledgers(state, today=day("2026-02-14"), calendar=CALENDAR)["promised"].due_time


def test_hours_of_a_case_accepted_by_law_run_from_the_hour_it_was_handed_in():
    assert hours(48, deemed_from=day("2026-02-02"), submitted_at=on("2026-02-02", 15)) == "2026-02-04 15:00"
