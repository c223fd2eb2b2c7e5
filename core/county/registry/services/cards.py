"""Cards: signed by the county's root key, and on their way to every machine that must know them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django_tenants.utils import schema_context

from core.domain.journal import chain
from core.domain.journal.bodies import Body, CardsChanged
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import NodeCard
from core.domain.journal.place import CORE
from core.domain.journal.services import node_entries_send
from tenants.models import schema_name_of

from ..keys import CARD_EARLY_MS, CARD_MS, core_identity, root_signer
from ..models import IssuedCard, Node
from ..place import here
from ..selectors import cards_forget

HALL_STATION = "01"


def card_issue(node: Node, *, by: str, at: datetime, told: bool = False) -> NodeCard:
    """The node's row holds a newly signed card that says what the row says; saved. `told`: it gets it right now."""
    valid_from = physical_ms() - CARD_EARLY_MS
    if node.signed_card:
        held = chain.card_open(bytes(node.signed_card), core_identity().root_key)
        # Always later than the card before, whatever this machine's clock did since.
        valid_from = max(valid_from, held.valid_from_ms + 1)
    card = NodeCard(
        node=node.node_id, epoch=node.epoch, serial=node.serial, tenant=node.tenant_code,
        service_point=node.service_point, name=node.name, level=node.level, parent=node.parent,
        verify_key=bytes(node.verify_key), recipient=node.recipient, device_id=node.device_id,
        valid_from_ms=valid_from, valid_to_ms=valid_from + CARD_MS, revoked=node.revoked_at is not None,
        addresses=tuple(node.addresses),
    )  # fmt: skip
    node.signed_card, node.card_told_at = root_signer().wrap(chain.CARD, card), at if told else None
    node.save()
    IssuedCard.objects.create(
        node_id=card.node, epoch=card.epoch, serial=card.serial, verify_key=card.verify_key, recipient=card.recipient,
        device_id=card.device_id, revoked=card.revoked, signed_card=node.signed_card, issued_at=at, issued_by=by,
    )  # fmt: skip
    transaction.on_commit(cards_forget)
    return card


def parent_of(*, tenant_code: str, level: str) -> str:
    """The node a machine links to: a village's is its town's, where the town has one; else the core."""
    hall = f"{tenant_code}-{HALL_STATION}"
    if level == "village" and Node.objects.filter(node_id=hall, revoked_at=None).exclude(level="village").exists():
        return hall
    return CORE


def villages_relink(tenant_code: str, *, by: str, at: datetime) -> dict[str, str]:
    """Every village of the tenant links to its town's node or, where there is none, to the core.

    Returns those whose card changed, with the node they linked to before.
    """
    parent = parent_of(tenant_code=tenant_code, level="village")
    changed = {}
    for village in Node.objects.filter(tenant_code=tenant_code, level="village", revoked_at=None):
        if village.parent != parent:
            changed[village.node_id] = village.parent
            village.parent = parent
            card_issue(village, by=by, at=at)
    return changed


def cards_send(
    changed: Iterable[str], *, by: str, former: Mapping[str, str] | None = None, skip: Collection[str] = ()
) -> list[str]:
    """The changed cards are on their way to the nodes themselves, their parents, children and former parents.

    `changed` may name "core", whose card everybody holds. Returns who is sent something, by id.
    """
    former = former or {}
    rows = {row.node_id: row for row in Node.objects.all()}
    names = sorted({name for name in changed if name == CORE or name in rows})
    told = []
    for reader in sorted(rows.values(), key=lambda row: row.node_id):
        if reader.node_id in skip or (reader.revoked_at and reader.node_id not in names):
            continue
        # A revoked town hears nothing of its villages' new links: it relays for them until they have heard of it.
        mine = [reader.node_id] if reader.revoked_at else names
        cards = tuple(_signed(name, rows) for name in mine if _concerns(name, reader, rows, former))
        if cards:
            entries_send(reader, [CardsChanged(cards=cards)], by=by)
            told.append(reader.node_id)
    return told


def entries_send(node: Node, bodies: Sequence[Body], *, by: str) -> None:
    """Entries about the node wait in its tenant's outbox for it, in the transaction of whoever calls."""
    with schema_context(schema_name_of(node.tenant_code)):
        node_entries_send(node=node.node_id, bodies=bodies, actor=by, here=here())


def _signed(name: str, rows: Mapping[str, Node]) -> bytes:
    return core_identity().signed_card if name == CORE else bytes(rows[name].signed_card)


def _concerns(name: str, reader: Node, rows: Mapping[str, Node], former: Mapping[str, str]) -> bool:
    if name in (CORE, reader.node_id, reader.parent, former.get(reader.node_id)):
        return True
    return reader.node_id in (rows[name].parent, former.get(name))
