"""A machine that is new at its service point gets the cases back; one that is shut out gets none any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django_tenants.utils import schema_context

from core.domain.cases.models import Case, Flag
from core.domain.journal.clock import instant_of
from core.domain.journal.models import Entry, OutboxItem
from core.domain.journal.services import outbox_queue
from tenants.models import schema_name_of

from ..models import Node

#: Cases that ended longer ago stay at the county; the counter finds them there.
RECENT: Final = timedelta(days=90)
_BATCH: Final = 2000


@transaction.atomic
def rebuild_queue(node: Node, *, at: datetime) -> int:
    """Every entry of the node's open cases, and of those of the last 90 days, waits for it in order.

    Also what was sent to a machine before it, and entries of other authors; a machine that has some of it skips that.
    Returns how many entries.
    """
    with schema_context(schema_name_of(node.tenant_code)):
        queued = 0
        entries = _entries(node, at)
        for start in range(0, len(entries), _BATCH):
            part = entries[start : start + _BATCH]
            outbox_queue(part, audiences=[node.node_id], again=True)
            queued += len(part)
        return queued


def cases_unqueue(node: Node) -> int:
    """No entry about a case waits to be sealed for the node; returns how many did."""
    with schema_context(schema_name_of(node.tenant_code)):
        waiting = OutboxItem.objects.filter(audience=node.node_id, seq=None, entry__case_id__isnull=False)
        return waiting.delete()[0]


def _entries(node: Node, at: datetime) -> list[UUID]:
    """Ids in the order they are read in: as they were written, those that do not count last (merge.py)."""
    wrote = Entry.objects.filter(case_id=OuterRef("pk"), author=node.node_id)
    theirs = Q(service_point=node.service_point) | Q(custodian=node.node_id) | Q(opened_by=node.node_id)
    cases = Case.objects.filter(Q(is_open=True) | Q(updated_at__gte=instant_of(at - RECENT)))
    ids = cases.filter(theirs | Exists(wrote)).values("pk")
    refused = set(Flag.objects.filter(case_id__in=ids, applied=False).values_list("entry_id", flat=True))
    found = list(Entry.objects.filter(case_id__in=ids).order_by("at", "id").values_list("id", flat=True))
    return [one for one in found if one not in refused] + [one for one in found if one in refused]
