"""What the county counts for each tenant (settings.TENANT_FIGURES): read from public tables, never tenant by tenant."""

from __future__ import annotations

from django.db.models import Count

from core.county.registry.models import Node
from core.county.workqueue.models import Task


def open_cases() -> dict[str, int]:
    """How many cases somebody must still do something with, by tenant code."""
    rows = Task.objects.values("tenant_code").annotate(cases=Count("case_id", distinct=True))
    return dict(rows.values_list("tenant_code", "cases"))


def nodes() -> dict[str, int]:
    """How many machines are enrolled and not revoked, by tenant code."""
    rows = Node.objects.filter(revoked_at=None).values("tenant_code").annotate(nodes=Count("node_id"))
    return dict(rows.values_list("tenant_code", "nodes"))
