"""What must be true when the day is over: nothing waits, nothing is held, every copy of a case has the same hash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.domain.cases.models import Flag, ParkedEntry
from core.domain.cases.selectors import hashes
from core.domain.journal.models import OutboxItem, OutgoingStream
from core.domain.journal.selectors import streams_held
from tenants.connection import connection
from tenants.models import Tenant

from .machines import Node


@dataclass
class Verdict:
    """`cases` on the core; `compared` copies on nodes; `faults` in words, empty where all is well."""

    cases: int = 0
    compared: int = 0
    faults: list[str] = field(default_factory=list)


def core_hashes() -> dict[str, str]:
    """State hashes by case of every tenant."""
    found: dict[str, str] = {}
    for tenant in Tenant.objects.exclude(schema_name="public"):
        connection.set_tenant(tenant)
        found.update(hashes())
    connection.set_schema_to_public()
    return found


def core_waits() -> list[str]:
    """What the core still owes or holds, in words."""
    faults: list[str] = []
    for tenant in Tenant.objects.exclude(schema_name="public"):
        connection.set_tenant(tenant)
        faults += [f"{tenant.name}: {text}" for text in _tenant_waits()]
    connection.set_schema_to_public()
    return faults


def _tenant_waits() -> list[str]:
    faults = []
    if unsealed := OutboxItem.objects.filter(seq=None).count():
        faults.append(f"{unsealed} entries are not sealed")
    for stream in OutgoingStream.objects.all():
        if stream.applied_seq < stream.last_seq:
            faults.append(f"{stream.audience} has not read {stream.last_seq - stream.applied_seq} entries")
    faults += [f"{cursor} is held: {cursor.held_reason} {cursor.held_detail}" for cursor in streams_held()]
    if parked := ParkedEntry.objects.count():
        faults.append(f"{parked} entries are parked")
    faults += [f"flag {flag.reason} on {flag.detail} by {flag.author}" for flag in Flag.objects.filter(resolved=False)]
    return faults


def verdict(nodes: Iterable[Node]) -> Verdict:
    """The whole check, made once: what the core owes or holds, what each node does, and every copy of a case."""
    known = core_hashes()
    found = Verdict(cases=len(known), faults=core_waits())
    for node in nodes:
        status = node.status("--hashes")
        if status["waiting"]:
            found.faults.append(f"{node.site.name}: {status['waiting']} entries wait for the county")
        found.faults += [f"{node.site.name}: {held}" for held in status["held"]]
        for case_id, digest in status["hashes"].items():
            found.compared += 1
            if known.get(case_id) != digest:
                found.faults.append(f"{node.site.name}: case {case_id} differs from the county's")
    return found
