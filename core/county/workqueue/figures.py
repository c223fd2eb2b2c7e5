"""What a decided case adds to the county's figures. Pure: state + calendar > numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from core.domain.cases.deadlines import Interval, WorkCalendar
from core.domain.cases.outcome import outcome_of
from core.domain.cases.state import CaseState
from core.domain.journal.clock import instant_date


@dataclass(frozen=True)
class Figures:
    """The columns of a CaseFigure that are computed."""

    decided_on: date
    granted: bool
    days_used: int
    days_early: int | None
    visits: int
    one_visit: bool
    delivered_on: date | None


def figures_of(state: CaseState, calendar: WorkCalendar) -> Figures | None:
    """None before the case was decided."""
    outcome, decision = outcome_of(state, calendar=calendar), state.decision
    if outcome is None or decision is None:
        return None
    decided_on = instant_date(decision.at)
    return Figures(
        decided_on=decided_on, granted=decision.granted, days_used=_days_used(state, decided_on, calendar),
        days_early=outcome.days_early, visits=outcome.visits, one_visit=outcome.done_in_one_visit,
        delivered_on=instant_date(state.delivery.at) if state.delivery else None,
    )  # fmt: skip


def _days_used(state: CaseState, decided_on: date, calendar: WorkCalendar) -> int:
    """Working days after the day of acceptance, up to and with the decision, on which the clock ran."""
    if state.accepted_at is None:
        return 0
    start = state.deemed_from or instant_date(state.accepted_at)
    stops = [
        Interval(instant_date(stop.from_at), None if stop.to_at is None else instant_date(stop.to_at))
        for stop in state.stops
    ]
    days = (start + timedelta(days=n) for n in range(1, (decided_on - start).days + 1))
    return sum(calendar.is_working_day(day) and not any(stop.covers(day) for stop in stops) for day in days)
