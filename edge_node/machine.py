"""This node as a machine that exchanges its journal (core/exchange)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf import settings

from core.domain.journal.clock import physical_ms
from core.domain.journal.place import CORE
from core.exchange.carriers import carrier_open
from core.exchange.courier import Still
from core.exchange.folders import Plan, plan_for_node
from core.exchange.machine import Machine, Places

from .identity import card_of, identity, leaving_cards, peer_cards


def recipients() -> Sequence[str]:
    """age recipients of those above this node: the core, and its town where that has a node."""
    above = {CORE, identity().card.parent}
    return [card.recipient for card in peer_cards() if card.node in above and not card.revoked]


def places() -> Places:
    return Places(settings.VAR_DIR)


def plan_current() -> Plan:
    """What this node shares, by the cards it holds now."""
    return plan_for_node(identity().card, peer_cards(), places().folders, leaving=leaving_cards(physical_ms()))


def machine_open() -> tuple[Machine, Callable[[], None]]:
    """The machine with its carrier running, and what ends it. Raises NotEnrolled, SyncthingMissing, SyncthingError."""
    me, spots = identity(), places()
    spots.make()
    carrier, end = carrier_open(settings.VAR_DIR, device_id=me.card.device_id, listen=settings.SYNC_LISTEN)
    return Machine(identity=me, places=spots, cards=card_of, plan=plan_current(), carrier=carrier), end


def machine_still() -> Machine:
    """The machine with nothing that carries: for a courier's look. Raises NotEnrolled."""
    me, spots = identity(), places()
    spots.make()
    return Machine(identity=me, places=spots, cards=card_of, plan=plan_current(), carrier=Still())
