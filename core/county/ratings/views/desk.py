"""All ratings of the county, unfiltered, and the follow-up of each low one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.counter.access import NoRoleHere, StaffRequest, in_county
from core.counter.qr import qr_inline
from core.counter.rating import rating_address, rating_lines
from core.counter.refusal_words import REFUSALS, refusal_words
from core.county.backoffice.selectors import place_names
from core.county.backoffice.views.addresses import address_of
from core.county.workqueue.selectors import desk_of
from core.county.workqueue.watch import Watch, watch_of
from core.domain.cases.services.rating import MAX_TEXT, SCORES
from core.domain.journal import clock
from core.domain.journal.policy import policy
from core.domain.staff.selectors import staff_names
from tenants.models import Tenant

from ..models import Rating
from ..selectors import (
    FOLLOW_OPEN,
    FOLLOW_OVERDUE,
    Filters,
    follow_ups_open,
    light_of,
    months,
    rating_get,
    ratings_found,
    summary_found,
)
from ..services import rating_enter, rating_step

ROLES = ("county_admin", "supervisor")
PAGE_LENGTH = 50
#: The table of months reaches back to the first of January of the year before.
YEARS_BACK = 1


@dataclass(frozen=True)
class Line:
    """One rating as the list shows it."""

    rating: Rating
    tenant: str
    place: str
    reasons: list[str]
    light: str
    enters: bool


def _watch(request: StaffRequest) -> Watch:
    watch = watch_of(request.actor)
    if watch is None:
        raise NoRoleHere("")
    return watch


@require_GET
@in_county(*ROLES)
def ratings(request: StaffRequest) -> HttpResponse:
    """Every rating of the tenants watched over, how satisfied people are, month by month."""
    watch, today = _watch(request), clock.today()
    chosen = {name: request.GET.get(name, "")[:20] for name in ("tenant", "score", "follow")}
    if chosen["follow"] not in ("", FOLLOW_OPEN, FOLLOW_OVERDUE):
        chosen["follow"] = ""
    found = ratings_found(watch, Filters(chosen["tenant"], chosen["score"], chosen["follow"]), today=today)
    page = Paginator(found, PAGE_LENGTH).get_page(request.GET.get("page"))
    tenants = dict(Tenant.objects.order_by("code").values_list("code", "name"))
    since = date(today.year - YEARS_BACK, 1, 1)
    context = {
        "page": page, "lines": _lines(page.object_list, watch, tenants, today), "summary": summary_found(found),
        "chosen": chosen, "query": urlencode({name: value for name, value in chosen.items() if value}),
        "tenants": [(code, name) for code, name in tenants.items() if watch.covers(code)], "scores": SCORES,
        "months": [(one, tenants.get(one.tenant_code, one.tenant_code))
                   for one in months(watch, tenant_code=chosen["tenant"], since=since)],
        "open": follow_ups_open(request.actor), "limit": policy("rating_follow_up_days"),
        "overdue": ratings_found(watch, Filters(follow=FOLLOW_OVERDUE), today=today).count(),
    }  # fmt: skip
    return render(request, "ratings/list.html", context)


def _lines(ratings: Iterable[Rating], watch: Watch, tenants: dict[str, str], today: date) -> list[Line]:
    rows = list(ratings)
    places = place_names({row.service_point for row in rows})
    return [
        Line(
            rating=row, tenant=tenants.get(row.tenant_code, row.tenant_code), place=places[row.service_point],
            reasons=row.reasons.split(), light=light_of(row, today), enters=watch.enters(row.tenant_code),
        )
        for row in rows
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
@in_county(*ROLES)
def rating(request: StaffRequest, tenant_code: str, entry_id: UUID) -> HttpResponse:
    """One rating, whom to speak with, and its follow-up; whoever does not watch over the tenant gets a 404."""
    found = rating_get(_watch(request), tenant_code=tenant_code, entry_id=entry_id)
    if found is None:
        raise Http404(str(entry_id))
    if request.method == "GET":
        return _page(request, found)
    step, text = request.POST.get("step", ""), request.POST.get("text", "")[:MAX_TEXT].replace("\0", "")
    try:
        rating_step(actor=request.actor, rating=found, step=step, text=text, address=address_of(request))
    except REFUSALS as refusal:
        return _page(request, found, error=refusal_words(refusal), typed=text)
    messages.success(request, _DONE[step]())
    return redirect("ratings:rating", tenant_code=tenant_code, entry_id=entry_id)


_DONE = {
    "contacted": lambda: _("The contact is written down; now ask for a second rating, and write down the outcome."),
    "settled": lambda: _("The follow-up is closed with its outcome."),
}


def _page(request: StaffRequest, found: Rating, *, error: str = "", typed: str = "") -> HttpResponse:
    with rating_enter(
        actor=request.actor, tenant_code=found.tenant_code, case_id=found.case_id, act="rating",
        address=address_of(request),
    ) as entered:  # fmt: skip
        lines = rating_lines(entered.state, today=clock.today())
    line = next((one for one in lines if one.key == found.entry_id), None)
    if line is None:
        raise Http404(str(found.entry_id))
    second = next((one for one in lines if one.rating.second_of == found.entry_id), None)
    # A link only where a second rating may be given: whoever has it can rate.
    asked = line.follow is not None and line.follow.contacted is not None and second is None
    address = rating_address(entered.state) if asked else ""
    context: dict[str, Any] = {
        "rating": found, "line": line, "second": second, "state": entered.state, "item": entered.item,
        "tenant": entered.tenant, "place": None, "where": place_names([found.service_point])[found.service_point],
        "address": address, "qr": qr_inline(address) if address else None, "error": error, "typed": typed,
        "people": staff_names({step.by for step in line.steps}), "max_text": MAX_TEXT,
        "others": [one for one in lines if one.key != found.entry_id and one is not second],
        "in_inbox": desk_of(request.user).supervises,
    }  # fmt: skip
    return render(request, "ratings/rating.html", context, status=422 if error else 200)
