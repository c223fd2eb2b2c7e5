"""What the person at a case may do with it now, and why not, in the state it is in. No queries here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from core.county.workqueue import steps
from core.domain.cases import lifecycle as life
from core.domain.cases.services import (
    CAUSES,
    DEFERRAL_MISSED,
    LEVEL_ROLES,
    ROLES_ACCEPT,
    ROLES_DECIDE,
    ROLES_REVIEW,
    departments_of,
    roles_deciding,
)
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item
from core.domain.journal.place import CORE
from core.domain.staff.actors import Actor

from .standing import Standing

ACCEPT, REFUSE, SUPPLEMENT, SUPPLEMENT_IN = "accept", "refuse", "supplement", "supplement-in"
LAPSE, OPINION, APPOINT, DECIDE, NOTE = "lapse", "opinion", "appoint", "decide", "note"
STOP, RESUME, EXTEND_ASK, EXTEND, EXTEND_DECLINE = "stop", "resume", "extend-ask", "extend", "extend-decline"
WITHDRAW, TERMINATE, URGE, ANSWER = "withdraw", "terminate", "urge", "answer"
#: The clocks run.
RUNNING: Final = (life.ACCEPTED, life.UNDER_REVIEW)


@dataclass(frozen=True)
class Offer:
    """The acts the page offers. `same_person`: the two-post rule bars this person from deciding; `own_request`: from
    answering the request for more days, which is theirs."""

    acts: frozenset[str]
    #: USCCs the person may give an opinion for now.
    opinion_for: tuple[str, ...] = ()
    same_person: bool = False
    own_request: bool = False
    immediate: bool = False
    #: How strongly the person may urge, and which urgings they may answer.
    levels: tuple[str, ...] = ()
    answers: tuple[UUID, ...] = ()
    #: For what reasons the person may end the case without a decision.
    causes: tuple[str, ...] = ()
    #: Staff codes of absent officers in whose place the person may act here.
    stands_in_for: tuple[str, ...] = ()


def holds(actor: Actor, roles: Collection[str], departments: Collection[str]) -> bool:
    """Whether the person has one of these roles in one of these departments."""
    return not actor.departments_as(roles).isdisjoint(departments)


def offer_to(
    actor: Actor, state: CaseState, item: Item, standing: Standing, *, givers: Collection[str], today: date
) -> Offer:  # fmt: skip
    """What this person may do with the case as it stands. `givers`: staff codes of all who ever gave an opinion."""
    levels = tuple(level for level, roles in LEVEL_ROLES.items() if actor.has(*roles)) if _urgeable(state) else ()
    answers = tuple(
        line.key for line in standing.urgings
        if line.waits and actor.departments and line.urging.department in ("", *actor.departments)
    )  # fmt: skip
    acts = ({NOTE} if actor.departments else set()) | ({URGE} if levels else set()) | ({ANSWER} if answers else set())
    absent = {away for _, department, away in actor.posts if away and department in departments_of(item)}
    offer = Offer(
        acts=frozenset(acts), immediate=item.kind == "immediate", levels=levels, answers=answers,
        stands_in_for=tuple(sorted(absent)),
    )  # fmt: skip
    if state.custodian != CORE or not state.is_open:
        return offer
    return _moving(offer, actor, state, item, standing, givers=givers, today=today)


def _moving(
    offer: Offer, actor: Actor, state: CaseState, item: Item, standing: Standing, *, givers: Collection[str],
    today: date,
) -> Offer:  # fmt: skip
    """Besides, what moves a case on that the county has."""
    speaking, causes = _opinion_for(actor, state, item, standing), _causes(actor, state, item, standing)
    may_decide, same = _deciding(actor, state, item, givers)
    acts = _reviewing(actor, state, item, standing, today, bool(speaking)) | _extending(
        actor, state, item, standing, today
    )
    if holds(actor, ROLES_ACCEPT, {item.department}):
        acts |= _accepting(state, standing)
    acts |= ({TERMINATE} if causes else set()) | ({DECIDE} if may_decide else set())
    asked = state.extension_asked
    return replace(
        offer, acts=offer.acts | acts, opinion_for=speaking, causes=causes, same_person=same,
        own_request=asked is not None and asked.by == actor.code,
    )  # fmt: skip


def _urgeable(state: CaseState) -> bool:
    return state.status in life.RULES["case.urged"].allowed


def _accepting(state: CaseState, standing: Standing) -> set[str]:
    """What the owner's officers do before acceptance; a withdrawal is the applicant's until the decision."""
    acts = {WITHDRAW} if state.status in life.UNDECIDED else set()
    if state.status == life.SUBMITTED:
        acts.add(ACCEPT)
        # After five days the law has accepted it, and it allows one notice.
        if standing.deemed_from is None:
            acts |= {REFUSE} if standing.notice_on else {REFUSE, SUPPLEMENT}
    elif state.status == life.AWAITING_SUPPLEMENT:
        acts |= {SUPPLEMENT_IN, LAPSE} if standing.supplement_over else {SUPPLEMENT_IN}
    return acts


def _opinion_for(actor: Actor, state: CaseState, item: Item, standing: Standing) -> tuple[str, ...]:
    """Departments of the person that are asked now; who returned the case may speak before there is an answer."""
    if state.status not in RUNNING:
        return ()
    asked = {step.department for step in steps.steps_of(state, item) if step.power == steps.REVIEW}
    return tuple(sorted(one for one in asked | set(standing.returned) if holds(actor, ROLES_REVIEW, {one})))


def _reviewing(
    actor: Actor, state: CaseState, item: Item, standing: Standing, today: date, speaks: bool
) -> set[str]:  # fmt: skip
    acts = set()
    if speaks:
        meets = standing.joint
        if meets is None or meets.appointment is not None:
            acts.add(OPINION)
        if meets is not None:
            acts.add(APPOINT)
    if holds(actor, ROLES_REVIEW, departments_of(item)):
        if state.status in RUNNING:
            acts.add(STOP)
        elif state.status == life.SUSPENDED:
            acts.add(RESUME)
        in_time = standing.legal_due is not None and today <= standing.legal_due
        allowed = state.status in life.RULES["extension.requested"].allowed
        if allowed and in_time and not state.extensions and state.extension_asked is None:
            acts.add(EXTEND_ASK)
    return acts


def _extending(actor: Actor, state: CaseState, item: Item, standing: Standing, today: date) -> set[str]:
    asked = state.extension_asked
    if asked is None or not holds(actor, ROLES_DECIDE, {item.department}):
        return set()
    overdue = standing.legal_due is None or today > standing.legal_due
    return {EXTEND_DECLINE} if asked.by == actor.code or overdue else {EXTEND, EXTEND_DECLINE}


def _causes(actor: Actor, state: CaseState, item: Item, standing: Standing) -> tuple[str, ...]:
    if state.status not in life.UNDECIDED:
        return ()
    missed = (DEFERRAL_MISSED,) if any(one.missed for one in standing.owed) else ()
    if holds(actor, ROLES_DECIDE, {item.department}):
        return (*missed, *(cause for cause in CAUSES if cause != DEFERRAL_MISSED))
    return missed if holds(actor, ROLES_ACCEPT, {item.department}) else ()


def _deciding(actor: Actor, state: CaseState, item: Item, givers: Collection[str]) -> tuple[bool, bool]:
    """(whether the person may decide, whether only the two-post rule bars them)."""
    roles = roles_deciding(item)
    asked = any(step.power == steps.DECIDE for step in steps.steps_of(state, item))
    if not asked or not holds(actor, (*roles, *ROLES_REVIEW), {item.department}):
        return False, False
    same = item.kind != "immediate" and actor.code in givers
    return not same and holds(actor, roles, {item.department}), same
