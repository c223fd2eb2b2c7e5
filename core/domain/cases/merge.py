"""Which of the entries at hand make up a case, whatever order they came in. Pure. No Django here.

The definition is `replay`: at each rev the one entry the custodian wrote, or the county's `custody.taken`, which
wins over anything a lost node wrote at that rev or after; commuting entries by id. `merge` reaches the same
state from where the case stands, without its history, and says `replay` where it cannot.

Should a custodian write two entries at one rev (a cloned machine), the one that came first in its stream stands and
the other is a conflict: a later entry never changes what was read, whatever time or id it claims. A stream has one
order for all its readers, so they agree on which that is.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from ..journal.bodies import COMMUTING, CaseOpened, CustodyTaken
from ..journal.format import Entry
from .fold import fold
from .lifecycle import RULES
from .state import CaseState

CORE = "core"
#: Why an entry is kept but does not count (or counts with a mark); stands on the conflict desk.
NOT_CUSTODIAN = "not_custodian"
CONFLICT = "conflict"
ILLEGAL = "illegal_transition"
UNKNOWN_CASE = "unknown_case"
#: It carries rev 0 although its kind does not commute, or the other way round, or is not about a case at all.
NOT_A_CASE = "not_a_case"


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


def _is_illegal(state: CaseState, entry: Entry) -> bool:
    if state.status in RULES[entry.kind].allowed:
        return False
    # What commutes is read in no order: a material of a case that was open then is in order, though it has ended since.
    return bool(entry.rev) or (state.ended_at is not None and entry.at > state.ended_at)


def _apply(merged: Merged, entry: Entry) -> None:
    if merged.state is not None and _is_illegal(merged.state, entry):
        merged.flagged.append((entry, ILLEGAL))
    merged.state = fold(merged.state, entry)
    merged.applied.append(entry)


def _is_takeover(entry: Entry) -> bool:
    return isinstance(entry.body, CustodyTaken) and entry.author == CORE


def _may_write(state: CaseState | None, entry: Entry) -> bool:
    if state is None:
        return isinstance(entry.body, CaseOpened)
    if isinstance(entry.body, CustodyTaken):
        return entry.author == CORE
    # Whoever knew that the case came back to them wrote after that: what is older was written while it was taken away.
    given_at = state.routing.at if state.routing is not None else 0
    return entry.author == state.custodian and entry.at > given_at


def is_well_formed(entry: Entry) -> bool:
    """Whether the entry's kind is about a case, and its rev is 0 exactly where the kind commutes."""
    return entry.case_id is not None and entry.kind in RULES and (entry.rev == 0) == (entry.kind in COMMUTING)


def merge(state: CaseState | None, entries: Iterable[Entry]) -> Merged:
    """Apply what follows `state`. `entries` are of one case, none of them applied before (the journal saw to that), in
    the order they were read."""
    merged = Merged(state=state)
    commuting: list[Entry] = []
    ordered: list[Entry] = []
    for entry in entries:
        if is_well_formed(entry):
            (ordered if entry.rev else commuting).append(entry)
        else:
            merged.refused.append((entry, NOT_A_CASE))
    # A stable sort: at one rev the order of reading decides.
    ordered.sort(key=lambda entry: (entry.rev, not _is_takeover(entry)))
    for entry in ordered:
        reached = merged.state.rev if merged.state else 0
        if entry.rev <= reached:
            if _is_takeover(entry):
                merged.needs_replay = True
            merged.refused.append((entry, CONFLICT))
        elif entry.rev > reached + 1:
            merged.parked.append(entry)
        elif _may_write(merged.state, entry):
            _apply(merged, entry)
        else:
            merged.refused.append((entry, UNKNOWN_CASE if merged.state is None else NOT_CUSTODIAN))
    for entry in sorted(commuting, key=lambda entry: entry.id):
        if merged.state is None:
            merged.parked.append(entry)
        else:
            _apply(merged, entry)
    return merged


def replay(entries: Iterable[Entry], *, refused: Container[UUID] = frozenset()) -> Merged:
    """The case from all its entries, duplicates among them. The order they are given in does not matter.

    `refused` are those that did not count when they were read: at their rev they come after the one that did.
    """
    unique = {entry.id: entry for entry in entries}
    return merge(None, sorted(unique.values(), key=lambda entry: (entry.id in refused, entry.at, entry.id)))
