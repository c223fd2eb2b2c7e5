"""The county's numbers on one page: tenants, nodes, what is open and how late; nobody's case in particular."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from core.county.registry.selectors import nodes_enrolled
from core.county.workqueue.selectors import departments_count, lights_count_county
from core.county.workqueue.watch import troubles_badge
from core.domain.catalogue.selectors import department_names, release_current
from tenants.models import ServicePoint, Tenant


@require_GET
@in_county("county_admin", "supervisor", "operator")
def overview(request: StaffRequest) -> HttpResponse:
    today = timezone.localdate()
    departments = departments_count(today=today)
    names = department_names([row.department for row in departments if row.department])
    context = {
        "tenants": Tenant.objects.count(), "points": ServicePoint.objects.filter(active=True).count(),
        "nodes": len(nodes_enrolled()), "release": release_current(), "today": today,
        "lights": list(lights_count_county(today=today).items()),
        "troubles": troubles_badge(request.actor),
        "departments": [(names.get(row.department, ""), row) for row in departments],
    }  # fmt: skip
    return render(request, "backoffice/overview.html", context)
