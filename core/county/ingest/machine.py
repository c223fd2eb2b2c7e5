"""The core as a machine that exchanges its journal (core/exchange)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf import settings

from core.county.registry.keys import core_identity
from core.county.registry.selectors import card_of, nodes_enrolled
from core.exchange.carriers import carrier_open
from core.exchange.folders import Plan, plan_for_core
from core.exchange.machine import Machine, Places


def recipients() -> Sequence[str]:
    """A scan taken at a window of the core stays here: sealed to the core alone."""
    return [core_identity().card.recipient]


def places() -> Places:
    return Places(settings.VAR_DIR)


def plan_current() -> Plan:
    """What the core shares, by the nodes enrolled now."""
    return plan_for_core(nodes_enrolled(), places().folders)


def machine_open() -> tuple[Machine, Callable[[], None]]:
    """The machine with its carrier running, and what ends it. Raises SyncthingMissing, SyncthingError."""
    me, spots = core_identity(), places()
    spots.make()
    carrier, end = carrier_open(settings.VAR_DIR, device_id=me.card.device_id, listen=settings.SYNC_LISTEN)
    return Machine(identity=me, places=spots, cards=card_of, plan=plan_current(), carrier=carrier), end
