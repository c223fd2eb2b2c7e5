"""Checking a paper's code: for anybody, at any window, with a keyboard scanner or by pasting. Nobody need log in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.exchange.identity import Identity

from ..verifying import MAX_PAYLOAD, verdict_of

#: Why a code proves nothing.
REASONS: Final[dict[str, str | Promise]] = {
    "empty": _("Nothing was scanned yet."),
    "too_long": _("This is longer than any code of ours."),
    "unsigned": _("A bare number proves nothing: anybody can write one. Scan the code on the paper."),
    "format": _("This is not a code of ours, or it was read incompletely. Scan it again."),
    "number": _("The number in the code is not a case number."),
    "card": _("The machine that signed it has no card of this county."),
    "signature": _("The signature does not fit the number: the code was altered."),
    "place": _("The machine that signed it does not give numbers of this service point."),
}
#: What is known of the case where it was asked.
WHERE: Final[dict[str, str | Promise]] = {
    "county": _("The county has this case."),
    "here": _("This machine has this case; the county has not confirmed it yet."),
    "unknown": _("This case is not known here. It may still be on its way from the counter that opened it."),
}


@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Genuine or not and why, its number, the machine that signed, whether the county has the case. Raises NotEnrolled
    on a machine that does not know the county's key."""
    payload = request.POST.get("payload", "") if request.method == "POST" else ""
    verdict = None
    if payload:
        identity = cast("Callable[[], Identity]", import_string(settings.IDENTITY))()
        verdict = verdict_of(payload, identity.root_key)
    context = {
        "verdict": verdict, "payload": payload[:MAX_PAYLOAD], "max_payload": MAX_PAYLOAD,
        "reason": REASONS.get(verdict.reason, verdict.reason) if verdict else "",
        "where": WHERE[verdict.known.where] if verdict and verdict.known else "",
    }  # fmt: skip
    return render(request, "counter/verify.html", context)
