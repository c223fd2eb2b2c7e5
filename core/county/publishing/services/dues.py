"""A release with other working days: every tenant's due days are worked out anew, each tenant's by a job of its own."""

from __future__ import annotations

from typing import Final

from django_tenants.utils import tenant_context

from core.county.publishing.selectors import schemas_with_cases
from tenants.jobs import job_defer
from tenants.models import Tenant

#: The task stands in tasks.py, above the services.
REFRESH_TASK: Final = "publishing.refresh_dues"


def dues_refresh_defer() -> int:
    """A job waits for each tenant that can hold a case, in the current transaction; returns how many."""
    tenants = Tenant.objects.filter(schema_name__in=schemas_with_cases()).order_by("code")
    count = 0
    for tenant in tenants:
        with tenant_context(tenant):
            job_defer(REFRESH_TASK)
        count += 1
    return count
