"""What a case asks of whom: state + item + calendar > the steps of the work queue. No queries here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from core.domain.cases import lifecycle as life
from core.domain.cases.deadlines import (
    DELIVERY_DAYS,
    GENERAL_LIMIT_DAYS,
    SUPPLEMENT_NOTICE_DAYS,
    Ledger,
    WorkCalendar,
    case_ledgers,
)
from core.domain.cases.services import stage_waits_for, stages_left
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item
from core.domain.journal.clock import Instant, instant_date
from core.domain.journal.place import CORE

ACCEPT, REVIEW, DECIDE, DELIVER, WAIT = "accept", "review", "decide", "deliver", "wait"
HALL: Final = ""


@dataclass(frozen=True)
class Step:
    """`department` (USCC; HALL for the hall) is to use `power`, in a stage where it is a review."""

    department: str
    power: str
    stage: str = ""
    stage_name: str = ""


@dataclass(frozen=True)
class Due:
    """The last day of a step, the day its light turns amber, and the case's two limits where they run."""

    due: date
    amber_on: date
    promised: date | None = None
    legal: date | None = None


def steps_of(state: CaseState, item: Item) -> list[Step]:
    """Who must do what now; nothing where another node has custody, or the case is closed."""
    if state.custodian != CORE:
        return []
    owner = item.department
    if state.status == life.SUBMITTED or supplement_is_in(state):
        return [Step(owner, ACCEPT)]
    if state.status in (life.AWAITING_SUPPLEMENT, life.SUSPENDED, life.DECIDED):
        return [Step(owner, WAIT)]
    if state.status in (life.ACCEPTED, life.UNDER_REVIEW):
        return _reviews(state, item) or [Step(owner, DECIDE)]
    return [Step(HALL, DELIVER)] if state.status == life.COMPLETED else []


def supplement_is_in(state: CaseState) -> bool:
    """Whether everything the notice listed was handed in after it, at whatever counter."""
    asked = state.supplement
    if state.status != life.AWAITING_SUPPLEMENT or asked is None or not asked.lacking:
        return False
    return all(
        any(fact.at > asked.at for fact in state.materials.get(material, {}).values()) for material in asked.lacking
    )


def _reviews(state: CaseState, item: Item) -> list[Step]:
    # Immediate items are decided in the act that accepts them or in one right after it.
    if item.kind == "immediate" and not state.stages:
        return []
    waiting = stage_waits_for(state)
    if waiting and state.stage is not None:
        return [Step(one, REVIEW, state.stage.code, state.stage.name) for one in sorted(waiting)]
    if not stages_left(state, item):
        return []
    done = {stage.code for stage in state.stages}
    following = next((stage for stage in item.flow if stage.code not in done), None)
    if following is None:
        return []
    return [Step(one, REVIEW, following.code, following.name) for one in sorted(set(following.departments))]


def due_of(state: CaseState, calendar: WorkCalendar) -> Due:
    """When the case's present step is due, by the calendar in force."""
    if state.status == life.COMPLETED:
        return _days_after(state.completed_at or state.updated_at, DELIVERY_DAYS, calendar)
    if state.accepted_at is None:
        return _days_after(state.submitted_at or state.opened_at, SUPPLEMENT_NOTICE_DAYS, calendar)
    # The same "today" the case's own columns use, so that both name the same day.
    ledgers = case_ledgers(state, today=instant_date(state.updated_at), calendar=calendar)
    promised, legal = ledgers.get("promised"), ledgers.get("legal")
    binding = promised or legal
    if binding is None:
        return _days_after(state.accepted_at, GENERAL_LIMIT_DAYS, calendar)
    return Due(
        due=binding.due_on, amber_on=_amber_on(binding), promised=promised.due_on if promised else None,
        legal=legal.due_on if legal else None,
    )  # fmt: skip


def _days_after(start: Instant, days: int, calendar: WorkCalendar) -> Due:
    day = instant_date(start)
    return Due(
        due=calendar.working_day_after(day, days),
        amber_on=calendar.working_day_after(day, days - max(1, days // 5)),
    )


def _amber_on(ledger: Ledger) -> date:
    """The first day on which one day, or a fifth of the limit, is left (as deadlines.py lights it)."""
    if ledger.unit == "hour":
        return ledger.days[0].day
    threshold = ledger.limit - max(1, ledger.limit // 5)
    return next((day.day for day in ledger.days if day.number >= threshold), ledger.due_on)


def departments_concerned(state: CaseState, item: Item) -> frozenset[str]:
    """Whoever may look at the case: the item's owner and every department of its flow, planned or opened."""
    stages: Iterable[tuple[str, ...]] = [
        *(stage.departments for stage in item.flow), *(stage.departments for stage in state.stages)
    ]  # fmt: skip
    return frozenset({item.department}).union(*stages)
