"""What the person at a case may do with it now, and why not, in the state it is in. No queries here."""

from __future__ import annotations

from dataclasses import dataclass

from core.county.workqueue import steps
from core.domain.cases import lifecycle as life
from core.domain.cases.intake import COUNTER_ROLES
from core.domain.cases.services import ROLES_ACCEPT, ROLES_DECIDE, ROLES_REVIEW
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item
from core.domain.journal.place import CORE
from core.domain.staff.actors import Actor

ACCEPT, REFUSE, SUPPLEMENT, SUPPLEMENT_IN = "accept", "refuse", "supplement", "supplement-in"
OPINION, DECIDE, NOTE = "opinion", "decide", "note"


@dataclass(frozen=True)
class Offer:
    """The acts the page offers. `same_person`: the two-post rule bars this person from deciding."""

    acts: frozenset[str]
    #: USCCs the person may give an opinion for now.
    opinion_for: tuple[str, ...] = ()
    same_person: bool = False
    immediate: bool = False


def offer_to(actor: Actor, state: CaseState, item: Item) -> Offer:
    """What this person may do with the case as it stands."""
    acts = {NOTE} if actor.departments else set()
    immediate = item.kind == "immediate"
    if state.custodian != CORE:
        return Offer(acts=frozenset(acts), immediate=immediate)
    asked = steps.steps_of(state, item)
    owner = item.department in actor.departments
    if owner and actor.has(*ROLES_ACCEPT):
        if state.status == life.SUBMITTED:
            acts |= {ACCEPT, REFUSE, SUPPLEMENT}
        elif state.status == life.AWAITING_SUPPLEMENT:
            acts.add(SUPPLEMENT_IN)
    own = tuple(step.department for step in asked if step.power == steps.REVIEW
                and step.department in actor.departments and actor.has(*ROLES_REVIEW))  # fmt: skip
    if own:
        acts.add(OPINION)
    same = False
    if any(step.power == steps.DECIDE for step in asked) and owner:
        same = not immediate and any(
            opinion.by == actor.code for stage in state.stages for opinion in stage.opinions.values()
        )
        if not same and actor.has(*ROLES_DECIDE, *(COUNTER_ROLES if immediate else ())):
            acts.add(DECIDE)
    return Offer(acts=frozenset(acts), opinion_for=own, same_person=same, immediate=immediate)
