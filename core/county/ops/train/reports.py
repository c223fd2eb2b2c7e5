"""The machines as the county sees them, read from the registry: three questions, however many machines there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core.county.registry.models import Node, SshAddress
from core.county.workqueue.models import Trouble, TroubleKind

from .soaking import Fleet, Report, Rollout


def fleet_read(*, at: datetime, nodes: Sequence[str] = ()) -> Fleet:
    """Every machine that may work, or those named, by service point; a revoked one is nobody's."""
    rows = Node.objects.filter(revoked_at=None).order_by("node_id").defer("signed_card", "addresses")
    rings = SshAddress.objects.values_list("pk", "ring")
    troubles = Trouble.objects.filter(kind=TroubleKind.HELD, resolved_at=None).order_by("node", "key")
    if nodes:
        rows, rings, troubles = rows.filter(pk__in=nodes), rings.filter(pk__in=nodes), troubles.filter(node__in=nodes)
    ring_of: dict[str, int] = dict(rings)
    held: dict[str, list[str]] = {}
    for node, key, reason in troubles.values_list("node", "key", "reason"):
        held.setdefault(node, []).append(f"{key}: {reason}")
    last = SshAddress._meta.get_field("ring").default
    return Fleet(
        at=at, nodes=tuple(report_of(row, ring_of.get(row.pk, last), tuple(held.get(row.pk, ()))) for row in rows)
    )


def report_of(node: Node, ring: int, held: tuple[str, ...]) -> Report:
    """What the node last said (format.NodeStatus by field name), and what the county knows of it; a field that its
    version does not know has the value that says nothing is wrong."""
    status: dict[str, Any] = node.status or {}
    return Report(
        node=node.node_id, name=node.name, tenant=node.tenant_code, level=node.level, ring=ring,
        version=str(status.get("version", "")), release=int(status.get("release") or 0),
        health=int(status.get("health") or 0), last_contact=node.last_seen, made_at=_moment(status.get("made_at_ms")),
        waiting=int(status.get("waiting") or 0), oldest_waiting_s=int(status.get("oldest_waiting_s") or 0),
        open_cases=int(status.get("open_cases") or 0), held=tuple(map(str, status.get("held") or ())),
        held_at_county=held, clock_offset_ms=status.get("clock_offset_ms"),
        disk_free=int(status.get("disk_free") or 0), disk_total=int(status.get("disk_total") or 0),
        rollout=Rollout(
            outcome=str(status.get("rollout_outcome", "")), version=str(status.get("rollout_version", "")),
            reason=str(status.get("rollout_reason", "")), at=_moment(status.get("rollout_at_ms")),
        ),
    )  # fmt: skip


def _moment(ms: object) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, tz=UTC) if isinstance(ms, int | float) and ms else None
