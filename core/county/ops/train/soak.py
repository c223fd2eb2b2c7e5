"""Waiting until the county has judged a batch: it ends as soon as every verdict is there, at the latest in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .county import CountyUnread
from .soaking import Fleet, Report, Verdict, judge

#: Nodes write a status every 15 s, and no sooner can the county know better.
PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Soaked:
    """One machine of the batch: its name at the county, how it was, when it says that it switched."""

    node: str
    before: Report
    since: datetime


def soak(
    batch: Mapping[str, Soaked], *, version: str, fleet: Callable[[], Fleet], seconds: float,
    pause: float = PAUSE_SECONDS, told: Callable[[int], None] = lambda good: None,
) -> dict[str, Verdict]:  # fmt: skip
    """The verdict on every host. Raises CountyUnread where the county did not answer when the time was over."""
    deadline = time.monotonic() + seconds
    verdicts: dict[str, Verdict] = {}
    while batch:
        trouble: CountyUnread | None = None
        try:
            seen = fleet().by_node()
            verdicts = {
                name: judge(one.before, seen.get(one.node), version=version, since=one.since)
                for name, one in batch.items()
            }  # fmt: skip
        except CountyUnread as error:
            trouble = error
        told(sum(one.good for one in verdicts.values()))
        if verdicts and all(one.good or one.final for one in verdicts.values()):
            break
        left = deadline - time.monotonic()
        if left <= 0:
            if trouble is not None:
                raise trouble
            break
        # The county tells nobody; whoever wants to know has to ask again.
        threading.Event().wait(min(pause, left))
    return verdicts
