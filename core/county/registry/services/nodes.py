"""Machines come in, come back with new keys, are shut out, and say how they are."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django_tenants.utils import schema_context

from core.county.publishing.models import Release
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import NodeStatus, StreamAck, StreamName
from core.domain.journal.models import OutgoingStream
from core.domain.journal.place import CORE
from core.exchange.enrolment import EnrolRequest, EnrolResponse, request_open, response_make
from core.exchange.requeue import outbox_requeue
from tenants.models import ServicePoint, schema_name_of

from ..errors import IdentityTaken, ServicePointDiffers
from ..keys import core_epoch, core_identity
from ..models import EnrolmentCode, IssuedCard, Node
from ..selectors import node_get, service_point_get
from .cards import card_issue, cards_send, parent_of, villages_relink
from .codes import code_require
from .policies import policies_send
from .rebuild import cases_unqueue, rebuild_queue
from .staff import staff_of_node

MAX_STATUS_TEXTS = 20


def node_enrol(*, request: bytes, code: str, at: datetime, county_url: str = "") -> bytes:
    """The machine is the service point's node, and its neighbours are told; returns the sealed response.

    A service point that had a node before gets a new epoch. The same machine asking again with the same code, because
    the answer was lost, gets its answer again. Raises RequestDamaged, CodeUnknown, CodeExpired, CodeUsed,
    ServicePointUnknown, ServicePointInactive, ServicePointDiffers, IdentityTaken; then nothing was changed.
    """
    asked = request_open(request)
    with transaction.atomic():
        _enrolments_serialise()
        row = code_require(code, verify_key=asked.verify_key, at=at)
        point = service_point_get(row.service_point)
        if asked.service_point and asked.service_point != point.code:
            raise ServicePointDiffers(asked=asked.service_point, issued=point.code)
        _require_own_keys(asked, point.code)
        node = _node_admit(asked, point, row, at)
        response = _response(node, county_url or settings.COUNTY_URL)
    return response_make(core_identity(), response, recipient=node.recipient)


def node_revoke(*, node: str, by: str, at: datetime) -> Node:
    """The node's card is revoked and everybody concerned is told; its villages link to the core.

    Nothing more about cases goes to it; what a later enrolment of the service point needs is sent then (rebuild).

    Revoking it again changes nothing. Raises NodeUnknown.
    """
    with transaction.atomic():
        _enrolments_serialise()
        row = node_get(node)
        if row.revoked_at:
            return row
        row.revoked_at, row.revoked_by = at, by
        row.serial += 1
        card_issue(row, by=by, at=at)
        former = villages_relink(row.tenant_code, by=by, at=at)
        cards_send([row.node_id, *former], by=by, former=former)
        cases_unqueue(row)
    return row


def node_status_keep(*, status: NodeStatus, at: datetime) -> None:
    """The fleet page shows what the node says of itself; one of another epoch than its card's is passed over, and one
    that was read before is no word of a machine that lives."""
    rows = Node.objects.filter(node_id=status.node, epoch=status.epoch)
    # A sweep reads every file again: what a silent node said last must not make it look alive once an hour.
    rows.exclude(status__made_at_ms=status.made_at_ms).update(status=_shortened(status), last_seen=at)


def _shortened(status: NodeStatus) -> dict[str, object]:
    """By field name, as the page reads it; lists from another machine have an end."""
    values = {name: getattr(status, name) for name in status.__struct_fields__}
    return {
        name: [_part(one) for one in value[:MAX_STATUS_TEXTS]] if isinstance(value, tuple) else _part(value)
        for name, value in values.items()
    }


def _part(value: object) -> object:
    if isinstance(value, tuple):
        return [_part(one) for one in value[:2]]
    return value[:200] if isinstance(value, str) else value


def _enrolments_serialise() -> None:
    """One enrolment or revocation at a time: each looks at its neighbours' rows and changes them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('registry.nodes'))")


def _require_own_keys(asked: EnrolRequest, service_point: str) -> None:
    """Raises IdentityTaken where any of the keys was ever another node's, or is the core's."""
    same = Q(verify_key=asked.verify_key) | Q(recipient=asked.recipient)
    if asked.device_id:
        same |= Q(device_id=asked.device_id)
    owner = IssuedCard.objects.filter(same).exclude(node_id=service_point).values_list("node_id", flat=True).first()
    core = core_identity().card
    if asked.verify_key == core.verify_key or (asked.device_id and asked.device_id == core.device_id):
        owner = CORE
    if owner:
        raise IdentityTaken(owner)


def _node_admit(asked: EnrolRequest, point: ServicePoint, code: EnrolmentCode, at: datetime) -> Node:
    """The node's row with a new card; the same row where the same machine asks once more with its used code."""
    node = Node.objects.filter(node_id=point.code).first() or Node(node_id=point.code)
    if code.used_at and node.revoked_at is None and bytes(node.verify_key) == asked.verify_key:
        return node
    before = node.recipient
    node.tenant_code, node.service_point, node.name, node.level = point.tenant_code, point.code, point.name, point.level
    node.verify_key, node.recipient, node.device_id = asked.verify_key, asked.recipient, asked.device_id
    node.addresses, node.hostname = list(asked.addresses), asked.hostname
    node.parent = parent_of(tenant_code=point.tenant_code, level=point.level)
    node.epoch, node.serial = max(node.epoch, asked.epoch) + 1, node.serial + 1
    node.enrolled_at, node.enrolled_by = at, code.created_by
    node.revoked_at, node.revoked_by, node.status, node.last_seen = None, "", None, None
    again = bool(before)
    if again and before != node.recipient:
        _stream_move_on(node)
    card_issue(node, by=code.created_by, at=at, told=True)
    code.used_at, code.used_by_key = at, asked.verify_key
    code.save(update_fields=["used_at", "used_by_key"])
    former = villages_relink(point.tenant_code, by=code.created_by, at=at)
    cards_send([node.node_id, *former], by=code.created_by, former=former, skip=[node.node_id])
    policies_send(node, by=code.created_by)
    if again:
        rebuild_queue(node, at=at)
    return node


def _stream_move_on(node: Node) -> None:
    """The new machine reads after what was sealed to the old one; what that never read waits again for the new one."""
    with schema_context(schema_name_of(node.tenant_code)):
        stream = OutgoingStream.objects.filter(author=CORE, epoch=core_epoch(), audience=node.node_id).first()
        if stream is None:
            return
        node.down_seq, node.down_header = stream.last_seq, bytes(stream.last_header)
        outbox_requeue(author=CORE, epoch=stream.epoch, audience=node.node_id)


def _down(node: Node) -> StreamAck | None:
    if not node.down_seq:
        return None
    name = StreamName(author=CORE, epoch=core_epoch(), audience=node.node_id)
    return StreamAck(stream=name, applied=node.down_seq, header=bytes(node.down_header), secured=0)


def _response(node: Node, county_url: str) -> EnrolResponse:
    core = core_identity()
    around = Node.objects.filter(Q(parent=node.node_id) | Q(node_id=node.parent), revoked_at=None).order_by("node_id")
    release = Release.objects.order_by("-number").values_list("body", flat=True).first()
    return EnrolResponse(
        card=bytes(node.signed_card), root_key=core.root_key,
        cards=(core.signed_card, *(bytes(one.signed_card) for one in around)),
        staff=staff_of_node(node), release=bytes(release or b""), county_url=county_url, made_at_ms=physical_ms(),
        down=_down(node),
    )  # fmt: skip
