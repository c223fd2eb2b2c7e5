"""Where the time goes: cProfile around what is timed, kept under var/bench."""

from __future__ import annotations

import cProfile
from collections.abc import Iterator
from contextlib import contextmanager

from .frame import BENCH_DIR


@contextmanager
def profiled(name: str) -> Iterator[None]:
    """var/bench/<name>.prof holds the profile of what ran within; nothing is done for ""."""
    if not name:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(BENCH_DIR / f"{name}.prof")
