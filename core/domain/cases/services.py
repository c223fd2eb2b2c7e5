"""The acts of the procedure after intake. Each reads as the procedure does, in one transaction.

All raise CaseUnknown, NotCustodian, IllegalTransition, RoleMissing besides what they name.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from ..catalogue.authority import ACCEPT, DECIDE, REVIEW, Allowed
from ..catalogue.documents import Item, Limit, Material
from ..catalogue.selectors import item_authority, item_get, place_of
from ..journal import bodies as b
from ..journal.clock import Instant, instant_date
from ..journal.place import CORE, Here
from ..staff.actors import Actor
from .errors import MaterialsMissing, NoReview, SamePerson, StageOpen
from .intake import COUNTER_ROLES, Application, case_take_in, materials_missing, power_require, role_require
from .lifecycle import ACCEPTED
from .state import CaseState
from .writing import Act, act_on

HALL_STATION = "01"
ROLES_ACCEPT = (*COUNTER_ROLES, "reviewer", "approver")
ROLES_REVIEW = ("reviewer", "approver")
ROLES_DECIDE = ("approver",)


def limits_of(item: Item) -> tuple[b.LimitValue, b.LimitValue]:
    """(legal, promised) as they stand in the item on the day of acceptance."""

    def value(limit: Limit) -> b.LimitValue:
        return b.LimitValue(value=limit.value, unit=limit.unit)

    return value(item.legal_limit), value(item.promised_limit)


def case_item(state: CaseState) -> Item:
    """The item in the version the case pinned."""
    return item_get(state.item_code, state.item_version)


@transaction.atomic
def case_accept(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """Accept a submitted case and start its clocks; the day of acceptance is day 0.

    Raises NotDevolved. Source: 行政许可法 Art. 32, 42.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return _accept(act)


def _accept(act: Act) -> CaseState:
    item = case_item(act.case)
    _power_require(item, act, ACCEPT)
    legal, promised = limits_of(item)
    return act.append(b.CaseAccepted(legal=legal, promised=promised, service_point=act.here.service_point))


def _power_require(item: Item, act: Act, power: str) -> None:
    """At the county the item's department has the power, and to review every department of its flow; elsewhere the
    service point must have it."""
    entitled = departments_of(item) if power == REVIEW else frozenset({item.department})
    if act.here.node == CORE and act.actor.departments & entitled:
        return
    power_require(item, act, power)


def departments_of(item: Item) -> frozenset[str]:
    """The item's owner and every department of its flow."""
    return frozenset({item.department}).union(*(stage.departments for stage in item.flow))


@transaction.atomic
def case_refuse(*, case_id: UUID, actor: Actor, reason: str, basis: str = "", at: Instant | None = None) -> CaseState:
    """Refuse a submitted case with its written reason. Source: 行政许可法 Art. 32."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    _power_require(case_item(act.case), act, ACCEPT)
    return act.append(b.CaseRefused(reason=reason, basis=basis))


@transaction.atomic
def supplement_request(
    *, case_id: UUID, actor: Actor, lacking: tuple[str, ...], text: str = "", at: Instant | None = None
) -> CaseState:
    """One notice lists everything that is missing; the applicant's turn. Source: 行政许可法 Art. 32 (4)."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.SupplementRequested(lacking=lacking, text=text))


