"""What the bar at the top of every page of a node says about the network: the truth, from files and rows.

The agent writes settings.NETWORK_STATE, a small JSON file: {"connected": [node ids], "seen_ms": n, "last_ack_ms": n}
(milliseconds since 1970). The core has no bar: there the setting is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from core.domain.catalogue.selectors import release_age_days, release_current
from core.domain.journal.clock import instant, instant_datetime, physical_ms
from core.domain.journal.errors import StreamForked
from core.domain.journal.place import CORE, Here
from core.domain.journal.policy import policy
from core.domain.journal.selectors import Waiting, streams_refused, waiting_for

#: The agent writes its file at least this often; an older one means that it does not run.
AGENT_SILENT_MS: Final = 60_000

ONLINE: Final = "online"
OFFLINE: Final = "offline"
STOPPED: Final = "stopped"  #: nobody knows: the agent, which would send and receive, is not running


class AgentState(msgspec.Struct, frozen=True):
    """What the agent saw last. Times in milliseconds since 1970, 0 where it never happened."""

    connected: tuple[str, ...] = ()
    seen_ms: int = 0
    last_ack_ms: int = 0


@dataclass(frozen=True)
class Network:
    """`last_sync` is when the county last confirmed something; ages in days, `release` 0 before the first."""

    state: str
    last_sync: datetime | None
    waiting: Waiting
    release: int
    release_age_days: int
    #: Why the county reads no further what is sent from here (a journal error's code), "" while it does.
    refused: str = ""

    @property
    def is_copied(self) -> bool:
        """Whether another machine writes under this one's identity."""
        return self.refused == StreamForked.code

    @property
    def release_is_old(self) -> bool:
        limit = policy("catalogue_max_age_days")
        return bool(limit) and self.release_age_days > limit


def agent_state(path: Path) -> AgentState:
    """The agent's last words; nothing at all where the file is missing or half a file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AgentState)
    except (OSError, msgspec.MsgspecError):
        return AgentState()


def network(here: Here) -> Network | None:
    """The bar's data, None on the core."""
    if settings.NETWORK_STATE is None:
        return None
    agent, now = agent_state(Path(settings.NETWORK_STATE)), physical_ms()
    release = release_current()
    return Network(
        state=_state(agent, now),
        last_sync=instant_datetime(instant(agent.last_ack_ms)) if agent.last_ack_ms else None,
        waiting=waiting_for(CORE, here=here),
        release=release.number if release else 0,
        release_age_days=release_age_days(),
        refused=next((one.held_reason for one in streams_refused(here=here) if one.audience == CORE), ""),
    )


def _state(agent: AgentState, now_ms: int) -> str:
    if now_ms - agent.seen_ms > AGENT_SILENT_MS:
        return STOPPED
    return ONLINE if agent.connected else OFFLINE
