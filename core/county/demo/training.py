"""The training clock: every process of a demo county is ahead of real time by what one file says, and never goes back.

A real machine hears the county's clock at least once a day (`nodes_anchor`); after a jump of weeks each is told at
once, before anybody works, so that nothing is written by a clock that nobody vouches for.
"""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from pathlib import Path
from typing import Final

from core.county.ingest.services import nodes_anchor
from core.county.registry.models import Node
from core.domain.journal.clock import CHINA, TRAINING_CLOCK, physical_ms, today, training_shift_ms
from core.domain.journal.models import OutboxItem, OutgoingStream
from core.transport import spool
from tenants.connection import connection
from tenants.models import Tenant

from .processes import await_that

CLOCK: Final = "clock"
#: When people come to work on the day the clock is set to.
OFFICE_OPENS: Final = 9
#: An anchor goes out and comes back like every other entry.
ANCHOR_SECONDS: Final = 180.0


class ClockBackwards(Exception):
    """The day asked for has gone by; a county's clock only goes forward."""


def clock_join(folder: Path) -> Path:
    """This process lives by the demo's clock in `folder` (shift 0 where there was none); returns the clock's file."""
    path = folder / CLOCK
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        spool.file_replace(folder, CLOCK, b"0")
    os.environ[TRAINING_CLOCK] = str(path)
    return path


def clock_set(path: Path, *, to: date) -> None:
    """It is nine in the morning of that day on every machine. Raises ClockBackwards, and changes nothing then."""
    shift = training_shift_ms(str(path))
    morning = datetime(to.year, to.month, to.day, OFFICE_OPENS, tzinfo=CHINA)
    ahead = int(morning.timestamp() * 1000) - time.time_ns() // 1_000_000
    if ahead < shift:
        raise ClockBackwards(f"{today()} > {to}")
    spool.file_replace(path.parent, path.name, str(ahead).encode())


def clock_forward(path: Path, *, to: date) -> None:
    """That morning has come, and every machine has heard the county say so. Raises ClockBackwards, DemoFailed."""
    clock_set(path, to=to)
    since = physical_ms()
    for tenant, nodes in _nodes_by_tenant().items():
        connection.set_tenant(tenant)
        # The ingest does so as soon as it hears of a machine; here nobody works until everybody has been told.
        nodes_anchor(nodes)
    connection.set_schema_to_public()
    await_that("every machine has the county's time", lambda: not unanchored(since), ANCHOR_SECONDS)


def unanchored(since_ms: int) -> list[str]:
    """Machines that have not read an anchor which was written after this moment or in the day before it."""
    day_before = since_ms - 24 * 3600 * 1000
    left = []
    for tenant, nodes in _nodes_by_tenant().items():
        connection.set_tenant(tenant)
        for node in nodes:
            sent = OutboxItem.objects.filter(audience=node, entry__kind="time.anchored", queued_at_ms__gt=day_before)
            seq = sent.order_by("-id").values_list("seq", flat=True).first()
            read = OutgoingStream.objects.filter(audience=node).order_by("-epoch").first()
            if seq is None or read is None or read.applied_seq < seq:
                left.append(node)
    connection.set_schema_to_public()
    return left


def _nodes_by_tenant() -> dict[Tenant, list[str]]:
    found: dict[Tenant, list[str]] = {}
    tenants = {one.code: one for one in Tenant.objects.exclude(schema_name="public")}
    for code, node in Node.objects.filter(revoked_at=None).order_by("node_id").values_list("tenant_code", "node_id"):
        found.setdefault(tenants[code], []).append(node)
    return found
