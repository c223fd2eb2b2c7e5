"""Forwarding: village > town > county by what was devolved, and what a clerk is told of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from ...catalogue.authority import ACCEPT, ALL_POWERS, DECIDE, REVIEW, Allowed, Authority
from ...catalogue.documents import Item
from ...catalogue.selectors import authorities_of, item_authority, place_of
from ...journal import bodies as b
from ...journal.clock import Instant, instant_date
from ...journal.place import CORE, Here
from ...staff.actors import Actor
from ..intake import role_require
from ..lifecycle import require_allowed
from ..state import CaseState
from ..writing import Act, act_on
from .powers import ROLES_ACCEPT, case_item

HALL_STATION: Final = "01"


@transaction.atomic
def case_forward(*, case_id: UUID, actor: Actor, reason: str = "", at: Instant | None = None) -> CaseState:
    """Custody goes to the town that may decide, else to the county; on the core it stays there."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    require_allowed("case.forwarded", act.case.status)
    return forward(act, case_item(act.case), reason=reason)


def forward(act: Act, item: Item, *, reason: str = "") -> CaseState:
    target, power = next_holder(item, act.case, act.here, act.at)
    if target == act.here.node:
        # On the core the hall and the departments are one custodian; the work queue says whose turn it is.
        return act.case
    return act.append(b.CaseForwarded(to=target, power=power, department=item.department, reason=reason))


def next_holder(item: Item, state: CaseState, here: Here, at: Instant) -> tuple[str, str]:
    """(node, power): who gets the case next, and for what. A linked town that may decide, else the core."""
    power = ACCEPT if state.accepted_at is None else REVIEW if state.decision is None else "deliver"
    return (_town_that_decides(item, here, instant_date(at)) or CORE), power


def _town_that_decides(item: Item, here: Here, on: date) -> str:
    """The hall of the village's town where this machine has a link to it and it may decide; "" otherwise."""
    place = place_of(here.division, here.level)
    if not place.above or here.level != "village":
        return ""
    town = f"{place.above[0]}-{HALL_STATION}"
    allowed = item_authority(item, place=place_of(place.above[0], "town"), on=on)
    return town if town in here.peers and isinstance(allowed, Allowed) and DECIDE in allowed.powers else ""


@dataclass(frozen=True)
class RouteStep:
    """One place the case goes through, in order. `node` is "core" or a node id, `division` its place; `powers` are
    used there; `authority` says why (the grant), None for the item's own department at the county."""

    node: str
    division: str
    level: str
    powers: tuple[str, ...]
    department: str
    authority: Authority | None = None


def route_expected(item: Item, here: Here, *, on: date) -> tuple[RouteStep, ...]:
    """Who will accept, review and decide an application taken in here, and why: what the counter says beforehand.

    The first step is always this place (perhaps with no power but to take in and hand out).
    """
    table = authorities_of([item])
    own = table.authority(item, place=place_of(here.division, here.level), on=on)
    powers = own.powers if isinstance(own, Allowed) else frozenset()
    steps = [RouteStep(here.node, here.division, here.level, _ordered(powers), item.department, own)]
    # What is decided in one act has no review (_proceed in submitting.py).
    if powers >= ({ACCEPT, DECIDE} if item.kind == "immediate" else ALL_POWERS):
        return tuple(steps)
    town = _town_that_decides(item, here, on)
    if town:
        division = town.partition("-")[0]
        allowed = table.authority(item, place=place_of(division, "town"), on=on)
        given = allowed.powers if isinstance(allowed, Allowed) else frozenset()
        return (*steps, RouteStep(town, division, "town", _ordered(given - powers), item.department, allowed))
    return (*steps, RouteStep(CORE, "", "county", _ordered(ALL_POWERS - powers), item.department))


def _ordered(powers: frozenset[str]) -> tuple[str, ...]:
    return tuple(power for power in (ACCEPT, REVIEW, DECIDE) if power in powers)
