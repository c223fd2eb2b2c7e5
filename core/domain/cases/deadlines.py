"""Deadlines: the ledger of every day of a case, counted or not, with the rule. Pure. No Django here.

Source: 行政许可法 Art. 32, 42-45 (limits count in working days; the day of acceptance is day 0; special
procedures do not count); the State Council's yearly notice for days off and make-up days. The ledger is derived
from entries and calendar and never stored: a changed calendar changes it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from ..journal.bodies import LimitValue
from ..journal.clock import CHINA, instant_date, instant_datetime
from .lifecycle import SUBMITTED
from .state import CaseState

#: The supplement notice is due within 5 working days, or the case counts as accepted (Art. 32).
SUPPLEMENT_NOTICE_DAYS: Final = 5
#: Days by which the legal limit may be extended once, and where departments handle a case together (Art. 42).
EXTENSION_DAYS: Final = 10
JOINT_EXTENSION_DAYS: Final = 15
#: The law's general limits where the catalogue names none: one department, several together (Art. 42).
GENERAL_LIMIT_DAYS: Final = 20
JOINT_LIMIT_DAYS: Final = 45
#: A lower authority that reviews first has finished within 20 working days of acceptance (Art. 43).
LOWER_REVIEW_DAYS: Final = 20
#: The result is to be handed out within 10 working days of the decision (Art. 44).
DELIVERY_DAYS: Final = 10
#: No ledger runs further than this: a limit that never ends is a mistake in the catalogue.
MAX_DAYS: Final = 3700

# Why a day counts or does not; the page words them (counter/wording.py).
COUNTED: Final = "counted"
DAY_ZERO: Final = "day_zero"  #: the day of acceptance
WEEKEND: Final = "weekend"
HOLIDAY: Final = "holiday"
MAKE_UP: Final = "make_up"  #: a weekend day that is worked, and counts
STOPPED: Final = "stopped"  #: a special procedure was under way
UNPUBLISHED: Final = "unpublished"  #: counted by weekday: the year's calendar is not published yet

GREEN: Final = "green"
AMBER: Final = "amber"
RED: Final = "red"
DONE: Final = "done"


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked: weekdays but `days_off`, and `make_up_days`, in the `years` that are published."""

    days_off: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()
    #: The days of limits that nothing stopped, by (total, unit, day of acceptance): a segment's cases share them.
    memo: dict[tuple[int, str, date], tuple[LedgerDay, ...]] = field(default_factory=dict, compare=False, repr=False)

    def rule(self, day: date) -> str:
        if day in self.make_up_days:
            return MAKE_UP
        if day in self.days_off:
            return HOLIDAY
        if day.weekday() >= 5:
            return WEEKEND
        return COUNTED if day.year in self.years else UNPUBLISHED

    def is_working_day(self, day: date) -> bool:
        return self.rule(day) in WORKED

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (`day` itself for 0)."""
        for _ in range(MAX_DAYS):
            if count <= 0:
                return day
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """How many working days come after `first`, up to and with `last`."""
        return sum(self.is_working_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


WORKED: Final = frozenset({COUNTED, MAKE_UP, UNPUBLISHED})


@dataclass(frozen=True)
class LedgerDay:
    """One day: `number` is how many days had counted by its end."""

    day: date
    counted: bool
    rule: str
    number: int


@dataclass(frozen=True)
class Ledger:
    """The days of one limit up to `due_on`; `used` counts up to today or the end, `left` is limit minus used."""

    unit: str
    limit: int
    due_on: date
    days: tuple[LedgerDay, ...]
    used: int
    left: int
    light: str
    #: "2026-11-21 14:30" for limits in hours, else "".
    due_time: str = ""


@dataclass(frozen=True)
class Interval:
    """The clock stood still after the day `from_day` up to and with the day `to_day` (None: still).

    The day it stops still counts; the day it resumes is a day 0 again, as the day of acceptance is.
    """

    from_day: date
    to_day: date | None

    def covers(self, day: date) -> bool:
        return self.from_day < day and (self.to_day is None or day <= self.to_day)


def ledger(
    *,
    limit: LimitValue,
    accepted_on: date,
    today: date,
    calendar: WorkCalendar,
    stops: Sequence[Interval] = (),
    extension_days: int = 0,
    ended_on: date | None = None,
) -> Ledger:
    """The ledger of one limit. Days; `extension_days` in the limit's own unit (Art. 42: at most 10)."""
    total = 0 if limit.unit == "immediate" else limit.value + extension_days
    until = min(ended_on or today, today)
    days = _days_of(total, limit.unit, accepted_on, until, calendar, stops)
    due_on = days[-1].day
    reached = bisect_right(days, until, key=lambda entry: entry.day)
    used = days[reached - 1].number if reached else 0
    if ended_on is None and until > due_on:
        overdue = sum(_counts(limit.unit, calendar, stops, due_on + timedelta(days=n))[0]
                      for n in range(1, (until - due_on).days + 1))  # fmt: skip
        used = total + max(overdue, 1)
    return Ledger(
        unit=limit.unit, limit=total, due_on=due_on, days=days, used=used, left=total - used,
        light=_light(total, total - used, due_on, today, ended_on),
    )  # fmt: skip


