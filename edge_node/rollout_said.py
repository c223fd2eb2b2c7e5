"""What became of the last version offered to this machine, as rollout/facts.json says; for the status that goes up."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

#: Where it is unless YIZHAN_ROLLOUT_DIR says otherwise; root writes there (ansible/bin/yizhan_switch.py).
PLACE: Final = Path("/var/lib/yizhan/rollout")
MAX_BYTES: Final = 64 * 1024
REASON_LENGTH: Final = 300


@dataclass(frozen=True)
class RolloutSaid:
    """`outcome`: done | rolled_back | refused | unchanged; "" where nothing was ever said. `version` is the one that
    was wanted, `at_ms` Unix milliseconds of the end."""

    outcome: str = ""
    version: str = ""
    reason: str = ""
    at_ms: int = 0


def rollout_said() -> RolloutSaid:
    """Never fails: a file that is missing, half a file or no facts at all says nothing."""
    path = Path(os.environ.get("YIZHAN_ROLLOUT_DIR") or PLACE) / "facts.json"
    try:
        with path.open("rb") as file:
            facts = json.loads(file.read(MAX_BYTES))
        return RolloutSaid(
            outcome=str(facts["outcome"])[:32],
            version=str(facts.get("wanted") or facts.get("version") or "")[:64],
            reason=str(facts.get("reason") or "")[:REASON_LENGTH],
            at_ms=int(datetime.fromisoformat(str(facts["ended_at"])).timestamp() * 1000),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return RolloutSaid()
