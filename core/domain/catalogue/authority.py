"""authority(item, place, on) > Allowed | Denied: the one question every counter asks. Pure. No Django here.

Source: the county's devolution (下放): 直接下放, 委托下放, 服务前移. The owner of an item has all powers where it has
its seat; everybody else has what a grant gives them, there and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from .documents import Grant, Item

ACCEPT: Final = "accept"
REVIEW: Final = "review"
DECIDE: Final = "decide"
ALL_POWERS: Final = frozenset({ACCEPT, REVIEW, DECIDE})

# Why not; the page words them.
NOT_DEVOLVED: Final = "not_devolved"
WITHDRAWN: Final = "withdrawn"
NOT_YET_VALID: Final = "not_yet_valid"
CATALOGUE_STALE: Final = "catalogue_stale"

#: Take the application in and send it on, without accepting it.
FORWARD: Final = "forward"
#: Nothing can be done here.
NOTHING: Final = "nothing"


@dataclass(frozen=True)
class Place:
    """Where the question is asked: a division, its level, and the divisions above it (nearest first)."""

    division: str
    level: str
    above: tuple[str, ...] = ()


@dataclass(frozen=True)
class Allowed:
    powers: frozenset[str]
    grant: Grant | None = None


@dataclass(frozen=True)
class Denied:
    reason: str
    fallback: str
    #: USCC of the department that decides.
    department: str


Authority = Allowed | Denied


def grant_covers(grant: Grant, place: Place, on: date) -> bool:
    """Whether the grant is in force at this place on this day."""
    if grant.valid_from is not None and on < grant.valid_from:
        return False
    if grant.valid_to is not None and on > grant.valid_to:
        return False
    if place.division in grant.divisions:
        return True
    return bool(grant.level) and grant.level == place.level and grant.below in place.above


def grant_powers(grant: Grant) -> frozenset[str]:
    """What a grant gives: 服务前移 accepts and checks only, whatever else is written in it."""
    return frozenset(grant.powers) & {ACCEPT} if grant.mode == "front_loaded" else frozenset(grant.powers)


def authority(
    *,
    item: Item,
    grants: Sequence[Grant],
    place: Place,
    owner_division: str,
    on: date,
    catalogue_age_days: int = 0,
    catalogue_max_age_days: int = 0,
    withdrawn: bool = False,
) -> Authority:
    """What may be done with `item` at `place` on `on`. Ages in days; a maximum of 0 means no limit.

    `grants` are the item's. Of several that cover the place, their powers add up and the one that gives most is named.
    """
    if withdrawn or (item.valid_to is not None and on > item.valid_to):
        return Denied(reason=WITHDRAWN, fallback=NOTHING, department=item.department)
    if item.valid_from is not None and on < item.valid_from:
        return Denied(reason=NOT_YET_VALID, fallback=NOTHING, department=item.department)
    if place.division == owner_division:
        return Allowed(powers=ALL_POWERS)
    if catalogue_max_age_days and catalogue_age_days > catalogue_max_age_days:
        return Denied(reason=CATALOGUE_STALE, fallback=FORWARD, department=item.department)
    covering = [grant for grant in grants if grant.item_code == item.item_code and grant_covers(grant, place, on)]
    powers = frozenset[str]().union(*(grant_powers(grant) for grant in covering))
    if not powers:
        return Denied(reason=NOT_DEVOLVED, fallback=FORWARD, department=item.department)
    best = max(covering, key=lambda grant: (len(grant_powers(grant)), grant.code))
    return Allowed(powers=powers, grant=best)
