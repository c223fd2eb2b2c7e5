"""Who may do what: roles, and the powers of the place where it is done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from ...catalogue.authority import ACCEPT, DECIDE, REVIEW, Allowed
from ...catalogue.documents import Item, Limit
from ...catalogue.selectors import item_get
from ...journal import bodies as b
from ...journal.place import CORE, Here
from ...staff.actors import Actor
from ..errors import ReasonMissing
from ..intake import COUNTER_ROLES, authority_here, power_require
from ..state import CaseState
from ..writing import Act

ROLES_ACCEPT: Final = (*COUNTER_ROLES, "reviewer", "approver")
ROLES_REVIEW: Final = ("reviewer", "approver")
ROLES_DECIDE: Final = ("approver",)
#: In whose hands a department's power lies.
POWER_ROLES: Final = {ACCEPT: ROLES_ACCEPT, REVIEW: ROLES_REVIEW, DECIDE: ROLES_DECIDE}


def roles_deciding(item: Item) -> tuple[str, ...]:
    """Who decides the item's cases: at the counter too, where the item is done at once."""
    return (*ROLES_DECIDE, *COUNTER_ROLES) if item.kind == "immediate" else ROLES_DECIDE


def limits_of(item: Item) -> tuple[b.LimitValue, b.LimitValue]:
    """(legal, promised) as they stand in the item on the day of acceptance."""

    def value(limit: Limit) -> b.LimitValue:
        return b.LimitValue(value=limit.value, unit=limit.unit)

    return value(item.legal_limit), value(item.promised_limit)


def case_item(state: CaseState) -> Item:
    """The item in the version the case pinned."""
    return item_get(state.item_code, state.item_version)


def departments_of(item: Item) -> frozenset[str]:
    """The item's owner and every department of its flow."""
    return frozenset({item.department}).union(*(stage.departments for stage in item.flow))


def departments_concerned(state: CaseState, item: Item) -> frozenset[str]:
    """Whoever may look at the case: the item's owner and every department of its flow, planned or opened."""
    return departments_of(item).union(*(stage.departments for stage in state.stages))


def entitled_require(item: Item, act: Act, power: str, *, roles: Collection[str] = ()) -> None:
    """At the county the item's department has the power, and to review every department of its flow, by somebody with
    one of `roles` (by default those the power asks for) in that department; elsewhere the service point must have it.

    Raises NotDevolved.
    """
    if act.here.node == CORE and _is_entitled(item, act.actor, power, roles or POWER_ROLES[power]):
        return
    power_require(item, act, power)


def powers_entitled(item: Item, actor: Actor) -> frozenset[str]:
    """The powers the person has over the item's cases at the county, by their posts in its departments."""
    roles = POWER_ROLES | {DECIDE: roles_deciding(item)}
    return frozenset(power for power, having in roles.items() if _is_entitled(item, actor, power, having))


def _is_entitled(item: Item, actor: Actor, power: str, roles: Collection[str]) -> bool:
    entitled = departments_of(item) if power == REVIEW else frozenset({item.department})
    return bool(actor.departments_as(roles) & entitled)


def powers_devolved(item: Item, here: Here, on: date) -> frozenset[str]:
    """What this service point may do with the item on that day."""
    allowed = authority_here(item, here, on)
    return allowed.powers if isinstance(allowed, Allowed) else frozenset()


def words_require(text: str, act: str) -> str:
    """The words, trimmed. Raises ReasonMissing where there are none."""
    text = text.strip()
    if not text:
        raise ReasonMissing(act=act)
    return text