@transaction.atomic
def supplement_receive(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """What was missing is there; the case counts as handed in from now."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.SupplementReceived())


@transaction.atomic
def stage_open_next(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """The next stage of the item's flow is open to its departments. Raises StageOpen, NoReview (no stage is left)."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    return _stage_open(act, case_item(act.case))


def _stage_open(act: Act, item: Item) -> CaseState:
    open_departments = stage_waits_for(act.case)
    if open_departments:
        raise StageOpen(departments=tuple(sorted(open_departments)))
    done = {stage.code for stage in act.case.stages}
    following = next((stage for stage in item.flow if stage.code not in done), None)
    if following is None:
        raise NoReview(item_code=item.item_code)
    return act.append(b.StageOpened(stage=following.code, name=following.name, departments=following.departments))


def stage_waits_for(state: CaseState) -> frozenset[str]:
    """Departments of the open stage that have not passed it."""
    stage = state.stage
    if stage is None:
        return frozenset()
    return frozenset(d for d in stage.departments if d not in stage.opinions or stage.opinions[d].verdict == "return")


def stages_left(state: CaseState, item: Item) -> bool:
    """Whether a stage of the flow was not opened yet, or waits for an opinion."""
    return bool(stage_waits_for(state)) or bool({s.code for s in item.flow} - {s.code for s in state.stages})


@transaction.atomic
def opinion_record(
    *, case_id: UUID, actor: Actor, verdict: str, department: str = "", text: str = "", at: Instant | None = None
) -> CaseState:
    """A department's opinion stands in the open stage; the first opinion opens the first stage, the last one of a
    stage the next. `verdict`: pass, return, object. Raises NotDevolved, NoReview."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    item = case_item(act.case)
    _power_require(item, act, REVIEW)
    if not stage_waits_for(act.case):
        _stage_open(act, item)
    waiting = stage_waits_for(act.case)
    own = waiting & (actor.departments or waiting)
    department = department or next(iter(sorted(own)), "")
    if department not in own:
        raise StageOpen(departments=tuple(sorted(waiting)))
    stage = act.case.stages[-1].code
    state = act.append(b.OpinionRecorded(stage=stage, department=department, verdict=verdict, text=text))  # type: ignore[arg-type]
    if verdict == "pass" and not stage_waits_for(state) and stages_left(state, item):
        return _stage_open(act, item)
    return state


@transaction.atomic
def case_decide(
    *, case_id: UUID, actor: Actor, granted: bool, text: str = "", basis: str = "", result_number: str = "",
    at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """Decide and complete the case; if another service point opened it, custody goes there to hand the result out.

    Two-post rule 一审一核: who gave an opinion may not decide, except for immediate items.
    Raises SamePerson, NoReview, NotDevolved. Source: 行政许可法 Art. 38, 42.
    """
    act = act_on(case_id, actor, at=at)
    item = case_item(act.case)
    immediate = item.kind == "immediate"
    role_require(actor, *ROLES_DECIDE, *(COUNTER_ROLES if immediate else ()))
    _power_require(item, act, DECIDE)
    if not immediate:
        _reviewed_by_another(act, item)
    _decide(act, item, granted=granted, text=text, basis=basis, result_number=result_number)
    return _hand_back(act)


def _reviewed_by_another(act: Act, item: Item) -> None:
    if act.case.status == ACCEPTED or stages_left(act.case, item):
        raise NoReview(item_code=item.item_code)
    if any(opinion.by == act.actor.code for stage in act.case.stages for opinion in stage.opinions.values()):
        raise SamePerson(actor=act.actor.code)


def _decide(act: Act, item: Item, *, granted: bool, text: str, basis: str, result_number: str) -> None:
    act.append(b.CaseDecided(
        granted=granted, department=item.department, text=text, basis=basis, result_number=result_number
    ))  # fmt: skip
    act.append(b.CaseCompleted())


def _hand_back(act: Act) -> CaseState:
    state = act.case
    if state.opened_by == act.here.node:
        return state
    return act.append(b.CaseForwarded(to=state.opened_by, power="deliver"))


@transaction.atomic
def case_submit(
    *, application: Application, actor: Actor, lacking_allowed: bool = False, at: Instant | None = None, trace: str = ""
) -> CaseState:
    """What the intake's one button does: take in, then accept, finish on the spot, or send on, as this counter may.

    With `lacking_allowed`, what is missing does not refuse the application: it is taken in and one notice lists all
    of it (出具补正告知). Raises what case_take_in raises; nothing is written then.
    """
    state = case_take_in(application=application, actor=actor, allow_missing=lacking_allowed, at=at, trace=trace)
    act = act_on(state.id, actor, at=state.updated_at + 1, trace=trace)
    lacking = materials_lacking(state, case_item(state))
    if lacking:
        return act.append(b.SupplementRequested(lacking=tuple(material.code for material in lacking)))
    return _proceed(act)


@transaction.atomic
def supplement_complete(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """Everything on the notice is there: the case counts as handed in from now and goes on as intake would have it.

    Raises MaterialsMissing while something required is still missing.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    lacking = materials_lacking(act.case, case_item(act.case))
    if lacking:
        raise MaterialsMissing(materials=tuple(material.name for material in lacking))
    act.append(b.SupplementReceived())
    return _proceed(act)


def materials_lacking(state: CaseState, item: Item) -> list[Material]:
    """Required materials of the case that were neither handed in, deferred nor pledged."""
    return materials_missing(item, state.situation, {*state.materials, *state.deferrals, *state.pledges})


def _proceed(act: Act) -> CaseState:
    item = case_item(act.case)
    powers = _powers_here(item, act)
    if ACCEPT in powers:
        _accept(act)
    if item.kind == "immediate" and {ACCEPT, DECIDE} <= powers:
        _decide(act, item, granted=True, text="", basis="", result_number="")
        return act.case
    # Whoever may review goes on with the case where it is.
    if {ACCEPT, REVIEW, DECIDE} <= powers:
        return act.case
    return _forward(act, item)


def _powers_here(item: Item, act: Act) -> frozenset[str]:
    place = place_of(act.here.division, act.here.level)
    allowed = item_authority(item, place=place, on=instant_date(act.at))
    return allowed.powers if isinstance(allowed, Allowed) else frozenset()


@transaction.atomic
def case_forward(*, case_id: UUID, actor: Actor, reason: str = "", at: Instant | None = None) -> CaseState:
    """Custody goes to whoever may do what this service point may not: the town, else the county. Raises NotDevolved
    where this service point is itself the one that decides."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return _forward(act, case_item(act.case), reason=reason)


def _forward(act: Act, item: Item, *, reason: str = "") -> CaseState:
    target, power = next_holder(item, act.case, act.here, act.at)
    if target == act.here.node:
        # On the core the hall and the departments are one custodian; the work queue says whose turn it is.
        return act.case
    return act.append(b.CaseForwarded(to=target, power=power, department=item.department, reason=reason))


def next_holder(item: Item, state: CaseState, here: Here, at: Instant) -> tuple[str, str]:
    """(node, power): who gets the case next, and for what. A linked town that may decide, else the core."""
    power = ACCEPT if state.accepted_at is None else REVIEW
    place = place_of(here.division, here.level)
    if place.above and here.level == "village":
        town = f"{place.above[0]}-{HALL_STATION}"
        allowed = item_authority(item, place=place_of(place.above[0], "town"), on=instant_date(at))
        if town in here.peers and isinstance(allowed, Allowed) and DECIDE in allowed.powers:
            return town, power
    return CORE, power


@transaction.atomic
def result_deliver(
    *, case_id: UUID, actor: Actor, how: str, receiver: str, receiver_id: str = "", tracking: str = "",
    at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """The applicant has the result. `how`: window, agent, mail, locker, electronic. Source: 行政许可法 Art. 44."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.ResultDelivered(how=how, receiver=receiver, receiver_id=receiver_id, tracking=tracking))


@transaction.atomic
def material_receive(
    *, case_id: UUID, actor: Actor, material: str, how: str, count: int = 1, note: str = "",
    attachments: tuple[b.AttachmentRef, ...] = (), at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """A material is in, whoever has the case."""
    act = act_on(case_id, actor, at=at, needs_custody=False)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.MaterialReceived(material=material, how=how, count=count, attachments=attachments, note=note))


@transaction.atomic
def note_add(*, case_id: UUID, actor: Actor, text: str, at: Instant | None = None) -> CaseState:
    act = act_on(case_id, actor, at=at, needs_custody=False)
    return act.append(b.NoteAdded(text=text))


@transaction.atomic
def case_withdraw(*, case_id: UUID, actor: Actor, reason: str, at: Instant | None = None) -> CaseState:
    """The applicant takes the application back before it is decided."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.CaseWithdrawn(reason=reason))


@transaction.atomic
def case_terminate(*, case_id: UUID, actor: Actor, reason: str, at: Instant | None = None) -> CaseState:
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_DECIDE)
    return act.append(b.CaseTerminated(reason=reason))


@transaction.atomic
def custody_take(*, case_id: UUID, actor: Actor, reason: str, at: Instant | None = None) -> CaseState:
    """The county has the case although its custodian never let go (lost or revoked node). Only on the core."""
    act = act_on(case_id, actor, at=at, needs_custody=False)
    role_require(actor, "county_admin", "supervisor")
    return act.take_custody(reason)
