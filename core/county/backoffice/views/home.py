"""The county's numbers on one page: what is open and late, what was decided and how; nobody's case in particular."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from core.county.registry.selectors import nodes_enrolled
from core.county.workqueue.results import figures_by_tenant, undelivered_late
from core.county.workqueue.selectors import departments_count, lights_count_county
from core.county.workqueue.watch import troubles_badge, watch_of
from core.domain.catalogue.selectors import department_names, release_current
from core.domain.journal import clock
from tenants.models import ServicePoint, Tenant

#: What the figures are over, by the word in the address.
PERIODS: Final[dict[str, str | Promise]] = {
    "month": _("The last 30 days"), "year": _("This year"), "last-year": _("Last year"),
}  # fmt: skip


@require_GET
@in_county("county_admin", "supervisor", "operator")
def overview(request: StaffRequest) -> HttpResponse:
    today = clock.today()
    departments = departments_count(today=today)
    names = department_names([row.department for row in departments if row.department])
    period = request.GET.get("period", "")
    period = period if period in PERIODS else "month"
    total, by_tenant = figures_by_tenant(**_days(period, today))
    towns = dict(Tenant.objects.values_list("code", "name"))
    watch = watch_of(request.actor)
    context = {
        "tenants": len(towns), "points": ServicePoint.objects.filter(active=True).count(),
        "nodes": len(nodes_enrolled()), "release": release_current(), "today": today,
        "lights": list(lights_count_county(today=today).items()),
        "troubles": troubles_badge(request.actor),
        "departments": [(names.get(row.department, ""), row) for row in departments],
        "total": total, "by_tenant": [(towns.get(row.code, row.code), row) for row in by_tenant],
        "periods": PERIODS.items(), "period": period, **_days(period, today),
        "sees_results": request.actor.has("county_admin", "supervisor"),
        "late_results": undelivered_late(watch.inside if watch else frozenset(), today=today),
    }  # fmt: skip
    return render(request, "backoffice/overview.html", context)


def _days(period: str, today: date) -> dict[str, date]:
    if period == "year":
        return {"since": date(today.year, 1, 1), "until": today}
    if period == "last-year":
        return {"since": date(today.year - 1, 1, 1), "until": date(today.year - 1, 12, 31)}
    return {"since": today - timedelta(days=29), "until": today}