def _counts(unit: str, calendar: WorkCalendar, stops: Iterable[Interval], day: date) -> tuple[bool, str]:
    if any(stop.covers(day) for stop in stops):
        return False, STOPPED
    rule = calendar.rule(day)
    if unit == "calendar_day":
        return True, COUNTED
    return rule in WORKED, rule


def _days_of(
    total: int, unit: str, accepted_on: date, until: date, calendar: WorkCalendar, stops: Sequence[Interval]
) -> tuple[LedgerDay, ...]:
    if stops:
        return tuple(_days(total, unit, accepted_on, until, calendar, stops))
    # With no stop the days are the same whatever today is.
    key = (total, unit, accepted_on)
    days = calendar.memo.get(key)
    if days is None:
        days = calendar.memo[key] = tuple(_days(total, unit, accepted_on, until, calendar, ()))
    return days


def _days(
    total: int, unit: str, accepted_on: date, until: date, calendar: WorkCalendar, stops: Sequence[Interval]
) -> Iterable[LedgerDay]:
    yield LedgerDay(day=accepted_on, counted=False, rule=DAY_ZERO, number=0)
    number, day = 0, accepted_on
    for _ in range(MAX_DAYS):
        if number >= total:
            return
        day += timedelta(days=1)
        # A clock that stands has no end yet: the due day moves on with every day it stands.
        if day > until and any(stop.to_day is None and stop.covers(day) for stop in stops):
            stops = [Interval(stop.from_day, stop.to_day or until) for stop in stops]
        counted, rule = _counts(unit, calendar, stops, day)
        number += counted
        yield LedgerDay(day=day, counted=counted, rule=rule, number=number)


def _light(total: int, left: int, due_on: date, today: date, ended_on: date | None) -> str:
    if ended_on is not None:
        return RED if ended_on > due_on else DONE
    if today > due_on:
        return RED
    return AMBER if left <= 1 or left * 5 <= total else GREEN


def day_light(due: date, *, today: date, calendar: WorkCalendar) -> str:
    """The light of a single day: RED once it has gone by, AMBER on it and on the working day before, else GREEN."""
    if today > due:
        return RED
    return AMBER if calendar.working_days_between(today, due) <= 1 else GREEN


