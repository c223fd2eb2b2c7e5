"""Accounts travel to the nodes where they count, as entries in the tenant's streams.

A node gets the accounts of its own service point and of its tenant, those that are to count there later (替岗) with
them: they begin and end by the node's own date. County-wide accounts stay on the core: a stolen
village machine must not hold the password hash of somebody who may do anything anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from core.domain.journal.bodies import StaffGranted, StaffRevoked
from core.domain.journal.chain import sha256
from core.domain.journal.clock import today
from core.domain.journal.format import encode
from core.domain.staff.models import Membership, User
from core.domain.staff.selectors import memberships_at
from core.domain.staff.services import staff_value

from ..models import Node, StaffAtNode
from .cards import entries_send


def staff_values(node: Node, users: Iterable[str] | None = None) -> dict[str, StaffGranted]:
    """What the node should hold, by staff code: active accounts with the memberships that count there, now or
    later."""
    here = memberships_at(tenant_code=node.tenant_code, service_point=node.service_point)
    rows = Membership.objects.filter(here, user__is_active=True).exclude(tenant_code="").select_related("user")
    rows = rows.exclude(until__lt=today())
    if users is not None:
        rows = rows.filter(user__code__in=list(users))
    found: dict[str, tuple[User, list[Membership]]] = {}
    for row in rows.order_by("user__code", "id"):
        found.setdefault(row.user.code, (row.user, []))[1].append(row)
    return {code: staff_value(user, memberships) for code, (user, memberships) in found.items()}


@transaction.atomic
def staff_send(*, user: str | None = None, service_point: str | None = None, by: str) -> int:
    """The change of an account, or all accounts of a service point, is on its way to every node it counts at.

    Nodes where it counts no more are told to forget it; what a node holds already is not sent again. Returns how
    many entries were queued.
    """
    nodes = Node.objects.filter(revoked_at=None)
    if service_point is not None:
        nodes = nodes.filter(service_point=service_point)
    return sum(_node_bring_up(node, None if user is None else [user], by) for node in nodes.order_by("node_id"))


def staff_of_node(node: Node) -> tuple[StaffGranted, ...]:
    """All accounts the node should hold, noted as sent: they travel in its enrolment response."""
    values = staff_values(node)
    StaffAtNode.objects.filter(node_id=node.node_id).delete()
    StaffAtNode.objects.bulk_create(
        StaffAtNode(node_id=node.node_id, user_code=code, digest=_digest(value)) for code, value in values.items()
    )
    return tuple(values.values())


def _node_bring_up(node: Node, users: list[str] | None, by: str) -> int:
    wanted = staff_values(node, users)
    held = StaffAtNode.objects.filter(node_id=node.node_id)
    if users is not None:
        held = held.filter(user_code__in=users)
    digests = {row.user_code: bytes(row.digest) for row in held}
    changed = {code: value for code, value in wanted.items() if digests.get(code) != _digest(value)}
    gone = sorted(set(digests) - set(wanted))
    entries_send(node, [*changed.values(), *(StaffRevoked(code=code) for code in gone)], by=by)
    for code, value in changed.items():
        StaffAtNode.objects.update_or_create(node_id=node.node_id, user_code=code, defaults={"digest": _digest(value)})
    StaffAtNode.objects.filter(node_id=node.node_id, user_code__in=gone).delete()
    return len(changed) + len(gone)


def _digest(value: StaffGranted) -> bytes:
    return sha256(encode(value))
