"""The catalogue's first page: what is in force, what the draft would change, what is wrong with it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors
from core.domain.staff.models import Role


@in_county(Role.COUNTY_ADMIN)
def home(request: StaffRequest) -> HttpResponse:
    found = selectors.draft_problems()
    context = {
        "release": selectors.release_latest(),
        "change": selectors.draft_difference(),
        "counts": selectors.draft_count(),
        "errors": [one for one in found if one.severity == "error"],
        "warnings": [one for one in found if one.severity == "warning"],
        "behind": selectors.impact_nodes(),
        "outlook": selectors.outlook(),
    }
    return render(request, "publishing/home.html", context)


@in_county(Role.COUNTY_ADMIN)
def problems(request: StaffRequest) -> HttpResponse:
    """Every fault of the draft, errors first."""
    found = sorted(selectors.draft_problems(), key=lambda one: (one.severity, one.kind, one.key))
    rows = [(one, one.text(_)) for one in found]
    return render(request, "publishing/problems.html", {"rows": rows})
