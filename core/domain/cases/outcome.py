"""What became of a case, computed from its entries and never entered: visits, 一次办成, early completion. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from ..journal.clock import instant_date
from .deadlines import WorkCalendar, due_on
from .lifecycle import COMPLETED, DELIVERED
from .state import CaseState

#: Ways of handing a material in for which somebody has to come.
_BROUGHT: Final = frozenset({"received", "original", "copy"})


@dataclass(frozen=True)
class Outcome:
    """`visits` are days on which the applicant, or who acts for them, stood at a counter; `days_early` is how many
    working days before the promised limit the case was decided (negative: after it), None for one without a limit in
    days."""

    visits: int
    done_in_one_visit: bool
    days_early: int | None

    @property
    def early(self) -> bool:
        return self.days_early is not None and self.days_early > 0


def visit_days(state: CaseState) -> frozenset[date]:
    """The days of the applicant's visits: when it was opened at a window, when something was brought, when the result
    was fetched. A result that was brought, mailed or sent is no visit."""
    days = {instant_date(state.opened_at)} if state.channel == "window" else set()
    facts = (fact for receipts in state.materials.values() for fact in receipts.values())
    days |= {instant_date(fact.at) for fact in facts if fact.how in _BROUGHT}
    if state.delivery is not None and state.delivery.how == "window":
        days.add(instant_date(state.delivery.at))
    return frozenset(days)


def outcome_of(state: CaseState, *, calendar: WorkCalendar) -> Outcome | None:
    """None before the case was decided."""
    if state.decision is None or state.status not in (COMPLETED, DELIVERED):
        return None
    visits = len(visit_days(state))
    return Outcome(
        visits=visits,
        done_in_one_visit=state.status == DELIVERED and visits <= 1,
        days_early=_days_early(state, calendar),
    )


def _days_early(state: CaseState, calendar: WorkCalendar) -> int | None:
    if state.decision is None or state.promised is None or state.promised.unit not in ("working_day", "calendar_day"):
        return None
    due, done = due_on(state, "promised", calendar=calendar), instant_date(state.decision.at)
    if due is None:
        return None
    return calendar.working_days_between(done, due) if done <= due else -calendar.working_days_between(due, done)
