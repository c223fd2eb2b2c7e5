"""Entries from another machine > rows: a few statements a segment, never a few per entry.

The same fold as the counter's. What comes too early is parked, what may not count is kept and flagged; nothing is
dropped (sync.md, Reading).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from ..journal.clock import physical_ms
from ..journal.format import Entry
from ..journal.rows import rows_insert, rows_with
from ..journal.selectors import entries_by_id, entries_of_cases, entry_ids_known
from ..journal.services import entries_store
from .lifecycle import RULES
from .merge import NOT_A_CASE, Merged, merge, replay
from .models import Case, Flag, ParkedEntry
from .state import CaseState, state_decode
from .writing import CLOCK_UNCERTAIN, attachments_write, flags_write, states_write

_log = structlog.get_logger(__name__)
#: Says which of the entries that were applied, each with its case's state now, were not their author's to write, and
#: why; the core judges by the catalogue, a whole segment at once.
Judge = Callable[[Sequence[tuple[CaseState, Entry]]], list[tuple[Entry, str]]]


@dataclass
class Applied:
    """What a batch did: `states` that changed (with how they stood before), entries that counted, new flags."""

    states: list[CaseState] = field(default_factory=list)
    before: dict[UUID, CaseState | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    flags: list[tuple[Entry, str]] = field(default_factory=list)


def entries_apply(entries: Iterable[Entry], *, judge: Judge | None = None) -> Applied:
    """The entries stand in the journal, and the cases' rows are what they fold to. Call inside a transaction.

    Entries seen before change nothing; neither do entries about the node itself, which are not kept here.
    """
    done = Applied()
    unique = {entry.id: entry for entry in entries if entry.case_id is not None or entry.kind in RULES}
    for known in entry_ids_known(unique):
        del unique[known]
    if not unique:
        return done
    entries_store(unique.values())
    done.flags += [(entry, NOT_A_CASE) for entry in unique.values() if entry.case_id is None]
    by_case = _grouped(unique.values())
    parked = _unpark(by_case)
    states = _states_load(by_case)
    still_parked: dict[UUID, Entry] = {}
    settled = {case_id: merge(states.get(case_id), arrived) for case_id, arrived in by_case.items()}
    _replay(settled, {entry.id for arrived in by_case.values() for entry in arrived})
    for case_id, merged in settled.items():
        done.before[case_id] = states.get(case_id)
        _collect(merged, states.get(case_id), done, still_parked)
    if judge is not None:
        done.flags += judge([(merged.state, entry) for merged in settled.values() if merged.state is not None
                             for entry in merged.applied])  # fmt: skip
    _parked_write(parked, still_parked)
    attachments_write(done.entries)
    states_write(done.states)
    flags_write(done.flags, done.entries)
    _log_applied(settled)
    return done


def _log_applied(settled: dict[UUID, Merged]) -> None:
    """What became of each entry, for who looks closely (YIZHAN_LOG_LEVEL=DEBUG)."""
    if not logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
        return
    for merged in settled.values():
        number = merged.state.number if merged.state else ""
        told = {"entry_applied": merged.applied, "entry_parked": merged.parked,
                "entry_refused": [entry for entry, _ in merged.refused]}  # fmt: skip
        for event, entries in told.items():
            for entry in entries:
                _log.debug(event, entry=entry.id, kind=entry.kind, rev=entry.rev, author=entry.author,
                           trace=entry.trace, case=number)  # fmt: skip


def _grouped(entries: Iterable[Entry]) -> dict[UUID, list[Entry]]:
    by_case: dict[UUID, list[Entry]] = {}
    for entry in entries:
        if entry.case_id is not None:
            by_case.setdefault(entry.case_id, []).append(entry)
    return by_case


def _unpark(by_case: dict[UUID, list[Entry]]) -> set[UUID]:
    """Puts what was parked for these cases before what arrived, in the order it came; returns the ids."""
    since = dict(rows_with(ParkedEntry, "case_id", by_case).values_list("entry_id", "parked_at_ms"))
    waited = entries_by_id(since) if since else []
    for case_id, parked in _grouped(sorted(waited, key=lambda entry: (since[entry.id], entry.at, entry.id))).items():
        by_case[case_id] = parked + by_case[case_id]
    return set(since)


def _states_load(by_case: dict[UUID, list[Entry]]) -> dict[UUID, CaseState]:
    # In key order, so that two readers of one tenant never wait for each other in a ring.
    rows = rows_with(Case, "id", by_case).order_by("pk").select_for_update()
    return {key: state_decode(bytes(wire)) for key, wire in rows.values_list("pk", "state")}


def _replay(settled: dict[UUID, Merged], arrived: Container[UUID]) -> None:
    """Cases of which the county took custody below the rev reached here are what all their entries make of them.

    Of such a case only what changes sides, or is new, counts as news; flags say on which side an entry stands now.
    """
    cases = [case_id for case_id, merged in settled.items() if merged.needs_replay]
    if not cases:
        return
    refused = set(Flag.objects.filter(case_id__in=cases, applied=False).values_list("entry_id", flat=True))
    counts: list[UUID] = []
    for case_id, entries in _grouped(entries_of_cases(cases)).items():
        merged = replay(entries, refused=refused)
        counts += [entry.id for entry in merged.applied]
        news = {entry.id for entry in merged.applied if entry.id in refused or entry.id in arrived}
        merged.applied = [entry for entry in merged.applied if entry.id in news]
        merged.flagged = [(entry, reason) for entry, reason in merged.flagged if entry.id in news]
        merged.refused = [(entry, reason) for entry, reason in merged.refused if entry.id not in refused]
        settled[case_id] = merged
    flags = Flag.objects.filter(case_id__in=cases)
    flags.filter(entry_id__in=counts, applied=False).update(applied=True, resolved=False)
    flags.exclude(entry_id__in=counts).filter(applied=True).update(applied=False, resolved=False)


def _collect(merged: Merged, before: CaseState | None, done: Applied, still_parked: dict[UUID, Entry]) -> None:
    if merged.state is not None and merged.state != before:
        done.states.append(merged.state)
    done.entries += merged.applied
    done.flags += merged.refused + merged.flagged
    done.flags += [(entry, CLOCK_UNCERTAIN) for entry in merged.applied if entry.clock_uncertain]
    still_parked.update({entry.id: entry for entry in merged.parked})


def _parked_write(before: set[UUID], now: dict[UUID, Entry]) -> None:
    gone = before - now.keys()
    if gone:
        ParkedEntry.objects.filter(pk__in=gone).delete()
    rows = [(e.id, e.case_id, e.rev, physical_ms()) for e in now.values() if e.id not in before]
    rows_insert(ParkedEntry, ("entry_id", "case_id", "rev", "parked_at_ms"), rows, unique=("entry_id",))