def amber_day(start: date, days: int, *, calendar: WorkCalendar) -> date:
    """From when a limit of so many working days after `start` is amber: a fifth of it is left, or one day."""
    return calendar.working_day_after(start, max(0, days - max(1, days // 5)))


def case_ledgers(state: CaseState, *, today: date, calendar: WorkCalendar) -> dict[str, Ledger]:
    """The ledgers of an accepted case by "legal" and "promised"; empty before acceptance."""
    found = {name: _ledger_of(state, name, today=today, calendar=calendar) for name in ("legal", "promised")}
    return {name: one for name, one in found.items() if one is not None}


def _ledger_of(state: CaseState, name: str, *, today: date, calendar: WorkCalendar) -> Ledger | None:
    limit = state.legal if name == "legal" else state.promised
    if state.accepted_at is None or limit is None:
        return None
    end = state.decision.at if state.decision else state.ended_at
    if limit.unit == "hour":
        return _hours(state, limit.value, today, end)
    return ledger(
        limit=limit, accepted_on=state.deemed_from or instant_date(state.accepted_at), today=today,
        calendar=calendar, stops=_stops(state),
        # Only the legal limit can be extended; a promise that was extended is a promise broken.
        extension_days=sum(extension.days for extension in state.extensions) if name == "legal" else 0,
        ended_on=None if end is None else instant_date(end),
    )  # fmt: skip


def _stops(state: CaseState) -> list[Interval]:
    return [
        Interval(instant_date(stop.from_at), None if stop.to_at is None else instant_date(stop.to_at))
        for stop in state.stops
    ]


def _hours(state: CaseState, hours: int, today: date, ended_at: int | None) -> Ledger:
    """A limit in hours runs on the clock but where it is stopped; the ledger says the time, the light goes by the
    day."""
    assert state.accepted_at is not None
    submitted_at = state.accepted_at if state.submitted_at is None else state.submitted_at
    start = instant_datetime(state.accepted_at if state.deemed_from is None else submitted_at)
    due = start + timedelta(hours=hours) + _stopped_time(state, today, ended_at)
    ended_on = None if ended_at is None else instant_date(ended_at)
    if ended_at is not None and instant_datetime(ended_at) > due:
        light = RED
    else:
        # On the last day, or with a day or a fifth of the hours left when today began.
        left = due - datetime.combine(today, time(), CHINA)
        near = today == due.date() or left <= max(timedelta(hours=hours) / 5, timedelta(days=1))
        light = _light(10, 0 if near else 10, due.date(), today, ended_on)
    first = LedgerDay(day=start.date(), counted=False, rule=DAY_ZERO, number=0)
    return Ledger(
        unit="hour", limit=hours, due_on=due.date(), days=(first,), used=0, left=hours, light=light,
        due_time=f"{due:%Y-%m-%d %H:%M}",
    )  # fmt: skip


def _stopped_time(state: CaseState, today: date, ended_at: int | None) -> timedelta:
    """How long special procedures stopped the clock; one under way counts to the end of today, or of the case."""
    tonight = datetime.combine(today + timedelta(days=1), time(), CHINA)
    until = tonight if ended_at is None else instant_datetime(ended_at)
    total = timedelta()
    for stop in state.stops:
        from_time = instant_datetime(stop.from_at)
        to_time = until if stop.to_at is None else instant_datetime(stop.to_at)
        total += max(to_time - from_time, timedelta())
    return total


def due_on(state: CaseState, name: str, *, calendar: WorkCalendar, today: date | None = None) -> date | None:
    """The last day of the "legal" or "promised" limit as far as it is known on `today` (by default the day of the last
    entry); None before acceptance."""
    # "Today" only moves the due day while the clock stands; the day of the last entry is what both sides share.
    found = _ledger_of(state, name, today=today or instant_date(state.updated_at), calendar=calendar)
    return found.due_on if found else None


def answer_due_on(state: CaseState, *, calendar: WorkCalendar) -> date:
    """The last day to accept, refuse or ask for a supplement: five working days after it was handed in (Art. 32)."""
    return calendar.working_day_after(instant_date(state.submitted_at or state.opened_at), SUPPLEMENT_NOTICE_DAYS)


def deemed_accepted_on(state: CaseState, *, today: date, calendar: WorkCalendar) -> date | None:
    """The day the case was handed in, once five working days went by without an answer: from then on the law has it
    accepted (Art. 32). None for any other case."""
    if state.status != SUBMITTED or today <= answer_due_on(state, calendar=calendar):
        return None
    return instant_date(state.submitted_at or state.opened_at)


def delivery_due_on(state: CaseState, *, calendar: WorkCalendar) -> date | None:
    """The last day to hand the result out: the tenth working day after the decision (Art. 44); None before it."""
    if state.decision is None:
        return None
    return calendar.working_day_after(instant_date(state.decision.at), DELIVERY_DAYS)


def lower_review_due_on(state: CaseState, *, calendar: WorkCalendar) -> date | None:
    """The last day for a town or village that reviews first to pass the case on (Art. 43), special procedures not
    counted (Art. 45); None before acceptance and once the case is decided."""
    if state.accepted_at is None or state.decision is not None:
        return None
    return ledger(
        limit=LimitValue(value=LOWER_REVIEW_DAYS, unit="working_day"), calendar=calendar, stops=_stops(state),
        accepted_on=state.deemed_from or instant_date(state.accepted_at), today=instant_date(state.updated_at),
    ).due_on  # fmt: skip
