"""What the county knows of a case's way beside its entries: who has to do something with it, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from core.county.known import tenant_of_number
from core.county.registry.keys import core_identity
from core.county.registry.models import Node
from core.county.workqueue.models import Task, Trouble, Undelivered
from core.county.workqueue.services import access_record
from core.domain.cases.numbering import case_number_parse
from core.domain.journal.clock import instant, instant_datetime
from core.domain.journal.models import Cursor
from core.domain.journal.place import CORE, here
from core.exchange.whereabouts import CaseWhere, cases_where
from core.exchange.whereabouts_command import Found
from tenants.models import Tenant
from tenants.schemas import tenant_entered

from .machine import places

#: Why somebody could enter a case; stands in the audit.
BY_OPERATION: Final = "operation"


@dataclass
class _Beside:
    """For programs and for people."""

    more: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def case_found(number: str, *, entry: UUID | None, by: str, at: datetime) -> Found:
    """The case where its number says it stands; the audit says that `by` looked for it. Call in the public schema.

    Raises SchemaMissing.
    """
    tenant = tenant_of_number(number)
    beside = _Beside()
    if tenant is None:
        return Found((), *_giver(number, beside))
    with tenant_entered(tenant):
        cases = cases_where(
            number, here=here(), archive=places().archive, identity=core_identity().age_identity, entry=entry
        )
        if not cases:
            _held_here(number, beside)
    for case in cases:
        access_record(
            staff_code=by, tenant_code=tenant.code, case_id=case.case_id, act="trace_case", reason=BY_OPERATION,
            address=None, at=at,
        )  # fmt: skip
    if not cases:
        return Found((), *_giver(number, beside))
    _work(tenant, cases, beside)
    _troubles(tenant, cases, beside)
    return Found(cases, beside.more, beside.lines)


def _work(tenant: Tenant, cases: Sequence[CaseWhere], beside: _Beside) -> None:
    """The case's rows of the departments' inbox."""
    ids = [case.case_id for case in cases]
    tasks = Task.objects.filter(tenant_code=tenant.code, case_id__in=ids).order_by("due", "pk")
    beside.more["work"] = [
        {"department": one.department, "power": one.power, "due": one.due.isoformat(),
         "updated_at_ms": one.updated_at >> 16} for one in tasks
    ]  # fmt: skip
    for one in tasks:
        said = _("In the inbox: %(power)s, by %(department)s, due %(due)s")
        values = {"power": one.power, "department": one.department or tenant.code, "due": one.due.isoformat()}
        beside.lines.append(said % values)
    for result in Undelivered.objects.filter(tenant_code=tenant.code, case_id__in=ids):
        beside.more["result_to_hand_out_at"] = result.custodian
        beside.lines.append(_("The result is to be handed out by %(node)s") % {"node": result.custodian})


def _troubles(tenant: Tenant, cases: Sequence[CaseWhere], beside: _Beside) -> None:
    """What stands on the desk of conflicts about the case."""
    ids = [case.case_id for case in cases]
    open_ones = Trouble.objects.filter(tenant_code=tenant.code, case_id__in=ids, resolved_at=None).order_by("since")
    beside.more["troubles"] = [
        {"kind": one.kind, "reason": one.reason, "since": one.since.isoformat(), "waits_for": one.waits_for}
        for one in open_ones
    ]
    for one in open_ones:
        said = _("On the desk of conflicts: %(kind)s %(reason)s, since %(since)s")
        since = instant_datetime(instant(int(one.since.timestamp() * 1000)))
        beside.lines.append(said % {"kind": one.kind, "reason": one.reason, "since": f"{since:%Y-%m-%d %H:%M:%S}"})


def _held_here(number: str, beside: _Beside) -> None:
    """Why a case of this number may not be here yet: the stream of who gave the number. In the tenant's schema."""
    for cursor in Cursor.objects.filter(author=_giver_of(number), audience=CORE).order_by("epoch"):
        read = cursor.read_at_ms or None
        beside.more["stream"] = {
            "stream": str(cursor), "held": cursor.held_reason, "last_seq": cursor.last_seq, "read_at_ms": read,
        }  # fmt: skip
        if cursor.held_reason:
            beside.lines.append(_("Held here: %(stream)s") % {"stream": f"{cursor}: {cursor.held_reason}"})


def _giver(number: str, beside: _Beside) -> tuple[dict[str, Any], list[str]]:
    """What is known of the machine whose numbers look like this one."""
    node = Node.objects.filter(pk=_giver_of(number)).first()
    if node is None:
        return beside.more, beside.lines
    status = node.status or {}
    beside.more["giver"] = {
        "node": node.node_id, "revoked": node.revoked_at is not None, "waiting": status.get("waiting"),
        "last_seen": node.last_seen.isoformat() if node.last_seen else None,
    }  # fmt: skip
    if node.last_seen is None:
        said = _("Such numbers are given by %(node)s, which has said nothing yet.")
        beside.lines.append(said % {"node": node.node_id})
    else:
        said = _("Such numbers are given by %(node)s. Last heard of: %(seen)s; %(waiting)s entries waited there then.")
        seen = instant_datetime(instant(int(node.last_seen.timestamp() * 1000)))
        values = {"node": node.node_id, "seen": f"{seen:%Y-%m-%d %H:%M:%S}", "waiting": status.get("waiting", "?")}
        beside.lines.append(said % values)
    return beside.more, beside.lines


def _giver_of(number: str) -> str:
    parts = case_number_parse(number)
    return f"{parts.division}-{parts.station}"
