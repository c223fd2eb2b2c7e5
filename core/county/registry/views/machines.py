"""Where a machine asks to be a node. No login: the one-time code is what it has to show."""

from __future__ import annotations

import logging

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.domain.journal.format import decode
from core.exchange.enrolment import MAX_REQUEST_BYTES, EnrolCall, RequestDamaged

from ..errors import CodeExpired, CodeUnknown, CodeUsed, RegistryError, words_of
from ..services import attempt_note, attempt_require, node_enrol

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """The sealed response, or a refusal as JSON with its code and its words. At most 10 wrong codes an address."""
    at, address = timezone.now(), str(request.META.get("REMOTE_ADDR", ""))
    try:
        attempt_require(address=address, at=at)
        call = _call(request)
        data = node_enrol(request=call.request, code=call.code, at=at, county_url=settings.COUNTY_URL)
    except (RegistryError, RequestDamaged) as error:
        if isinstance(error, CodeUnknown | CodeExpired | CodeUsed):
            attempt_note(address=address, at=at)
        logger.warning("enrolment refused: %s from %s", error.code, address)
        status = error.status if isinstance(error, RegistryError) else 400
        return JsonResponse({"error": error.code, "message": words_of(error)}, status=status)
    return HttpResponse(data, content_type="application/octet-stream")


def _call(request: HttpRequest) -> EnrolCall:
    """Raises RequestDamaged, before a large body is read."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > MAX_REQUEST_BYTES + 1024:
        raise RequestDamaged(detail=f"{length or '?'} bytes")
    try:
        return decode(request.body, EnrolCall)
    except msgspec.MsgspecError as error:
        raise RequestDamaged(detail=str(error)) from error
