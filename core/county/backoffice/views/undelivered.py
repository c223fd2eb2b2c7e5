"""Results nobody has fetched in all tenants, by hall and service point, and urging those who are to hand them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from core.counter.access import StaffRequest, in_county
from core.counter.refusal_words import REFUSALS, refusal_words
from core.county.workqueue.models import Undelivered
from core.county.workqueue.results import Place, undelivered_page, undelivered_places
from core.county.workqueue.selectors import Desk, desk_of
from core.county.workqueue.watch import watch_of
from core.domain.journal import clock
from core.domain.journal.place import CORE
from tenants.models import Tenant

from ..forms import UndeliveredForm
from ..selectors import place_names
from ..services import results_urge
from .addresses import address_of
from .inbox import key_of

ROLES = ("county_admin", "supervisor")
#: More at once would keep the page waiting; a page has fewer.
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Line:
    """One result as the page shows it. `late` is calendar days past its day; `url` is empty for whoever may not open
    the case."""

    row: Undelivered
    tenant: str
    place: str
    holder: str
    late: int
    url: str


def _watched(request: StaffRequest) -> frozenset[str] | None:
    """Tenants whose cases the person watches over (None: all); a department's supervisor watches over none."""
    watch = watch_of(request.actor)
    return frozenset() if watch is None else watch.inside


@require_GET
@in_county(*ROLES)
def undelivered(request: StaffRequest) -> HttpResponse:
    """One page of the list. In the address: town, service point, all (also those in time), `after`."""
    return _page(request, UndeliveredForm(prefix="urge"))


def _page(request: StaffRequest, form: UndeliveredForm, *, status: int = 200) -> HttpResponse:
    tenants, today = _watched(request), clock.today()
    chosen = {name: value for name in ("tenant", "point", "all") if (value := request.GET.get(name, "")[:20])}
    place = Place(
        tenants=tenants, tenant_code=chosen.get("tenant", ""), service_point=chosen.get("point", ""),
        late="all" not in chosen,
    )  # fmt: skip
    page = undelivered_page(place, today=today, after=key_of(request.GET.get("after", "")))
    counts = undelivered_places(tenants, today=today)
    codes = {row.service_point for row in counts} | {row.service_point for row in page.rows}
    names = place_names(codes | {row.custodian for row in page.rows})
    desk = desk_of(request.user)
    halls = dict(Tenant.objects.values_list("code", "name"))
    after = page.following and {"after": f"{page.following.due.isoformat()}_{page.following.task_id}"}
    context = {
        "lines": [_line(row, halls, names, today, desk) for row in page.rows], "chosen": chosen, "form": form,
        "places": [(halls.get(row.tenant_code, row.tenant_code), names.get(row.service_point, row.service_point),
                    row, urlencode({"tenant": row.tenant_code, "point": row.service_point})) for row in counts],
        "today": today, "back": request.POST.get("back") or request.get_full_path(),
        "first_page": not request.GET.get("after"),
        "next_query": urlencode({**chosen, **after}) if after else "", "query": urlencode(chosen),
        "all_query": urlencode({**{k: v for k, v in chosen.items() if k != "all"}, **({} if "all" in chosen
                                                                                     else {"all": "1"})}),
    }  # fmt: skip
    return render(request, "backoffice/undelivered.html", context, status=status)


def _line(row: Undelivered, halls: dict[str, str], names: dict[str, str], today: date, desk: Desk) -> Line:
    place = names.get(row.service_point, row.service_point)
    url = reverse("backoffice:case", args=[row.tenant_code, row.case_id])
    return Line(
        row=row, tenant=halls.get(row.tenant_code, row.tenant_code), place=place,
        holder=_("the hall's window") if row.custodian == CORE else names.get(row.custodian, row.custodian),
        late=max(0, (today - row.due).days),
        url=url if desk.covers(row.tenant_code, frozenset()) else "",
    )  # fmt: skip


@require_POST
@in_county(*ROLES)
def urge(request: StaffRequest) -> HttpResponse:
    """Each ticked result's holder is urged; then the list again."""
    tenants = _watched(request)
    form = UndeliveredForm(request.POST, prefix="urge")
    chosen = [int(value) for value in request.POST.getlist("result") if value.isdecimal()][:MOST_AT_ONCE]
    rows: Any = Undelivered.objects.filter(pk__in=chosen)
    if tenants is not None:
        rows = rows.filter(tenant_code__in=tenants)
    if not chosen:
        messages.warning(request, _("No result was ticked, so nobody was urged. Tick the results first."))
    elif not form.is_valid():
        return _page(request, form, status=422)
    else:
        _urge(request, list(rows), form.cleaned_data)
    return _back(request)


def _urge(request: StaffRequest, rows: list[Undelivered], data: dict[str, Any]) -> None:
    try:
        urged = results_urge(
            actor=request.actor, rows=rows, text=data["text"], due=data["due"], address=address_of(request)
        )
    except REFUSALS as refusal:
        messages.error(request, _("Nothing was changed. %(why)s") % {"why": refusal_words(refusal)})
        return
    done = ngettext("%(count)s case was urged.", "%(count)s cases were urged.", urged.done) % {"count": urged.done}
    gone = ngettext("%(count)s was handed out meanwhile.", "%(count)s were handed out meanwhile.", urged.gone)
    more = [gone % {"count": urged.gone}] if urged.gone else []
    messages.success(request, " ".join([done, *more]))


def _back(request: StaffRequest) -> HttpResponse:
    target, page = request.POST.get("back", ""), reverse("backoffice:undelivered")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith(page)
    return HttpResponseRedirect(target if safe else page)
