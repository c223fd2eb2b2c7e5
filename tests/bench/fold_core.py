"""The part of `fold`: one process without Django."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from core.domain.cases.fold import fold
from core.domain.cases.merge import merge
from core.domain.cases.state import CaseState, state_bytes, state_hash
from core.domain.journal.format import Entry

from .lives import lives
from .profiling import profiled

Lives = Sequence[Sequence[Entry]]


def measured(entries: int, repeat: int, profile: bool) -> dict[str, Any]:
    """Seconds of each run of fold, merge and the canonical form; MB of the entries and of the states."""
    before = _resident_mb()
    cases = list(lives(entries))
    entries_mb = _resident_mb() - before
    # What is not under test is never looked at again by the collector, as in a process that read it from a file.
    gc.collect()
    gc.freeze()
    before = _resident_mb()
    states = _folded(cases)
    states_mb = _resident_mb() - before
    gc.freeze()
    busy = time.process_time()
    with profiled("fold" if profile else ""):
        fold_s = [_timed(lambda: _folded(cases)) for _ in range(repeat)]
    busy = time.process_time() - busy
    sizes = [len(state_bytes(state)) for state in states]
    return {
        "cases": len(cases), "kinds": len({entry.kind for life in cases for entry in life}), "fold_s": fold_s,
        "busy_s": busy / repeat,
        "merge_s": [_timed(lambda: _merged(cases)) for _ in range(repeat)],
        "form_s": [_timed(lambda: [state_hash(state_bytes(state)) for state in states]) for _ in range(repeat)],
        "entries_mb": entries_mb, "states_mb": states_mb, "state_bytes": sum(sizes) / len(sizes),
    }  # fmt: skip


def _folded(cases: Lives) -> list[CaseState]:
    states = []
    for life in cases:
        state: CaseState | None = None
        for entry in life:
            state = fold(state, entry)
        assert state is not None
        states.append(state)
    return states


def _merged(cases: Lives) -> None:
    for life in cases:
        merged = merge(None, life)
        # Figures of lives that are refused or out of order would mean nothing.
        if merged.refused or merged.parked or merged.flagged:
            raise RuntimeError(f"{merged.refused or merged.parked or merged.flagged}")


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
