"""Who this node is and whom it knows: keys from NODE_DIR/keys, cards from the database, at most 2 s old."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.db import OperationalError

from core.domain.journal.chain import Signer, card_open
from core.domain.journal.format import NodeCard
from core.domain.journal.place import CORE, Here, NotEnrolled
from core.exchange.identity import Identity
from core.exchange.keyring import Keys, keys_read

from .errors import NodeReplaced, NodeRevoked
from .models import Enrolment, HeldCard

#: The agent applies cards, the counter asks: for so long may it go on with the one before.
CACHE_SECONDS = 2.0
#: As long as the county waits for a revoked node; its card begins a day before it was issued.
LEAVING_MS = 31 * 24 * 3600 * 1000


@dataclass(frozen=True)
class _Known:
    """`mine` is None on a machine that is not enrolled."""

    mine: Identity | None
    cards: dict[str, NodeCard]


_remembered: tuple[_Known, float] | None = None
_lock = Lock()


def identity() -> Identity:
    """This machine's keys with its card, also of a revoked one. Raises NotEnrolled, NodeReplaced, KeyDamaged."""
    known = _known()
    if known.mine is None:
        raise NotEnrolled
    if known.mine.card.verify_key != known.mine.signer.verify_key:
        raise NodeReplaced(known.mine.node)
    return known.mine


def here() -> Here:
    """Where this machine stands (settings.HERE). Raises NotEnrolled, NodeReplaced, NodeRevoked: no new work then."""
    if identity().card.revoked:
        raise NodeRevoked(identity().node)
    return standing()


def standing() -> Here:
    """As `here`, also of a revoked node: it may still read, and say how it is. Raises NotEnrolled, NodeReplaced."""
    card = identity().card
    return Here(
        node=card.node, epoch=card.epoch, tenant=card.tenant, service_point=card.service_point,
        division=card.node.partition("-")[0], level=card.level, name=card.name,
        peers=frozenset(peer.node for peer in peer_cards()),
    )  # fmt: skip


def card_of(node: str) -> NodeCard | None:
    """The newest card held of a node, a revoked one too; None where none is held."""
    return _known().cards.get(node)


def peer_cards() -> list[NodeCard]:
    """The cards of those this node shares folders with: core, parent, children; revoked ones are left out."""
    known = _known()
    if known.mine is None:
        return []
    me = known.mine.card
    above = [known.cards[name] for name in dict.fromkeys((CORE, me.parent)) if name in known.cards]
    below = [card for name, card in sorted(known.cards.items()) if card.parent == me.node]
    return [card for card in (*above, *below) if not card.revoked]


def leaving_cards(now_ms: int) -> list[NodeCard]:
    """Children whose card was revoked within the last 30 days: this node still relays for them."""
    known = _known()
    if known.mine is None:
        return []
    me = known.mine.card.node
    mine = (card for _, card in sorted(known.cards.items()) if card.parent == me and card.revoked)
    return [card for card in mine if card.valid_from_ms > now_ms - LEAVING_MS]


def card_remembered() -> NodeCard | None:
    """This machine's card as it was last seen here, however long ago; asks nobody. None where it never was."""
    found = _remembered
    return found[0].mine.card if found and found[0].mine else None


def identity_forget() -> None:
    """The next question of this process is answered from the database."""
    global _remembered  # noqa: PLW0603 - one value a process, replaced whole
    with _lock:
        _remembered = None


def _known() -> _Known:
    global _remembered  # noqa: PLW0603 - one value a process, replaced whole
    found = _remembered
    if found and found[1] > time.monotonic():
        return found[0]
    known = _load()
    with _lock:
        _remembered = (known, time.monotonic() + CACHE_SECONDS)
    return known


def _load() -> _Known:
    try:
        row = Enrolment.objects.first()
    except OperationalError as error:
        # A machine that was only just set up has no tables yet: `enrol` makes them.
        if "no such table" in str(error):
            return _Known(mine=None, cards={})
        raise
    keys = keys_read(keys_folder())
    if row is None or keys is None:
        return _Known(mine=None, cards={})
    root_key = bytes(row.root_key)
    signed = {held.node_id: bytes(held.signed) for held in HeldCard.objects.all()}
    cards = {node: card_open(data, root_key) for node, data in signed.items()}
    return _Known(mine=_identity(row.node_id, keys, cards, signed, root_key), cards=cards)


def _identity(
    node: str, keys: Keys, cards: dict[str, NodeCard], signed: dict[str, bytes], root_key: bytes
) -> Identity | None:
    if node not in cards:
        return None
    return Identity(
        node=node, signer=Signer(node, keys.sign), age_identity=keys.age, card=cards[node], signed_card=signed[node],
        root_key=root_key,
    )  # fmt: skip


def keys_folder() -> Path:
    """Where this machine's private keys lie; nothing in it ever leaves the machine."""
    return Path(settings.VAR_DIR) / "keys"


def syncthing_home() -> Path:
    return Path(settings.VAR_DIR) / "syncthing"
