"""Which acts a person may do on a case here and now, which of them is the main one, and why others are not offered.

Services judge again when one is done; this only keeps the page from offering what would be refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from core.domain.cases import lifecycle as s
from core.domain.cases import services
from core.domain.cases.deadlines import WorkCalendar, deemed_accepted_on, due_on
from core.domain.cases.errors import DeemedAccepted, DeferralOpen, NoticeGiven, NotYetDue, SamePerson
from core.domain.cases.intake import COUNTER_ROLES
from core.domain.cases.state import CaseState
from core.domain.catalogue.authority import ACCEPT, DECIDE, REVIEW
from core.domain.catalogue.documents import Item
from core.domain.journal.clock import instant_date
from core.domain.journal.place import CORE, Here
from core.domain.staff.actors import Actor

from .refusal_words import refusal_words

#: All acts in the order they are offered; the first one available is the main one.
ACTS: Final = (
    "deliver", "accept", "complete_supplement", "resume", "extend", "appoint", "opinion", "decide", "answer", "forward",
    "material", "supplement", "refuse", "lapse", "stop", "ask_extension", "urge", "note", "terminate", "withdraw",
)  # fmt: skip
#: These are never what the case waits for.
BESIDE: Final = frozenset(ACTS[ACTS.index("material"):])  # fmt: skip


@dataclass
class Offer:
    """`why` says, by act, what keeps it from being done now although the case is in its state."""

    acts: set[str] = field(default_factory=lambda: {"note"})
    why: dict[str, str] = field(default_factory=dict)
    #: Why a case may end here without a decision, and how strongly this person may urge.
    causes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    #: The joint act of the stage that comes next or is open.
    joint: str = ""
    #: By law the case is accepted since this day: nobody answered in time.
    deemed_from: date | None = None
    #: Something must be handed in before the case can go on, and this person takes it in.
    wants_material: bool = False

    @property
    def ordered(self) -> list[str]:
        """All of them, the main one first."""
        main = self.main
        return [*([main] if main else []), *(act for act in ACTS if act in self.acts and act != main)]

    @property
    def main(self) -> str:
        """What the case waits for; "" where this person has nothing to do."""
        if self.wants_material and "material" in self.acts and not self.acts & {"complete_supplement", "accept"}:
            return "material"
        return next((act for act in ACTS if act in self.acts - BESIDE), "")

    @property
    def why_not(self) -> list[tuple[str, str]]:
        """Acts that are not offered although the case is in their state, and what keeps each from being done."""
        return [(act, why) for act, why in self.why.items() if act not in self.acts]

    @property
    def others(self) -> list[str]:
        return [act for act in self.ordered if act != self.main]


@dataclass(frozen=True)
class Look:
    """Who looks at which case, where, on what day."""

    state: CaseState
    item: Item
    actor: Actor
    here: Here
    today: date
    calendar: WorkCalendar

    @property
    def accepts(self) -> bool:
        return self.actor.has(*services.ROLES_ACCEPT)

    @property
    def reviews(self) -> bool:
        return self.actor.has(*services.ROLES_REVIEW)

    @property
    def decides(self) -> bool:
        return self.actor.has(*services.ROLES_DECIDE)


def offer_of(look: Look) -> Offer:
    """The acts that would not be refused."""
    state, offer = look.state, Offer()
    offer.wants_material = look.actor.has(*COUNTER_ROLES) and _wants_material(look)
    if look.accepts and state.status in s.RULES["material.received"].allowed:
        offer.acts.add("material")
    if state.status in s.RULES["case.urged"].allowed:
        offer.levels = tuple(level for level, roles in services.LEVEL_ROLES.items() if look.actor.has(*roles))
        offer.acts |= {"urge"} if offer.levels else set()
    if state.custodian != look.here.node:
        return offer
    may = powers_here(look)
    _before_acceptance(look, offer, may)
    _clocks(look, offer, may)
    _review(look, offer, may)
    _endings(look, offer, may)
    if services.urgings_unanswered(state):
        offer.acts.add("answer")
    return offer


def powers_here(look: Look) -> frozenset[str]:
    """What is devolved to this place, and at the county what the person's posts in the item's departments give."""
    powers = services.powers_devolved(look.item, look.here, look.today)
    return powers | services.powers_entitled(look.item, look.actor) if look.here.node == CORE else powers


def _wants_material(look: Look) -> bool:
    state = look.state
    if state.status == s.AWAITING_SUPPLEMENT:
        return bool(services.materials_lacking(state, look.item))
    return state.is_open and bool(services.deferrals_open(state) or services.returns_unanswered(state))


def _before_acceptance(look: Look, offer: Offer, may: frozenset[str]) -> None:
    state = look.state
    if not look.accepts:
        return
    if state.status == s.SUBMITTED:
        deemed = deemed_accepted_on(state, today=look.today, calendar=look.calendar)
        offer.deemed_from = deemed
        if deemed is not None:
            offer.why["refuse"] = refusal_words(DeemedAccepted(since=deemed))
        if state.supplement is not None:
            offer.why["supplement"] = refusal_words(NoticeGiven(on=instant_date(state.supplement.at)))
        elif deemed is None:
            offer.acts.add("supplement")
        if ACCEPT in may:
            offer.acts |= {"accept"} if deemed else {"accept", "refuse"}
    elif state.status == s.AWAITING_SUPPLEMENT:
        if not services.materials_lacking(state, look.item):
            offer.acts.add("complete_supplement")
        due = state.supplement.due if state.supplement else None
        if due is not None and look.today > due:
            offer.acts.add("lapse")
        elif due is not None:
            offer.why["lapse"] = refusal_words(NotYetDue(due=due))


def _clocks(look: Look, offer: Offer, may: frozenset[str]) -> None:
    state = look.state
    reviewer = look.reviews and REVIEW in may
    if reviewer and state.status == s.SUSPENDED:
        offer.acts.add("resume")
    if reviewer and state.status in s.RULES["clock.stopped"].allowed and look.item.kind != "immediate":
        offer.acts.add("stop")
    if state.status not in s.RULES["extension.requested"].allowed:
        return
    legal = due_on(state, "legal", calendar=look.calendar, today=look.today)
    in_time = legal is not None and legal >= look.today
    if reviewer and in_time and not state.extensions and state.extension_asked is None:
        offer.acts.add("ask_extension")
    if state.extension_asked is not None and look.decides and DECIDE in may:
        offer.acts.add("extend")
        if state.extension_asked.by == look.actor.code:
            offer.why["extend"] = _(
                "You asked for it yourself: somebody else must approve it; you may only take it back."
            )


def _review(look: Look, offer: Offer, may: frozenset[str]) -> None:
    state, item = look.state, look.item
    if state.status not in (s.ACCEPTED, s.UNDER_REVIEW):
        return
    left, immediate = services.stages_left(state, item), item.kind == "immediate"
    if REVIEW in may and look.reviews and left and not immediate:
        waiting = services.stage_waits_for(state)
        if not waiting or not look.actor.departments or waiting & look.actor.departments:
            offer.joint, arranged = _joint(state, item)
            offer.acts |= {"appoint"} if offer.joint else set()
            offer.acts |= {"opinion"} if arranged or not offer.joint else set()
    decider = look.actor.has(*services.roles_deciding(item))
    if DECIDE in may and decider and (immediate or (state.status == s.UNDER_REVIEW and not left)):
        offer.acts.add("decide")
        _decide_why(look, offer)


def _joint(state: CaseState, item: Item) -> tuple[str, bool]:
    """(what the departments do together in the stage at hand, whether day and place are set)."""
    if services.stage_waits_for(state) and state.stage is not None:
        return state.stage.joint, state.stage.appointment is not None
    following = services.stage_following(state, item)
    return (following.joint if following else ""), False


def _decide_why(look: Look, offer: Offer) -> None:
    state = look.state
    spoke = {opinion.by for stage in state.stages for opinion in stage.opinions.values()}
    if look.item.kind != "immediate" and look.actor.code in spoke:
        offer.why["decide"] = refusal_words(SamePerson(actor=look.actor.code))
    elif owed := services.deferrals_open(state):
        names = tuple(material.name for material in look.item.materials if material.code in owed)
        offer.why["decide"] = refusal_words(DeferralOpen(materials=names))


def _endings(look: Look, offer: Offer, may: frozenset[str]) -> None:
    state = look.state
    if look.accepts and state.status == s.COMPLETED:
        offer.acts.add("deliver")
    if state.status not in s.UNDECIDED - {s.DRAFT}:
        return
    if look.actor.has(*COUNTER_ROLES):
        offer.acts.add("withdraw")
    passes_on = look.here.node != CORE and state.status in (s.SUBMITTED, s.ACCEPTED) and not ({REVIEW, DECIDE} <= may)
    if look.accepts and passes_on:
        offer.acts.add("forward")
    missed = look.accepts and bool(services.deferrals_missed(state, today=look.today))
    causes = [cause for cause in services.CAUSES if cause != services.DEFERRAL_MISSED] if look.decides else []
    offer.causes = (*((services.DEFERRAL_MISSED,) if missed else ()), *causes)
    if offer.causes:
        offer.acts.add("terminate")
