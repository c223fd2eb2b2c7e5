"""What of a machine's work has not reached the county: by the machine's word, and by how far the core has read. Pure.

The word is another machine's: a number that is out of range is None, which is unknown and not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

#: A status as it was kept: its fields by name (core.domain.journal.format.NodeStatus).
Said = Mapping[str, Any]
#: More of anything countable no machine has.
MANY: Final = 10**9
_YEARS_10_S: Final = 10 * 366 * 24 * 3600


@dataclass(frozen=True)
class Waiting:
    """`entries` and `cases` that wait at the machine, the age of the oldest entry (seconds, 0: none waits), and the
    cases of them that are due soon or overdue."""

    entries: int | None
    oldest_s: float | None
    cases: int | None
    due_soon: int | None


NOTHING: Final = Waiting(entries=0, oldest_s=0, cases=0, due_soon=0)


def sealed_of(said: Said) -> int:
    """The number of the machine's last act when it spoke, sealed or not; 0 where its version does not say."""
    return whole(said, "up_seq", 0, 1 << 62) or 0


def has_arrived(said: Said, applied: int) -> bool:
    """Whether the core, which has read the machine's stream up to `applied`, has all there was when it spoke.

    A version that does not say how far it is is taken at its word until its next one.
    """
    return 0 < sealed_of(said) <= applied


def waiting_of(said: Said, *, applied: int, soon: date, since_s: float | None) -> Waiting:
    """What waits there now, `since_s` after it spoke (None: nobody knows when); `soon` is the last day that is soon."""
    if has_arrived(said, applied):
        return NOTHING
    entries, age = whole(said, "waiting", 0, MANY), whole(said, "oldest_waiting_s", 0, _YEARS_10_S)
    # What it said of its oldest entry was true when it spoke; if that still waits, it has aged since.
    aged = None if age is None or since_s is None else age + since_s
    return Waiting(
        entries=entries, oldest_s=0 if entries == 0 else aged, cases=whole(said, "waiting_cases", 0, MANY),
        due_soon=due_until(said.get("waiting_due"), soon),
    )  # fmt: skip


def due_until(due: object, last: date) -> int | None:
    """How many cases of (day, cases) fall due up to the day `last`, those that are overdue with them."""
    if not isinstance(due, list):
        return None
    until = last.toordinal()
    pairs = [one for one in due if isinstance(one, list) and len(one) == 2]
    return sum(cases for day, cases in pairs
               if type(day) is int and type(cases) is int and 0 < day <= until and 0 <= cases <= MANY)  # fmt: skip


def whole(said: Said, key: str, low: int, high: int) -> int | None:
    """The field, where it is a whole number of this range."""
    value = said.get(key)
    return value if type(value) is int and low <= value <= high else None
