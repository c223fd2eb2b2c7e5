"""The core as a machine that exchanges its journal (core/exchange)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils import timezone

from core.county.registry.keys import core_identity
from core.county.registry.selectors import card_of, nodes_reachable
from core.domain.journal.chain import card_open
from core.exchange.carriers import carrier_open
from core.exchange.courier import Still
from core.exchange.folders import Plan, plan_for_core
from core.exchange.machine import Machine, Places


def recipients() -> Sequence[str]:
    """A scan taken at a window of the core stays here: sealed to the core alone."""
    return [core_identity().card.recipient]


def places() -> Places:
    return Places(settings.VAR_DIR)


def plan_current() -> Plan:
    """What the core shares, by the nodes enrolled now and those revoked ones that have not heard of it yet."""
    rows = list(nodes_reachable(timezone.now()))
    root_key = core_identity().root_key
    cards = [card_open(bytes(row.signed_card), root_key) for row in rows]
    return plan_for_core(cards, places().folders, untold={row.node_id for row in rows if row.card_told_at is None})


def cards_signed() -> dict[str, bytes]:
    """The newest signed card of every node the core's folders are planned for."""
    return {row.node_id: bytes(row.signed_card) for row in nodes_reachable(timezone.now())}


def machine_open() -> tuple[Machine, Callable[[], None]]:
    """The machine with its carrier running, and what ends it. Raises SyncthingMissing, SyncthingError."""
    me, spots = core_identity(), places()
    spots.make()
    carrier, end = carrier_open(settings.VAR_DIR, device_id=me.card.device_id, listen=settings.SYNC_LISTEN)
    return Machine(identity=me, places=spots, cards=card_of, plan=plan_current(), carrier=carrier), end


def machine_still() -> Machine:
    """The machine with nothing that carries: for a courier's look, and for what is done between two rounds."""
    spots = places()
    spots.make()
    return Machine(identity=core_identity(), places=spots, cards=card_of, plan=plan_current(), carrier=Still())
