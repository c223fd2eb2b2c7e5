"""Fetching the county's software within a month's data: the rollout folders are shut, but for the maintenance hour.

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

#: The folders software comes in (sync.md, Folders).
PREFIX: Final = "rollout"
#: Beside the database: bytes of software fetched, by month.
LEDGER: Final = "software.json"
LOOK_SECONDS: Final = 5.0
#: So long nothing new is heard before what is here counts as all there is.
QUIET_SECONDS: Final = 30.0
MB: Final = 1_000_000


@dataclass(frozen=True)
class Fetched:
    """`outcome`: nothing (no rollout folder) | whole | over_budget | unfinished (goes on at the next hour)."""

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
    client: SyncthingClient, base: Path, *, month: str, budget: int, seconds: float,
    pause: Callable[[float], None] = time.sleep,
) -> Fetched:  # fmt: skip
    """The rollout folders were open for at most `seconds` and are shut again; `budget` in bytes a month, 0: no limit.

    Raises SyncthingError; the folders may then be open until the next call.
    """
    folders = sorted(one for one in client.folder_ids() if one.startswith(PREFIX))
    if not folders:
        return Fetched("nothing")
    before = _lying(client, folders)
    for folder in folders:
        client.folder_pause(folder, paused=False)
    try:
        outcome, lacking = _watch(client, folders, left=budget - spent(base, month) if budget else None,
                                  seconds=seconds, pause=pause)  # fmt: skip
    finally:
        for folder in folders:
            client.folder_pause(folder, paused=True)
    fetched = max(0, _lying(client, folders) - before)
    ledger = {month: spent(base, month) + fetched}
    spool.file_replace(base, LEDGER, json.dumps(ledger).encode())
    return Fetched(outcome, fetched, lacking)


def _watch(
    client: SyncthingClient, folders: list[str], *, left: int | None, seconds: float, pause: Callable[[float], None]
) -> tuple[str, int]:
    quiet = waited = 0.0
    while True:
        said = [client.folder_status(folder) for folder in folders]
        lacking = sum(int(one.get("needBytes", 0)) for one in said)
        if left is not None and lacking > left:
            return "over_budget", lacking
        quiet = 0.0 if lacking or any(one.get("state") != "idle" for one in said) else quiet + LOOK_SECONDS
        if quiet >= QUIET_SECONDS:
            return "whole", 0
        if waited >= seconds:
            return "unfinished", lacking
        # Syncthing tells of files that have come, not of what it will lack; looking is all there is.
        pause(LOOK_SECONDS)
        waited += LOOK_SECONDS


def _lying(client: SyncthingClient, folders: list[str]) -> int:
    """Bytes the folders hold here."""
    return sum(int(client.folder_status(folder).get("localBytes", 0)) for folder in folders)
