"""The applicant rates the case on the counter's own screen; the counter follows low ratings up and shows all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from core.domain.cases.errors import RatedAlready
from core.domain.cases.selectors import case_state
from core.domain.cases.services import case_item, rating_follow
from core.domain.cases.state import CaseState
from core.domain.journal import clock

from ..access import StaffRequest, at_place
from ..qr import qr_image
from ..rating import Given, given_of, rating_address, rating_form, rating_give, rating_lines
from ..rating_list import ratings_all, rows_of, summary
from ..refusal_words import REFUSALS, refusal_words
from ..selectors import disk_free_is_enough

PAGE_LENGTH = 50
#: What a follow-up says about whom was spoken with, and what came of it.
MAX_FOLLOW_TEXT = 1000


@never_cache
@require_http_methods(["GET", "POST"])
@at_place()
def rate(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The page handed to the applicant: item and number, nothing else of the case. Raises CaseUnknown."""
    state = case_state(case_id)
    if request.method == "GET":
        return _rate_page(request, state)
    given = given_of(request.POST)
    if not disk_free_is_enough():
        return _rate_page(request, state, given, _("The disk of this machine is full: nothing was kept."))
    try:
        rating_give(state, given, today=clock.today())
    except RatedAlready:
        return _rate_page(request, state, given)
    except REFUSALS as refusal:
        return _rate_page(request, state, given, refusal_words(refusal))
    return redirect("counter:rate_thanks", case_id=case_id)


def _rate_page(request: StaffRequest, state: CaseState, given: Given | None = None, error: str = "") -> HttpResponse:
    form = rating_form(state, given, today=clock.today())
    context = {"case": state, "item": case_item(state), "error": error, **form}
    return render(request, "counter/rating.html", context, status=422 if error else 200)


@never_cache
@require_GET
@at_place()
def rate_thanks(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The rating is kept; the screen goes back over the counter. Raises CaseUnknown."""
    state = case_state(case_id)
    return render(request, "counter/rating_thanks.html", {"case": state, "item": case_item(state)})


@require_GET
@at_place()
def rate_qr(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """The address of the page on the applicant's own phone, as an image to scan. Raises CaseUnknown."""
    address = rating_address(case_state(case_id))
    if not address:
        raise Http404(str(case_id))
    response = HttpResponse(qr_image(address), content_type="image/svg+xml")
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "POST"])
@at_place()
def follow(request: StaffRequest, case_id: UUID, rating_id: UUID) -> HttpResponse:
    """One low rating and what was done about it; a step is written down here. Raises CaseUnknown."""
    state = case_state(case_id)
    error, typed = "", ""
    if request.method == "POST":
        step, typed = request.POST.get("step", ""), request.POST.get("text", "")[:MAX_FOLLOW_TEXT]
        try:
            rating_follow(case_id=case_id, actor=request.actor, rating=rating_id, step=step, text=typed)
        except REFUSALS as refusal:
            error = refusal_words(refusal)
        else:
            messages.success(request, FOLLOWED[step]())
            return redirect("counter:case", case_id=case_id)
    line = next((one for one in rating_lines(state, today=clock.today()) if one.key == rating_id), None)
    if line is None or line.follow is None:
        raise Http404(str(rating_id))
    context: dict[str, Any] = {
        "case": state, "item": case_item(state), "line": line, "error": error, "typed": typed,
        "max_text": MAX_FOLLOW_TEXT,
    }  # fmt: skip
    return render(request, "counter/rating_follow.html", context, status=422 if error else 200)


FOLLOWED = {
    "contacted": lambda: _("It is written down; ask the applicant for a second rating."),
    "settled": lambda: _("The follow-up is closed with its outcome."),
}


@require_GET
@at_place()
def ratings(request: StaffRequest) -> HttpResponse:
    """Every rating this place has been given, good and bad, newest first."""
    found = ratings_all()
    page = Paginator(found, PAGE_LENGTH).get_page(request.GET.get("page"))
    context = {"page": page, "rows": rows_of(list(page.object_list)), "summary": summary(found), "query": ""}
    return render(request, "counter/ratings.html", context)
