"""In which state a service point is, from its machine's figures: one table, the worst that holds counts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .limits import Limits

REVOKED: Final = "revoked"  #: Its machine was shut out.
NEVER: Final = "never"  #: No machine was ever heard of from here.
DUE: Final = "due"  #: Cases due soon have never reached the county.
HELD: Final = "held"  #: A stream from here or to here stands still.
SILENT: Final = "silent"  #: Not heard of for Limits.silent_s or longer.
STALE: Final = "stale"  #: Not heard of for Limits.stale_s: what is known of it may have changed.
WAITING: Final = "waiting"  #: On line, and yet something waits there for Limits.waiting_s.
FINE: Final = "fine"  #: Heard of lately, and nothing waits.


@dataclass(frozen=True)
class NodeFigures:
    """What is known of one machine. Ages in seconds; `quiet_s` None: it was never heard of.

    `due_soon` are cases that have facts at the machine which never reached the county, due soon or overdue; `waits_s`
    is the age of the oldest entry that waits there, 0 where none does.
    """

    enrolled: bool = True
    revoked: bool = False
    quiet_s: int | None = 0
    due_soon: int = 0
    held: int = 0
    waits_s: int = 0


#: What a citizen may lose comes before what a machine does not do.
RULES: Final[tuple[tuple[str, Callable[[NodeFigures, Limits], bool]], ...]] = (
    (REVOKED, lambda node, limits: node.revoked),
    (NEVER, lambda node, limits: not node.enrolled or node.quiet_s is None),
    (DUE, lambda node, limits: node.due_soon > 0),
    (HELD, lambda node, limits: node.held > 0),
    (SILENT, lambda node, limits: (node.quiet_s or 0) >= limits.silent_s),
    (STALE, lambda node, limits: (node.quiet_s or 0) >= limits.stale_s),
    (WAITING, lambda node, limits: node.waits_s >= limits.waiting_s),
    (FINE, lambda node, limits: True),
)
#: The worst first, as lists are sorted: what must be done comes before what is known and settled.
BY_URGENCY: Final = (DUE, HELD, SILENT, STALE, WAITING, NEVER, REVOKED, FINE)

ONLINE: Final = "online"


def state_of(node: NodeFigures, limits: Limits) -> str:
    """The first state of RULES that holds."""
    return next(state for state, holds in RULES if holds(node, limits))


def contact_of(quiet_s: int | None, limits: Limits) -> str:
    """How long ago a machine was heard of, as one of ONLINE, STALE, SILENT, NEVER."""
    if quiet_s is None:
        return NEVER
    if quiet_s >= limits.silent_s:
        return SILENT
    return STALE if quiet_s >= limits.stale_s else ONLINE
