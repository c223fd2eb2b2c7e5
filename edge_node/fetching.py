"""Fetching the county's software within a month's data: the rollout folder is shut, but for the maintenance hour.

A village's line is paid by the megabyte. Syncthing says how much a folder still lacks as soon as it has heard what the
other side has, long before it has fetched it; so what would cost more than is left is not begun.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.transport import spool
from core.transport.syncthing import SyncthingClient

#: Beside the database: bytes of software fetched, by month.
LEDGER: Final = "software.json"
LOOK_SECONDS: Final = 5.0
#: So long nothing new is heard before what is here counts as all there is.
QUIET_SECONDS: Final = 30.0
#: So long what is wanted is waited for while nothing comes.
AWAITED_SECONDS: Final = 600.0
MB: Final = 1_000_000


@dataclass(frozen=True)
class Fetched:
    """`outcome`: nothing (no such folder) | whole | over_budget | unfinished (goes on at the next hour) | not_offered
    (what was wanted is not there, and nothing comes)."""

    outcome: str
    fetched: int = 0
    lacking: int = 0


def spent(base: Path, month: str) -> int:
    """Bytes of software fetched in the month ("2026-11")."""
    try:
        return int(json.loads((base / LEDGER).read_text(encoding="utf-8")).get(month, 0))
    except (FileNotFoundError, ValueError, AttributeError):
        return 0


def fetch(
    client: SyncthingClient, folder: str, base: Path, *, month: str, budget: int, seconds: float,
    lies: Callable[[], bool] | None = None, pause: Callable[[float], None] = time.sleep,
) -> Fetched:  # fmt: skip
    """The rollout folder was open for at most `seconds` and is shut again; `budget` in bytes a month, 0: no limit.

    With `lies` it is shut as soon as that says that what is wanted is here, whatever else the folder offers.
    Raises SyncthingError; the folder may then be open until the next call.
    """
    if folder not in client.folder_ids():
        return Fetched("nothing")
    client.folder_pause(folder, paused=False)
    try:
        before = _lying(client, folder)
        left = budget - spent(base, month) if budget else None
        outcome, lacking = _watch(client, folder, left=left, seconds=seconds, lies=lies, pause=pause)
        fetched = max(0, _lying(client, folder) - before)
    finally:
        client.folder_pause(folder, paused=True)
    ledger = {month: spent(base, month) + fetched}
    spool.file_replace(base, LEDGER, json.dumps(ledger).encode())
    return Fetched(outcome, fetched, lacking)


def _watch(
    client: SyncthingClient, folder: str, *, left: int | None, seconds: float, lies: Callable[[], bool] | None,
    pause: Callable[[float], None],
) -> tuple[str, int]:  # fmt: skip
    quiet = waited = 0.0
    while True:
        said = client.folder_status(folder)
        lacking = int(said.get("needBytes", 0))
        if left is not None and lacking > left:
            return "over_budget", lacking
        quiet = 0.0 if lacking or said.get("state") != "idle" else quiet + LOOK_SECONDS
        if lies is not None and lies():
            return "whole", lacking
        # What is wanted may still be on its way to the town: it is waited for, at no cost.
        if quiet >= (QUIET_SECONDS if lies is None else AWAITED_SECONDS):
            return "whole" if lies is None else "not_offered", 0
        if waited >= seconds:
            return "unfinished", lacking
        # Syncthing tells of files that have come, not of what it will lack; looking is all there is.
        pause(LOOK_SECONDS)
        waited += LOOK_SECONDS


def _lying(client: SyncthingClient, folder: str) -> int:
    """Bytes the folder holds here."""
    return int(client.folder_status(folder).get("localBytes", 0))
