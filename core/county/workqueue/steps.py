"""What a case asks of whom: state + item + calendar > the steps of the work queue. No queries here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from core.domain.cases import lifecycle as life
from core.domain.cases.deadlines import (
    DELIVERY_DAYS,
    GENERAL_LIMIT_DAYS,
    SUPPLEMENT_NOTICE_DAYS,
    Ledger,
    WorkCalendar,
    amber_day,
    case_ledgers,
)
from core.domain.cases.services import (
    departments_speaking,
    returns_unanswered,
    stage_following,
    stage_waits_for,
    stages_left,
    supplement_due_on,
    urgings_unanswered,
)
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item
from core.domain.journal.clock import Instant, instant_date
from core.domain.journal.place import CORE

ACCEPT, REVIEW, DECIDE, DELIVER, WAIT = "accept", "review", "decide", "deliver", "wait"
APPROVE, LAPSE, RESUME = "approve", "lapse", "resume"
HALL: Final = ""
#: Working days the county gives itself to close a case whose supplement did not come.
LAPSE_DAYS: Final = 5
_POWERS: Final = {
    life.SUBMITTED: (ACCEPT,), life.AWAITING_SUPPLEMENT: (WAIT, LAPSE), life.SUSPENDED: (WAIT, RESUME),
    life.DECIDED: (WAIT,), life.COMPLETED: (DELIVER,),
}  # fmt: skip
#: How strong an unanswered word is (models.Urged).
URGED: Final = {"urging": 1, "supervision": 2}


@dataclass(frozen=True)
class Step:
    """`department` (USCC; HALL for the hall) is to use `power`, in a stage where it is a review."""

    department: str
    power: str
    stage: str = ""
    stage_name: str = ""


@dataclass(frozen=True)
class Due:
    """The last day of a step, the day its light turns amber, the day it begins (None: at once), and the case's two
    limits where they run."""

    due: date
    amber_on: date
    promised: date | None = None
    legal: date | None = None
    from_on: date | None = None


@dataclass(frozen=True)
class Rules:
    """What due days go by besides the case: the calendar, the county's days for a supplement, and how many days each
    special procedure under way was expected to take (by case)."""

    calendar: WorkCalendar
    supplement_days: int
    expected_days: Mapping[UUID, int] = field(default_factory=dict)


def steps_of(state: CaseState, item: Item) -> list[Step]:
    """Who must do what now or from a day on; nothing where another node has custody, or the case is closed."""
    if state.custodian != CORE or not state.is_open:
        return []
    asked = [Step(item.department, APPROVE)] if state.extension_asked is not None else []
    return _steps(state, item) + asked


def _steps(state: CaseState, item: Item) -> list[Step]:
    owner = item.department
    if state.status in (life.ACCEPTED, life.UNDER_REVIEW):
        return _reviews(state, item) or [Step(owner, DECIDE)]
    if state.status == life.AWAITING_SUPPLEMENT and supplement_is_in(state):
        return [Step(owner, ACCEPT)]
    return [Step(HALL if power == DELIVER else owner, power) for power in _POWERS.get(state.status, ())]


def supplement_is_in(state: CaseState) -> bool:
    """Whether everything the notice listed was handed in after it, at whatever counter."""
    return _supplemented_at(state) is not None


def _supplemented_at(state: CaseState) -> Instant | None:
    """When the last of what the notice listed came in; None while something is missing."""
    asked = state.supplement
    if state.status != life.AWAITING_SUPPLEMENT or asked is None or not asked.lacking:
        return None
    came = []
    for material in asked.lacking:
        times = [fact.at for fact in state.materials.get(material, {}).values() if fact.at > asked.at]
        if not times:
            return None
        came.append(min(times))
    return max(came)


def _reviews(state: CaseState, item: Item) -> list[Step]:
    # Immediate items are decided in the act that accepts them or in one right after it.
    if item.kind == "immediate" and not state.stages:
        return []
    waiting, stage = stage_waits_for(state), state.stage
    if waiting and stage is not None:
        returned = returns_unanswered(state)
        return _stage_steps(stage.code, stage.name, waiting, stage.departments if stage.joint else (), returned)
    if not stages_left(state, item):
        return []
    following = stage_following(state, item)
    if following is None:
        return []
    beside = following.departments if following.joint else ()
    return _stage_steps(following.code, following.name, departments_speaking(following), beside, ())


def _stage_steps(
    code: str, name: str, waiting: Iterable[str], beside: Iterable[str], returned: Iterable[str]
) -> list[Step]:
    """Those who are to speak, but who returned the case and has no answer waits; of a joint stage the departments
    `beside` the one that leads see the case and wait for it."""
    speaking = set(waiting)
    powers = dict.fromkeys(beside, WAIT) | dict.fromkeys(speaking, REVIEW) | dict.fromkeys(returned, WAIT)
    return [Step(one, powers[one], code, name) for one in sorted(powers)]


def steps_due(state: CaseState, item: Item, rules: Rules) -> list[tuple[Step, Due]]:
    """The steps, each with its days, by the calendar in force."""
    steps = steps_of(state, item)
    if not steps:
        return []
    running = _running(state, rules.calendar)
    return [(step, _due_of(step, state, item, rules, running)) for step in steps]


def _due_of(step: Step, state: CaseState, item: Item, rules: Rules, running: Due) -> Due:
    if step.power == APPROVE and state.extension_asked is not None:
        # No more days are given once the legal limit is over; amber at once, for somebody waits for the answer.
        return replace(running, due=running.legal or running.due, amber_on=instant_date(state.extension_asked.at))
    if state.status == life.AWAITING_SUPPLEMENT and step.power in (WAIT, LAPSE):
        last = notice_due_on(state, item, rules)
        if step.power == WAIT:
            return Due(due=last, amber_on=last)
        return replace(_days_after(last, LAPSE_DAYS, rules.calendar), from_on=last + timedelta(days=1))
    if state.status == life.SUSPENDED and step.power in (WAIT, RESUME):
        end = expected_end(state, rules.expected_days.get(state.id, 0))
        # The limits move on with every day the clock stands: no day to show.
        return Due(due=end, amber_on=end, from_on=end + timedelta(days=1) if step.power == RESUME else None)
    return running


def notice_due_on(state: CaseState, item: Item, rules: Rules) -> date:
    """The last day for the applicant to answer the notice."""
    asked = state.supplement
    assert asked is not None
    if asked.due is not None:
        return asked.due
    return supplement_due_on(item, since=asked.at, calendar=rules.calendar, usual_days=rules.supplement_days)


def expected_end(state: CaseState, expected_days: int) -> date:
    """The day on which the special procedure under way was to be over: calendar days from the day it began."""
    return instant_date(state.stops[-1].from_at) + timedelta(days=expected_days)


def _running(state: CaseState, calendar: WorkCalendar) -> Due:
    if state.status == life.COMPLETED and state.decision is not None:
        return _days_after(instant_date(state.decision.at), DELIVERY_DAYS, calendar)
    if state.accepted_at is None:
        start = _supplemented_at(state) or state.submitted_at or state.opened_at
        return _days_after(instant_date(start), SUPPLEMENT_NOTICE_DAYS, calendar)
    # The same "today" the case's own columns use, so that both name the same day.
    ledgers = case_ledgers(state, today=instant_date(state.updated_at), calendar=calendar)
    promised, legal = ledgers.get("promised"), ledgers.get("legal")
    binding = promised or legal
    if binding is None:
        return _days_after(instant_date(state.accepted_at), GENERAL_LIMIT_DAYS, calendar)
    return Due(
        due=binding.due_on, amber_on=_amber_on(binding), promised=promised.due_on if promised else None,
        legal=legal.due_on if legal else None,
    )  # fmt: skip


def _days_after(day: date, days: int, calendar: WorkCalendar) -> Due:
    return Due(
        due=calendar.working_day_after(day, days),
        amber_on=amber_day(day, days, calendar=calendar),
    )


def _amber_on(ledger: Ledger) -> date:
    """The first day on which one day, or a fifth of the limit, is left (as deadlines.py lights it)."""
    if ledger.unit == "hour":
        return ledger.days[0].day
    threshold = ledger.limit - max(1, ledger.limit // 5)
    return next((day.day for day in ledger.days if day.number >= threshold), ledger.due_on)


def urged_of(state: CaseState) -> dict[str, int]:
    """How strongly each department ("" for whoever has the case) is urged and has not answered (models.Urged)."""
    found: dict[str, int] = {}
    for urging in urgings_unanswered(state).values():
        found[urging.department] = max(found.get(urging.department, 0), URGED.get(urging.level, 0))
    return found
