"""Papers of a case: receipt, supplement notice, result notice, delivery record; and its scans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from core.domain.cases.receipt import receipt_payload
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.catalogue.models import Department
from core.domain.journal.clock import instant_date
from core.domain.journal.place import CORE
from core.domain.journal.services import clock_now
from core.exchange.attachments import attachment_plain
from core.exchange.identity import Identity

from ..access import StaffRequest, at_place
from ..case_page import case_context
from ..refusals import refusal

#: Shown in the browser; anything else is only ever downloaded.
SHOWN = ("image/jpeg", "image/png", "image/webp", "application/pdf")


def _context(request: StaffRequest, state: CaseState) -> dict[str, Any]:
    context = case_context(state, actor=request.actor, here=request.place, today=instant_date(clock_now()))
    return context | {
        "office": Department.objects.filter(uscc=context["item"].department).first(),
        "owed": [line for line in context["lines"] if line.state in ("deferred", "missing")],
        "clerk_name": context["staff"].get(state.clerk, state.clerk),
        "deliverer_name": context["staff"].get(state.delivery.by, state.delivery.by) if state.delivery else "",
        "printed_at": clock_now(),
        "narrow": request.GET.get("paper") == "80",
    }


@at_place()
def receipt(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The receipt, A4 or (?paper=80) on an 80 mm roll. Raises CaseUnknown."""
    state = case_state(case_id)
    return render(request, "counter/receipt.html", {**_context(request, state), "qr": _qr(state)})


@at_place()
def supplement(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The notice of everything that is missing. Raises CaseUnknown."""
    state = case_state(case_id)
    if state.supplement is None:
        return redirect("counter:case", case_id=case_id)
    return render(request, "counter/notice_supplement.html", {**_context(request, state), "qr": _qr(state)})


@at_place()
def result(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The notice of the decision, or of why the application was not accepted. Raises CaseUnknown."""
    state = case_state(case_id)
    if state.decision is None and state.status != "refused":
        return redirect("counter:case", case_id=case_id)
    return render(request, "counter/notice_result.html", {**_context(request, state), "qr": _qr(state)})


@at_place()
def delivery(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The record of who received the result. Raises CaseUnknown."""
    state = case_state(case_id)
    if state.delivery is None:
        return redirect("counter:case", case_id=case_id)
    return render(request, "counter/record_delivery.html", {**_context(request, state), "qr": _qr(state)})


def _qr(state: CaseState) -> SafeString:
    """The number, signed, as an inline SVG. A node signs what it opened and the core whatever is there; a reprint
    anywhere else carries the bare number."""
    import segno  # here, so that a process that prints nothing does not carry it

    identity = cast("Callable[[], Identity]", import_string(settings.IDENTITY))()
    payload = state.number
    if identity.node in (CORE, state.opened_by):
        payload = receipt_payload(number=payload, signer=identity.signer, signed_card=identity.signed_card)
    code = segno.make(payload, error="l", boost_error=False, micro=False)
    return mark_safe(code.svg_inline(scale=1, border=4, omitsize=True, svgclass="yz-qr"))


@at_place()
def scan(request: StaffRequest, case_id: UUID, key: str) -> HttpResponse:
    """A scanned material's bytes; a page that says so while they are in transit. Raises CaseUnknown."""
    state = case_state(case_id)
    refs = [ref for facts in state.materials.values() for fact in facts.values() for ref in fact.attachments]
    ref = next((ref for ref in refs if ref.sealed.hex() == key), None)
    if ref is None:
        raise Http404(key)
    data = attachment_plain(ref.sealed)
    if data is None:
        return _in_transit(request)
    kind = ref.media_type if ref.media_type in SHOWN else "application/octet-stream"
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = "inline" if kind in SHOWN else "attachment"
    if kind != "application/pdf":  # the browser's PDF viewer does not open in a sandbox, and has its own
        response["Content-Security-Policy"] = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def _in_transit(request: StaffRequest) -> HttpResponse:
    return refusal(
        request,
        status=404,
        title=_("This scan is still on its way"),
        what=_("The entry that names it is here, its bytes are not: large files travel after everything else."),
        kept=_("Nothing is lost: the scan lies at the counter that took it in."),
        todo=(_("Open the case again later; with a network it arrives by itself."),),
    )
