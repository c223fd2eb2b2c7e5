"""Deadlines, counted by hand on the State Council's calendar of 2024 to 2026."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.domain.cases import deadlines as d
from core.domain.cases.merge import replay
from core.domain.journal.bodies import LimitValue
from core.domain.journal.clock import instant_of
from tests import samples

FIXTURE = Path(__file__).parents[2] / "core/county/publishing/fixtures/xiangtan/calendar.json"
YEARS = json.loads(FIXTURE.read_text())
CALENDAR = d.WorkCalendar(
    days_off=frozenset(date.fromisoformat(day) for year in YEARS for day in year["days_off"]),
    make_up_days=frozenset(date.fromisoformat(day) for year in YEARS for day in year["make_up_days"]),
    years=frozenset(year["year"] for year in YEARS),
)
ACCEPTED = date(2026, 11, 2)  # a Monday; November 2026 has no holiday


def day(text: str) -> date:
    return date.fromisoformat(text)


def working(days: int) -> LimitValue:
    return LimitValue(value=days, unit="working_day")


def ledger(limit, accepted, today=None, **more):
    return d.ledger(limit=limit, accepted_on=accepted, today=today or accepted, calendar=CALENDAR, **more)


@pytest.mark.parametrize(("accepted", "days", "due"), [
    # Spring Festival 2024: Sun 4 and Sun 18 February are worked, 12 to 16 are off, Fri 9 is an ordinary day.
    ("2024-02-02", 3, "2024-02-06"),
    ("2024-02-05", 4, "2024-02-09"),
    ("2024-02-05", 5, "2024-02-18"),
    ("2024-02-05", 6, "2024-02-19"),
    # National Day 2024: Sun 29 September and Sat 12 October are worked, 1 to 7 October are off.
    ("2024-09-27", 5, "2024-10-10"),
    ("2024-09-27", 7, "2024-10-12"),
    # Spring Festival 2025: Sun 26 January and Sat 8 February are worked, 28 January to 4 February are off.
    ("2025-01-24", 5, "2025-02-07"),
    ("2025-01-24", 6, "2025-02-08"),
    # National Day 2025: Sun 28 September and Sat 11 October are worked, 1 to 8 October are off.
    ("2025-09-26", 10, "2025-10-16"),
    # Spring Festival 2026: Sat 14 and Sat 28 February are worked, 16 to 23 February are off.
    ("2026-02-13", 1, "2026-02-14"),
    ("2026-02-13", 2, "2026-02-24"),
    ("2026-02-13", 6, "2026-02-28"),
    # Mid-Autumn and National Day 2026: Sun 20 September and Sat 10 October are worked.
    ("2026-09-18", 5, "2026-09-24"),
    ("2026-09-18", 6, "2026-09-28"),
    ("2026-09-30", 3, "2026-10-10"),
])  # fmt: skip
def test_working_days_are_the_published_ones(accepted, days, due):
    assert ledger(working(days), day(accepted)).due_on == day(due)
    assert CALENDAR.working_day_after(day(accepted), days) == day(due)


def test_every_day_says_whether_it_counts_and_why():
    days = ledger(working(2), day("2026-02-13")).days
    assert [(f"{one.day:%m-%d}", one.rule, one.number) for one in days] == [
        ("02-13", "day_zero", 0), ("02-14", "make_up", 1), ("02-15", "weekend", 1), ("02-16", "holiday", 1),
        ("02-17", "holiday", 1), ("02-18", "holiday", 1), ("02-19", "holiday", 1), ("02-20", "holiday", 1),
        ("02-21", "weekend", 1), ("02-22", "weekend", 1), ("02-23", "holiday", 1), ("02-24", "counted", 2),
    ]  # fmt: skip
    assert [one.counted for one in days].count(True) == 2


def test_the_day_of_acceptance_is_day_zero():
    found = ledger(working(1), ACCEPTED)
    assert (found.due_on, found.used, found.left) == (day("2026-11-03"), 0, 1)


def test_calendar_days_count_holidays_too():
    assert ledger(LimitValue(value=7, unit="calendar_day"), day("2026-09-30")).due_on == day("2026-10-07")


def test_a_year_without_a_calendar_counts_by_weekday_and_says_so():
    days = ledger(working(2), day("2027-01-01")).days
    assert [(one.day.day, one.rule) for one in days] == [
        (1, "day_zero"), (2, "weekend"), (3, "weekend"), (4, "unpublished"), (5, "unpublished")
    ]  # fmt: skip


def test_a_changed_calendar_changes_the_ledger():
    without = d.WorkCalendar(years=frozenset({2026}))
    limit = LimitValue(value=3, unit="working_day")
    assert d.ledger(
        limit=limit, accepted_on=day("2026-09-30"), today=day("2026-09-30"), calendar=without
    ).due_on == day("2026-10-05")


def test_a_stopped_clock_counts_the_day_it_stops_and_not_the_day_it_resumes():
    stops = [d.Interval(day("2026-11-06"), day("2026-11-11"))]
    found = ledger(working(10), ACCEPTED, stops=stops)
    assert found.due_on == day("2026-11-19")
    rules = {one.day.day: one.rule for one in found.days}
    assert [rules[n] for n in (6, 7, 8, 9, 10, 11, 12)] == ["counted", *["stopped"] * 5, "counted"]


@pytest.mark.parametrize(("today", "due"), [("2026-11-11", "2026-11-19"), ("2026-11-13", "2026-11-23")])
def test_while_the_clock_stands_the_due_day_moves_on_with_every_working_day(today, due):
    found = ledger(working(10), ACCEPTED, day(today), stops=[d.Interval(day("2026-11-06"), None)])
    assert (found.due_on, found.used, found.light) == (day(due), 4, "green")


def test_a_stop_within_one_day_costs_nothing():
    stops = [d.Interval(day("2026-11-06"), day("2026-11-06"))]
    assert ledger(working(10), ACCEPTED, stops=stops).due_on == ledger(working(10), ACCEPTED).due_on


def test_an_extension_adds_its_days():
    found = ledger(working(20), ACCEPTED, extension_days=10)
    assert (found.limit, found.due_on) == (30, day("2026-12-14"))


@pytest.mark.parametrize(("today", "used", "left", "light"), [
    ("2026-11-02", 0, 10, "green"),
    ("2026-11-11", 7, 3, "green"),
    ("2026-11-12", 8, 2, "amber"),  # a fifth is left
    ("2026-11-16", 10, 0, "amber"),  # the last day
    ("2026-11-17", 11, -1, "red"),
    ("2026-11-23", 15, -5, "red"),
])  # fmt: skip
def test_the_light_of_a_running_limit(today, used, left, light):
    found = ledger(working(10), ACCEPTED, day(today))
    assert (found.used, found.left, found.light, found.due_on) == (used, left, light, day("2026-11-16"))


def test_a_short_limit_is_amber_with_one_day_left():
    assert ledger(working(4), ACCEPTED, day("2026-11-04")).light == "green"
    assert ledger(working(4), ACCEPTED, day("2026-11-05")).light == "amber"


def test_a_limit_that_ended_on_a_friday_is_overdue_on_the_saturday():
    found = ledger(working(4), ACCEPTED, day("2026-11-07"))
    assert (found.due_on, found.left, found.light) == (day("2026-11-06"), -1, "red")


@pytest.mark.parametrize(("ended", "light", "left"), [("2026-11-10", "done", 4), ("2026-11-17", "red", 0)])
def test_a_finished_case_keeps_the_light_it_finished_with(ended, light, left):
    found = ledger(working(10), ACCEPTED, day("2027-03-01"), ended_on=day(ended))
    assert (found.light, found.left) == (light, left)


def test_immediate_means_today():
    immediate = LimitValue(value=0, unit="immediate")
    assert ledger(immediate, ACCEPTED).due_on == ACCEPTED
    assert ledger(immediate, ACCEPTED).light == "amber"
    assert ledger(immediate, ACCEPTED, day("2026-11-03")).light == "red"


def test_a_limit_without_end_ends_the_ledger_and_not_the_machine():
    assert len(ledger(working(10**9), ACCEPTED).days) == d.MAX_DAYS + 1


def whole_case():
    state = replay(samples.full_life()).state
    assert state is not None
    return state


def test_a_case_has_two_ledgers_and_only_the_legal_one_is_extended():
    found = d.case_ledgers(whole_case(), today=day("2026-11-20"), calendar=CALENDAR)
    # Accepted on Friday 20 November 2026; 20 days and 10 more reach into a year that has no calendar yet.
    assert (found["promised"].limit, found["promised"].due_on) == (10, day("2026-12-04"))
    assert (found["legal"].limit, found["legal"].due_on) == (30, day("2027-01-01"))
    assert {ledger.light for ledger in found.values()} == {"done"}
    assert d.due_on(whole_case(), "promised", calendar=CALENDAR) == day("2026-12-04")


def test_nothing_is_due_before_acceptance():
    state = replay(samples.full_life()[:4]).state
    assert state is not None
    assert d.case_ledgers(state, today=ACCEPTED, calendar=CALENDAR) == {}
    assert d.due_on(state, "legal", calendar=CALENDAR) is None


def at(hour: int, on: int = 20) -> int:
    return instant_of(datetime(2026, 11, on, hour - 8, tzinfo=UTC))


def hours(value: int, today: str, decided: int | None = None) -> d.Ledger:
    state = replay(samples.full_life()[:6]).state
    assert state is not None
    end = None if decided is None else whole_case().decision
    state = replace(state, accepted_at=at(9), promised=LimitValue(value=value, unit="hour"), legal=None,
                    decision=end and replace(end, at=decided))  # fmt: skip
    return d.case_ledgers(state, today=day(today), calendar=CALENDAR)["promised"]


@pytest.mark.parametrize(("value", "today", "due", "light"), [
    (4, "2026-11-20", "2026-11-20 13:00", "amber"),
    (4, "2026-11-21", "2026-11-20 13:00", "red"),
    (72, "2026-11-20", "2026-11-23 09:00", "green"),
    (72, "2026-11-22", "2026-11-23 09:00", "green"),
    (72, "2026-11-23", "2026-11-23 09:00", "amber"),
    (72, "2026-11-24", "2026-11-23 09:00", "red"),
])  # fmt: skip
def test_hours_run_on_the_clock_through_nights_and_weekends(value, today, due, light):
    found = hours(value, today)
    assert (found.due_time, found.light) == (due, light)


@pytest.mark.parametrize(("decided", "light"), [(at(13), "done"), (at(14), "red")])
def test_a_decision_after_the_hour_is_late_on_the_same_day(decided, light):
    assert hours(4, "2026-11-25", decided).light == light
