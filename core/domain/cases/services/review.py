"""Review 审查: stages in order, departments within a stage in parallel, joint stages with one opinion of all."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from ...catalogue.authority import REVIEW
from ...catalogue.documents import Item, Stage
from ...journal import bodies as b
from ...journal.clock import Instant
from ...staff.actors import Actor
from ..errors import AppointmentMissing, NoReview, ReasonMissing, StageOpen
from ..intake import role_require
from ..lifecycle import RULES, IllegalTransition, require_allowed
from ..state import CaseState, Opinion, StageState
from ..writing import Act, act_on
from .powers import ROLES_REVIEW, case_item, entitled_require, words_require


def departments_speaking(stage: Stage | StageState) -> tuple[str, ...]:
    """Whose opinion a stage asks for; of a joint stage only that of the department which leads it."""
    return stage.departments[:1] if stage.joint else stage.departments


def stage_following(state: CaseState, item: Item) -> Stage | None:
    """The first stage of the item's flow that was not opened yet; None after the last."""
    opened = {stage.code for stage in state.stages}
    return next((stage for stage in item.flow if stage.code not in opened), None)


def stage_waits_for(state: CaseState) -> frozenset[str]:
    """Departments whose opinion the open stage still waits for."""
    stage = state.stage
    if stage is None:
        return frozenset()
    spoke = {department for department, opinion in stage.opinions.items() if opinion.verdict != "return"}
    return frozenset(departments_speaking(stage)) - spoke


def stages_left(state: CaseState, item: Item) -> bool:
    """Whether a stage of the flow was not opened yet, or waits for an opinion."""
    return bool(stage_waits_for(state)) or stage_following(state, item) is not None


def returns_unanswered(state: CaseState) -> dict[str, Opinion]:
    """Departments that returned the case in its open stage, and nothing they named has come in since."""
    stage = state.stage
    if stage is None:
        return {}
    waiting = stage_waits_for(state)
    return {
        department: opinion for department, opinion in stage.opinions.items()
        if department in waiting and opinion.verdict == "return" and not _is_answered(state, opinion)
    }  # fmt: skip


def _is_answered(state: CaseState, opinion: Opinion) -> bool:
    """Whatever was named and is a material is in anew; what is none (a field of the form) is answered by a note."""
    noted = any(note.at > opinion.at for note in state.notes.values())
    for name in opinion.returned:
        newer = any(fact.at > opinion.at for fact in state.materials.get(name, {}).values())
        known = name in state.materials or name in state.deferrals or name in state.pledges
        if not newer and (known or not noted):
            return False
    if opinion.returned:
        return True
    facts = (fact for receipts in state.materials.values() for fact in receipts.values())
    return noted or any(fact.at > opinion.at for fact in facts)


@transaction.atomic
def stage_open_next(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """The next stage of the item's flow is open to its departments. Raises NotDevolved, StageOpen, NoReview (no stage
    is left)."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    item = case_item(act.case)
    entitled_require(item, act, REVIEW)
    require_allowed("stage.opened", act.case.status)
    return _stage_open(act, item)


def _stage_open(act: Act, item: Item) -> CaseState:
    open_departments = stage_waits_for(act.case)
    if open_departments:
        raise StageOpen(departments=tuple(sorted(open_departments)))
    following = stage_following(act.case, item)
    if following is None:
        raise NoReview(item_code=item.item_code)
    return act.append(b.StageOpened(
        stage=following.code, name=following.name, departments=following.departments, joint=following.joint
    ))  # fmt: skip


@transaction.atomic
def appointment_set(
    *, case_id: UUID, actor: Actor, day: date, place: str, time: str = "", text: str = "", at: Instant | None = None
) -> CaseState:
    """The departments of the joint stage that comes next, or is open, meet on that day; a later appointment takes the
    place of this one. `time` is "09:30" of the county's clock. Raises NoReview (the stage is no joint one)."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    item = case_item(act.case)
    entitled_require(item, act, REVIEW)
    _reviewable_require(act, "appointment.set")
    if not stage_waits_for(act.case):
        _stage_open(act, item)
    stage = act.case.stages[-1]
    if not stage.joint:
        raise NoReview(item_code=item.item_code)
    place = words_require(place, "appoint")
    return act.append(b.AppointmentSet(stage=stage.code, day=day, place=place, time=time, text=text))


@transaction.atomic
def opinion_record(
    *, case_id: UUID, actor: Actor, verdict: str, department: str = "", text: str = "",
    returned: tuple[str, ...] = (), at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """A department's opinion stands in the open stage; the first opinion opens the first stage, the last one of a
    stage the next. `verdict`: pass, return, object; a return names what (`returned`) and why (`text`).

    Raises NotDevolved, NoReview, StageOpen (others are asked), ReasonMissing, AppointmentMissing.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    item = case_item(act.case)
    entitled_require(item, act, REVIEW)
    _reviewable_require(act, "opinion.recorded")
    _words_check(verdict, text, returned)
    if not stage_waits_for(act.case):
        _stage_open(act, item)
    department = _department_of(act, department)
    stage = act.case.stages[-1]
    _appointment_require(stage)
    state = act.append(b.OpinionRecorded(
        stage=stage.code, department=department, verdict=verdict, text=text, returned=returned,  # type: ignore[arg-type]
        joint=bool(stage.joint), instead_of=actor.stands_in_for(ROLES_REVIEW, department),
    ))  # fmt: skip
    if verdict == "pass" and not stage_waits_for(state) and stages_left(state, item):
        return _stage_open(act, item)
    return state


def _reviewable_require(act: Act, kind: str) -> None:
    """Raises IllegalTransition for `kind` unless a stage is open or may be opened."""
    if act.case.status not in RULES["stage.opened"].allowed:
        raise IllegalTransition(kind=kind, status=act.case.status)


def _words_check(verdict: str, text: str, returned: tuple[str, ...]) -> None:
    if verdict not in ("pass", "return", "object"):
        raise ValueError(verdict)
    if verdict != "pass":
        words_require(text, verdict)
    if verdict == "return" and not returned:
        raise ReasonMissing(act="returned")


def _department_of(act: Act, department: str) -> str:
    """The department the opinion is for: the one named, else the first of the actor's the stage waits for."""
    waiting = stage_waits_for(act.case)
    # At a counter nobody is of a department: its people speak for all that the place may review.
    own = waiting & act.actor.departments_as(ROLES_REVIEW) if act.actor.departments else waiting
    department = department or next(iter(sorted(own)), "")
    if department not in own:
        raise StageOpen(departments=tuple(sorted(waiting)))
    return department


def _appointment_require(stage: StageState) -> None:
    if stage.joint and stage.appointment is None:
        raise AppointmentMissing(stage=stage.name)
