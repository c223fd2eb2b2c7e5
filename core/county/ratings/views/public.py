"""A citizen rates on their own phone: the receipt's QR code is the key, nobody logs in.

No throttle: only a genuine receipt is answered from the database, and its case takes one rating, and one a visit.
Whatever else arrives costs one signature check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from core.counter.rating import Given, given_of, rating_form
from core.counter.refusal_words import REFUSALS, refusal_words
from core.domain.cases.errors import RatedAlready
from core.domain.cases.receipt import Receipt, ReceiptInvalid
from core.domain.journal import clock
from tenants.errors import SchemaMissing

from ..services import NotYetHere, receipt_enter, receipt_open, receipt_rate, tenant_of

Page = Callable[[HttpRequest, str, Receipt], HttpResponse]


def _genuine(view: Page) -> Callable[[HttpRequest, str], HttpResponse]:
    """The view runs with the proven receipt; a hall's host name answers for its own cases only."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        try:
            receipt = receipt_open(token)
        except ReceiptInvalid:
            return render(request, "ratings/public_unknown.html", status=404)
        host, owner = getattr(request, "tenant", None), tenant_of(receipt)
        if host is not None and owner is not None and host.code != owner.code:
            return HttpResponseRedirect(f"{settings.COUNTY_URL.rstrip('/')}/rate/{token}/")
        try:
            return view(request, token, receipt)
        except (NotYetHere, SchemaMissing):
            # The paper is genuine and its case is on its way: nobody has done anything wrong.
            return render(request, "ratings/public_later.html", {"number": receipt.number}, status=404)

    return guarded


@never_cache
@require_http_methods(["GET", "POST"])
@_genuine
def rate(request: HttpRequest, token: str, receipt: Receipt) -> HttpResponse:
    """Item, number and state of the case, and the five levels; nothing of the applicant."""
    if request.method == "GET":
        return _page(request, token, receipt)
    given = given_of(request.POST)
    try:
        receipt_rate(receipt, given)
    except RatedAlready:
        return _page(request, token, receipt, given)
    except REFUSALS as refusal:
        return _page(request, token, receipt, given, refusal_words(refusal))
    return redirect("rate:thanks", token=token)


def _page(
    request: HttpRequest, token: str, receipt: Receipt, given: Given | None = None, error: str = ""
) -> HttpResponse:
    context = _case(receipt, given) | {"error": error, "token": token}
    return render(request, "ratings/public.html", context, status=422 if error else 200)


@never_cache
@require_GET
@_genuine
def thanks(request: HttpRequest, token: str, receipt: Receipt) -> HttpResponse:
    """The rating is kept."""
    return render(request, "ratings/public_thanks.html", _case(receipt, None) | {"token": token})


def _case(receipt: Receipt, given: Given | None) -> dict[str, Any]:
    """What the page says of the case, read in its tenant's schema and shown after leaving it."""
    with receipt_enter(receipt) as open_:
        state = open_.state
        form = rating_form(state, given, today=clock.today())
        return {
            "number": state.number, "status": state.status, "item_name": open_.item.name,
            "hall": open_.tenant.hall_name, **form,
        }  # fmt: skip
