"""One dispute with both sides, and taking cases from a machine that is gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.counter import wording
from core.counter.access import StaffRequest, in_county
from core.counter.refusal_words import REFUSALS, refusal_words
from core.county.backoffice.views.addresses import address_of
from core.county.workqueue.selectors import desk_of
from core.domain.cases.errors import CaseUnknown
from core.domain.cases.selectors import case_state
from core.domain.staff.selectors import staff_names

from ..desk import (
    TAKE_AT_ONCE,
    CustodianWorking,
    NotWatched,
    Visit,
    custody_take_all,
    custody_take_over,
    flag_settle,
    tenant_visit,
)
from ..forms import CustodyForm, SettleForm
from ..selectors import Dispute, cases_at, dispute_read, holder_of, item_of
from ..words import flag_advice

#: An operator looks after machines, not after people's cases.
ROLES = ("county_admin", "supervisor")


def _visit(request: StaffRequest, tenant_code: str) -> Any:
    return tenant_visit(
        actor=request.actor, tenant_code=tenant_code, address=address_of(request), at=timezone.now()
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@in_county(*ROLES)
def dispute(request: StaffRequest, tenant_code: str, entry_id: UUID) -> HttpResponse:
    """Both sides of a flagged entry; a note settles it. Whoever does not watch over the tenant gets a 404."""
    form = SettleForm(request.POST if request.method == "POST" else None)
    try:
        with _visit(request, tenant_code) as visit:
            found = dispute_read(entry_id, at=visit.at)
            if found is None:
                raise Http404(str(entry_id))
            if form.is_valid():
                return _settle(request, visit, found, form.cleaned_data["note"])
            visit.record(found.flag.case_id, "conflict")
    except NotWatched as error:
        raise Http404(tenant_code) from error
    return render(request, "ingest/dispute.html", _context(request, visit, found, form),
                  status=422 if form.is_bound else 200)  # fmt: skip


def _context(request: StaffRequest, visit: Visit, found: Dispute, form: SettleForm) -> dict[str, Any]:
    flag, state = found.flag, found.state
    advice = flag_advice(flag.reason, after_takeover=found.after_takeover)
    return {
        "found": found, "flag": flag, "state": state, "tenant": visit.tenant, "form": form, "holder": found.holder,
        "why": wording.word(wording.FLAG, flag.reason), "advice": advice, "in_inbox": _in_inbox(request, visit),
        "takeable": state is not None and state.is_open and found.holder is not None and found.holder.takeable,
        "sees_nodes": request.actor.has("county_admin"),
    }  # fmt: skip


def _in_inbox(request: StaffRequest, visit: Visit) -> bool:
    """Whether the back office shows this person the tenant's cases."""
    scopes = desk_of(request.user).scopes
    return any(not scope.department and scope.tenant_code in ("", visit.tenant.code) for scope in scopes)


def _settle(request: StaffRequest, visit: Visit, found: Dispute, note: str) -> HttpResponse:
    if flag_settle(visit, entry_id=found.flag.entry_id, note=note) is None:
        messages.warning(request, _("Somebody had settled it before; their note stands, and nothing was changed."))
        return HttpResponseRedirect(request.path)
    messages.success(request, _("It is settled with your note. The entry itself is kept as it is."))
    return HttpResponseRedirect(reverse("ingest:desk"))


@require_http_methods(["GET", "POST"])
@in_county(*ROLES)
def custody(request: StaffRequest, tenant_code: str, case_id: UUID) -> HttpResponse:
    """Says what taking the case over changes, then does it."""
    form = CustodyForm(request.POST if request.method == "POST" else None)
    try:
        with _visit(request, tenant_code) as visit:
            state = case_state(case_id)
            holder, item = holder_of(state.custodian, at=visit.at), item_of(state)
            if form.is_valid():
                return _take(request, visit, case_id, form.cleaned_data["reason"])
            visit.record(case_id, "custody")
    except (NotWatched, CaseUnknown) as error:
        raise Http404(str(case_id)) from error
    context = {
        "state": state, "holder": holder, "tenant": visit.tenant, "form": form,
        "item_name": item.name if item else state.item_code, "ended": not state.is_open,
        "clerk": staff_names({state.clerk})[state.clerk],
    }  # fmt: skip
    return render(request, "ingest/custody.html", context, status=422 if form.is_bound else 200)


def _take(request: StaffRequest, visit: Visit, case_id: UUID, reason: str) -> HttpResponse:
    try:
        state = custody_take_over(visit, case_id=case_id, reason=reason)
    except CustodianWorking as refusal:
        messages.error(request, _working(refusal))
        return HttpResponseRedirect(request.path)
    except REFUSALS as refusal:
        messages.error(request, _("Nothing was changed. %(why)s") % {"why": refusal_words(refusal)})
        return HttpResponseRedirect(request.path)
    messages.success(request, _("The county has case %(number)s now; everybody concerned is being told.")
                     % {"number": state.number})  # fmt: skip
    return HttpResponseRedirect(reverse("ingest:desk"))


def _working(refusal: CustodianWorking) -> str:
    return _(
        "Nothing was changed: %(name)s has the case and is at work. Revoke the machine first if it is in wrong hands;"
        " otherwise ask its people to pass the case on."
    ) % {"name": refusal.holder.name}


@require_http_methods(["GET", "POST"])
@in_county(*ROLES)
def stranded(request: StaffRequest, tenant_code: str, node: str) -> HttpResponse:
    """The open cases a machine that is gone still has, and taking them all over."""
    form = CustodyForm(request.POST if request.method == "POST" else None)
    try:
        with _visit(request, tenant_code) as visit:
            holder, cases = holder_of(node, at=visit.at), cases_at(node)
            if form.is_valid():
                return _take_all(request, visit, node, form.cleaned_data["reason"])
    except NotWatched as error:
        raise Http404(tenant_code) from error
    context = {
        "holder": holder, "cases": cases[:TAKE_AT_ONCE], "count": len(cases), "at_once": TAKE_AT_ONCE,
        "tenant": visit.tenant, "form": form,
    }  # fmt: skip
    return render(request, "ingest/stranded.html", context, status=422 if form.is_bound else 200)


def _take_all(request: StaffRequest, visit: Visit, node: str, reason: str) -> HttpResponse:
    try:
        count = custody_take_all(visit, node=node, reason=reason)
    except CustodianWorking as refusal:
        messages.error(request, _working(refusal))
        return HttpResponseRedirect(request.path)
    done = ngettext("The county has taken over %(count)s case.", "The county has taken over %(count)s cases.", count)
    messages.success(request, done % {"count": count})
    return HttpResponseRedirect(reverse("ingest:desk"))
