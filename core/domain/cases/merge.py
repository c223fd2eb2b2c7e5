"""Which of the entries at hand make up a case, whatever order they came in. Pure. No Django here.

The definition is `replay`: at each rev the one entry the custodian wrote, or the county's `custody.taken`, which
wins over anything a lost node wrote at that rev or after; commuting entries by id. `merge` reaches the same
state from where the case stands, without its history, and says `replay` where it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..journal.bodies import CaseOpened, CustodyTaken
from ..journal.format import Entry
from .fold import fold
from .lifecycle import RULES
from .state import CaseState

CORE = "core"
#: Why an entry is kept but does not count (or counts with a mark); stands on the conflict desk.
NOT_CUSTODIAN = "not_custodian"
CONFLICT = "conflict"
ILLEGAL = "illegal_transition"


@dataclass
class Merged:
    """`state` after all entries that could be applied; the rest is `parked` (too early) or `refused` (with why)."""

    state: CaseState | None
    applied: list[Entry] = field(default_factory=list)
    parked: list[Entry] = field(default_factory=list)
    refused: list[tuple[Entry, str]] = field(default_factory=list)
    #: Applied, because a node's act is a fact, but outside the procedure.
    flagged: list[tuple[Entry, str]] = field(default_factory=list)
    #: The county took custody below the rev this copy has reached: replay the case from all its entries.
    needs_replay: bool = False


def _apply(merged: Merged, entry: Entry) -> None:
    if merged.state is not None and merged.state.status not in RULES[entry.kind].allowed:
        merged.flagged.append((entry, ILLEGAL))
    merged.state = fold(merged.state, entry)
    merged.applied.append(entry)


def _may_write(state: CaseState | None, entry: Entry) -> bool:
    if state is None:
        return isinstance(entry.body, CaseOpened)
    if isinstance(entry.body, CustodyTaken):
        return entry.author == CORE
    return entry.author == state.custodian


def merge(state: CaseState | None, entries: Iterable[Entry]) -> Merged:
    """Apply what follows `state`. `entries` are of one case, none of them applied before (the journal saw to that)."""
    merged = Merged(state=state)
    commuting: list[Entry] = []
    ordered: list[Entry] = []
    for entry in entries:
        (ordered if entry.rev else commuting).append(entry)
    ordered.sort(key=lambda entry: (entry.rev, not isinstance(entry.body, CustodyTaken), entry.id))
    for entry in ordered:
        reached = merged.state.rev if merged.state else 0
        if entry.rev <= reached:
            if isinstance(entry.body, CustodyTaken) and entry.author == CORE:
                merged.needs_replay = True
            merged.refused.append((entry, CONFLICT))
        elif entry.rev > reached + 1:
            merged.parked.append(entry)
        elif _may_write(merged.state, entry):
            _apply(merged, entry)
        else:
            merged.refused.append((entry, NOT_CUSTODIAN))
    for entry in sorted(commuting, key=lambda entry: entry.id):
        if merged.state is None:
            merged.parked.append(entry)
        else:
            _apply(merged, entry)
    return merged


def replay(entries: Iterable[Entry]) -> Merged:
    """The case from all its entries, duplicates among them. The order they are given in does not matter."""
    unique = {entry.id: entry for entry in entries}
    return merge(None, unique.values())
