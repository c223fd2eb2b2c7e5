"""Papers of a case, and its scans."""

from __future__ import annotations

from datetime import date
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.domain.cases.selectors import case_ledger, case_state
from core.domain.cases.services import case_item
from core.domain.cases.state import CaseState
from core.domain.journal.clock import today
from core.domain.journal.place import Here
from core.domain.journal.services import clock_now
from core.exchange.attachments import attachment_plain

from ..access import StaffRequest, at_place
from ..case_page import ledger_view, material_lines
from ..papers import ALL, HEADINGS, paper_of
from ..qr import qr_inline, receipt_signed
from ..refusals import refusal

#: Shown in the browser; anything else is only ever downloaded.
SHOWN = ("image/jpeg", "image/png", "image/webp", "application/pdf")


@at_place()
def paper(request: StaffRequest, case_id: UUID, kind: str) -> HttpResponse:
    """One of the case's papers, on A4 or (?paper=80) on an 80 mm roll; the case where it has no such paper.

    ?which=1 is the first of several special procedures. Raises CaseUnknown.
    """
    if kind not in ALL:
        raise Http404(kind)
    back = reverse("counter:case", args=[case_id])
    response = paper_response(request, case_state(case_id), kind, here=request.place, back=back)
    return response or redirect(back)


def receipt(request: StaffRequest, case_id: UUID) -> HttpResponse:
    return cast("HttpResponse", paper(request, case_id=case_id, kind="receipt"))


def supplement(request: StaffRequest, case_id: UUID) -> HttpResponse:
    return cast("HttpResponse", paper(request, case_id=case_id, kind="supplement"))


def delivery(request: StaffRequest, case_id: UUID) -> HttpResponse:
    return cast("HttpResponse", paper(request, case_id=case_id, kind="delivery"))


@at_place()
def result(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The decision, or why the application was not accepted. Raises CaseUnknown."""
    kind = "refusal" if case_state(case_id).status == "refused" else "decision"
    return cast("HttpResponse", paper(request, case_id=case_id, kind=kind))


def paper_response(request: HttpRequest, state: CaseState, kind: str, *, here: Here, back: str) -> HttpResponse | None:
    """The page of one of the papers of core.counter.papers.ALL; None where the case has no such paper.

    `here` is the place whose service point prints it, `back` the address of the case's page. On the core the
    connection stands in the case's tenant; everything is read by then, and the page is drawn after leaving it.
    """
    day = today()
    which = request.GET.get("which", "")
    made = paper_of(kind, state, here=here, today=day, which=int(which) if which.isdecimal() and len(which) < 4 else 0)
    if made is None:
        return None
    context: dict[str, Any] = {
        "paper": made, "case": state, "heading": HEADINGS[made.kind], "back": back, "qr": receipt_qr(state),
        "printed_at": clock_now(), "narrow": made.on_roll and request.GET.get("paper") == "80",
    }  # fmt: skip
    # Drawn after the view: on the county's host the page around the paper is the console's, not the hall's.
    if kind == "receipt":
        return TemplateResponse(request, "counter/receipt.html", context | _receipt_context(state, here, day))
    return TemplateResponse(request, "counter/paper_official.html", context)


def _receipt_context(state: CaseState, here: Here, day: date) -> dict[str, Any]:
    """What the receipt shows besides its words: every day of the limits, every material, what is still owed."""
    item = case_item(state)
    lines = material_lines(state, item, here=here, today=day)
    # Once it has ended nothing is owed any more, whatever is missing.
    owed = [line for line in lines if line.state in ("deferred", "missing")] if state.is_open else []
    ledgers = {name: ledger_view(ledger, day) for name, ledger in case_ledger(state, today=day).items()}
    return {
        "item": item, "lines": lines, "ledgers": ledgers, "owed": owed,
        "hand_out": state.status == "completed" and state.custodian == here.node,
    }  # fmt: skip


def receipt_qr(state: CaseState) -> SafeString:
    """The number, signed, as an inline SVG; a reprint where nobody may sign carries the bare number."""
    return qr_inline(receipt_signed(state) or state.number)


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
