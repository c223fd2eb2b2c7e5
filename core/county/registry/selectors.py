"""Reading the registry: cards by node, the tree, the fleet."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from threading import Lock

from django.db.models import Q, QuerySet

from core.domain.journal.chain import card_open
from core.domain.journal.format import NodeCard
from core.domain.journal.place import CORE
from tenants.models import ServicePoint

from .errors import NodeUnknown, ServicePointInactive, ServicePointUnknown
from .keys import core_identity
from .models import EnrolmentCode, Node

#: For so long may a reader go on with a card that was just revoked by another process.
CARD_CACHE_SECONDS = 2.0

#: For so long a revoked node that has not answered may still come for its card.
LEAVING = timedelta(days=30)

_remembered: dict[str, tuple[NodeCard | None, float]] = {}
_revoked: list[tuple[frozenset[str], float]] = []
_lock = Lock()


def card_of(node: str) -> NodeCard | None:
    """The newest card of a node, a revoked one too; None where none was issued. At most 2 s old."""
    if node == CORE:
        return core_identity().card
    found = _remembered.get(node)
    if found and found[1] > time.monotonic():
        return found[0]
    signed = Node.objects.filter(node_id=node).values_list("signed_card", flat=True).first()
    card = None if signed is None else card_open(bytes(signed), core_identity().root_key)
    with _lock:
        _remembered[node] = (card, time.monotonic() + CARD_CACHE_SECONDS)
    return card


def cards_forget() -> None:
    """The next question of this process is answered from the database."""
    with _lock:
        _remembered.clear()
        _revoked.clear()


def nodes_revoked() -> frozenset[str]:
    """The ids of all nodes whose card is revoked. At most 2 s old."""
    found = _revoked[0] if _revoked else None
    if found and found[1] > time.monotonic():
        return found[0]
    names = frozenset(Node.objects.exclude(revoked_at=None).values_list("node_id", flat=True))
    with _lock:
        _revoked[:] = [(names, time.monotonic() + CARD_CACHE_SECONDS)]
    return names


def nodes_enrolled() -> list[NodeCard]:
    """The cards of every node that may work, by node id."""
    return _cards(Node.objects.filter(revoked_at=None))


def nodes_reachable(at: datetime) -> QuerySet[Node]:
    """What the core's folders are planned from: nodes that may work, and revoked ones that have not heard of it yet."""
    leaving = Q(card_told_at=None, revoked_at__gt=at - LEAVING)
    return Node.objects.filter(Q(revoked_at=None) | leaving).order_by("node_id")


def _cards(rows: QuerySet[Node]) -> list[NodeCard]:
    root_key = core_identity().root_key
    signed = rows.order_by("node_id").values_list("signed_card", flat=True)
    return [card_open(bytes(one), root_key) for one in signed]


def node_get(node: str) -> Node:
    """Raises NodeUnknown."""
    found = Node.objects.filter(node_id=node).first()
    if found is None:
        raise NodeUnknown(node)
    return found


def service_point_get(code: str) -> ServicePoint:
    """A service point where a machine may stand. Raises ServicePointUnknown, ServicePointInactive."""
    point = ServicePoint.objects.filter(code=code).first()
    if point is None:
        raise ServicePointUnknown(code)
    if not point.active:
        raise ServicePointInactive(service_point=point.code, name=point.name)
    return point


def code_latest(service_point: str) -> EnrolmentCode | None:
    """The code last issued for a service point."""
    return EnrolmentCode.objects.filter(service_point=service_point).order_by("-created_at", "-id").first()
