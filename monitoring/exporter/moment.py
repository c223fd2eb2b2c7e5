"""The moment a scrape is about, and what its collectors share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date

from core.county.watch.selectors import due_soon_until
from core.domain.cases.deadlines import WorkCalendar
from core.domain.journal.clock import physical_ms, today


@dataclass(frozen=True)
class Moment:
    """`now_ms` is the county's clock (ahead in a training county), `unix` the machine's, seconds; `soon` is the last
    day that counts as soon."""

    unix: float
    now_ms: int
    today: date
    soon: date


@dataclass
class Across:
    """What one pass over all tenants' schemas found (tenants.py)."""

    #: How far the core has read a node's stream, by (node, epoch).
    applied: dict[tuple[str, int], int] = field(default_factory=dict)
    #: Open cases that a node has and that are due soon, by node.
    due_soon: dict[str, int] = field(default_factory=dict)


def moment(calendar: WorkCalendar | None = None) -> Moment:
    """Now, by the county's calendar."""
    day = today()
    soon = due_soon_until(calendar, today=day)
    return Moment(unix=time.time(), now_ms=physical_ms(), today=day, soon=soon)
