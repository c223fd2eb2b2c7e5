"""How a case stands where the procedure bites: what the page has to explain. Pure: no queries, no words here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.county.workqueue.steps import Rules, expected_end, notice_due_on
from core.domain.cases import lifecycle as life
from core.domain.cases.deadlines import deemed_accepted_on, due_on
from core.domain.cases.services import (
    deferrals_open,
    extension_most,
    returns_unanswered,
    stage_following,
    stage_waits_for,
    urgings_unanswered,
)
from core.domain.cases.state import Appointment, CaseState, NoteFact, Opinion, Urging
from core.domain.catalogue.documents import Item
from core.domain.journal.clock import instant_date


@dataclass(frozen=True)
class Owed:
    """A material that was to follow and is not in yet."""

    code: str
    name: str
    due: date
    missed: bool


@dataclass(frozen=True)
class Joint:
    """The joint stage that is open or comes next: `leader` speaks for all, `others` take part."""

    name: str
    kind: str
    leader: str
    others: tuple[str, ...]
    appointment: Appointment | None


@dataclass(frozen=True)
class UrgingLine:
    """A word that was said to whoever must move the case; `answer` is the note that answers it."""

    key: UUID
    urging: Urging
    answer: NoteFact | None
    waits: bool


@dataclass(frozen=True)
class Standing:
    """Days are None where they do not apply to the case as it stands."""

    deemed_from: date | None
    notice_on: date | None
    supplement_due: date | None
    supplement_over: bool
    owed: tuple[Owed, ...]
    joint: Joint | None
    returned: Mapping[str, Opinion]
    objecting: tuple[str, ...]
    procedure_end: date | None
    procedure_over: bool
    urgings: tuple[UrgingLine, ...]
    most_days: int
    legal_due: date | None


def standing_of(state: CaseState, item: Item, rules: Rules, *, today: date) -> Standing:
    """The case as it stands on this day."""
    asked = notice_due_on(state, item, rules) if state.status == life.AWAITING_SUPPLEMENT else None
    end = None
    if state.status == life.SUSPENDED and state.stops:
        end = expected_end(state, rules.expected_days.get(state.id, 0))
    return Standing(
        deemed_from=deemed_accepted_on(state, today=today, calendar=rules.calendar),
        notice_on=instant_date(state.supplement.at) if state.supplement else None,
        supplement_due=asked, supplement_over=asked is not None and today > asked,
        owed=_owed(state, item, today), joint=_joint(state, item), returned=returns_unanswered(state),
        objecting=tuple(sorted({department for stage in state.stages for department, one in stage.opinions.items()
                                if one.verdict == "object"})),
        procedure_end=end, procedure_over=end is not None and today > end, urgings=_urgings(state),
        most_days=extension_most(item), legal_due=due_on(state, "legal", calendar=rules.calendar, today=today),
    )  # fmt: skip


def _owed(state: CaseState, item: Item, today: date) -> tuple[Owed, ...]:
    if not state.is_open or state.decision is not None:
        return ()
    names = {material.code: material.name for material in item.materials}
    return tuple(
        Owed(code=code, name=names.get(code, code), due=one.due, missed=one.due < today)
        for code, one in sorted(deferrals_open(state).items(), key=lambda pair: pair[1].due)
    )


def _joint(state: CaseState, item: Item) -> Joint | None:
    if state.status not in (life.ACCEPTED, life.UNDER_REVIEW, life.SUSPENDED):
        return None
    stage = state.stage
    if stage is not None and stage_waits_for(state):
        if not stage.joint:
            return None
        return Joint(stage.name, stage.joint, stage.departments[0], stage.departments[1:], stage.appointment)
    following = stage_following(state, item)
    if following is None or not following.joint:
        return None
    return Joint(following.name, following.joint, following.departments[0], following.departments[1:], None)


def _urgings(state: CaseState) -> tuple[UrgingLine, ...]:
    answers = {note.answers: note for note in state.notes.values() if note.answers is not None}
    open_ones = urgings_unanswered(state)
    lines = [
        UrgingLine(key=UUID(key), urging=one, answer=answers.get(UUID(key)), waits=UUID(key) in open_ones)
        for key, one in state.urgings.items()
    ]
    return tuple(sorted(lines, key=lambda line: line.urging.at, reverse=True))
