"""Entries from another machine > rows: a few statements a segment, never a few per entry.

The same fold as the counter's. What comes too early is parked, what may not count is kept and flagged; nothing is
dropped (sync.md, Reading).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ..journal.clock import physical_ms
from ..journal.format import Entry
from ..journal.rows import rows_insert
from ..journal.selectors import entries_by_id, entries_of_case, entry_ids_known
from ..journal.services import entries_store
from .lifecycle import RULES
from .merge import Merged, merge, replay
from .models import Case, ParkedEntry
from .state import CaseState, state_decode
from .writing import CLOCK_UNCERTAIN, attachments_write, flags_write, states_write

#: Says what is wrong with an entry that was applied ("" where nothing is); the core judges by the catalogue.
Judge = Callable[[CaseState, Entry], str]
UNKNOWN_CASE = "unknown_case"
NOT_A_CASE = "not_a_case"


@dataclass
class Applied:
    """What a batch did: `states` that changed (with how they stood before), entries that counted, new flags."""

    states: list[CaseState] = field(default_factory=list)
    before: dict[UUID, CaseState | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    flags: list[tuple[Entry, str]] = field(default_factory=list)


def entries_apply(entries: Iterable[Entry], *, judge: Judge | None = None) -> Applied:
    """The entries stand in the journal, and the cases' rows are what they fold to. Call inside a transaction.

    Entries seen before change nothing; neither do entries that are not about a case.
    """
    done = Applied()
    unique = {entry.id: entry for entry in entries if entry.case_id is not None}
    for known in entry_ids_known(unique):
        del unique[known]
    if not unique:
        return done
    entries_store(unique.values())
    by_case = _grouped(unique.values())
    parked = _unpark(by_case)
    states = _states_load(by_case)
    still_parked: dict[UUID, Entry] = {}
    for case_id, arrived in by_case.items():
        done.before[case_id] = states.get(case_id)
        merged = _settle(case_id, states.get(case_id), arrived)
        _collect(merged, states.get(case_id), done, still_parked, judge)
    _parked_write(parked, still_parked)
    attachments_write(done.entries)
    states_write(done.states)
    flags_write(done.flags, done.entries)
    return done


def _grouped(entries: Iterable[Entry]) -> dict[UUID, list[Entry]]:
    by_case: dict[UUID, list[Entry]] = {}
    for entry in entries:
        assert entry.case_id is not None
        by_case.setdefault(entry.case_id, []).append(entry)
    return by_case


def _unpark(by_case: dict[UUID, list[Entry]]) -> set[UUID]:
    """Adds what was parked for these cases to what arrived; returns the ids."""
    ids = set(ParkedEntry.objects.filter(case_id__in=list(by_case)).values_list("entry_id", flat=True))
    for entry in entries_by_id(ids) if ids else []:
        assert entry.case_id is not None
        by_case[entry.case_id].append(entry)
    return ids


def _states_load(by_case: dict[UUID, list[Entry]]) -> dict[UUID, CaseState]:
    # In key order, so that two readers of one tenant never wait for each other in a ring.
    rows = Case.objects.filter(pk__in=list(by_case)).order_by("pk").select_for_update()
    return {key: state_decode(bytes(wire)) for key, wire in rows.values_list("pk", "state")}


def _settle(case_id: UUID, state: CaseState | None, arrived: Sequence[Entry]) -> Merged:
    merged = merge(state, arrived)
    return replay(entries_of_case(case_id)) if merged.needs_replay else merged


def _collect(
    merged: Merged, before: CaseState | None, done: Applied, still_parked: dict[UUID, Entry], judge: Judge | None
) -> None:
    if merged.state is not None and merged.state != before:
        done.states.append(merged.state)
    done.entries += merged.applied
    done.flags += merged.refused + merged.flagged
    done.flags += [(entry, CLOCK_UNCERTAIN) for entry in merged.applied if entry.clock_uncertain]
    still_parked.update({entry.id: entry for entry in merged.parked})
    if judge is not None and merged.state is not None:
        for entry in merged.applied:
            if RULES.get(entry.kind) and (reason := judge(merged.state, entry)):
                done.flags.append((entry, reason))


def _parked_write(before: set[UUID], now: dict[UUID, Entry]) -> None:
    gone = before - now.keys()
    if gone:
        ParkedEntry.objects.filter(pk__in=gone).delete()
    rows = [(e.id, e.case_id, e.rev, physical_ms()) for e in now.values() if e.id not in before]
    rows_insert(ParkedEntry, ("entry_id", "case_id", "rev", "parked_at_ms"), rows, unique=("entry_id",))
