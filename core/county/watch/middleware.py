"""How long requests take, by the name of their page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from . import instruments

#: Files of the program, and addresses it does not have: one name each, whatever was asked for.
STATIC, UNKNOWN, UNNAMED = "static", "unknown", "unnamed"
_STATIC_PATH: Final = "/" + settings.STATIC_URL.lstrip("/")


class RequestTimeMiddleware:
    """Counts every request's time; outermost, so that what the others do is in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self._get_response(request)
        instruments.request_ended(
            view=view_of(request), method=request.method or "", status=response.status_code,
            seconds=time.perf_counter() - started,
        )  # fmt: skip
        return response


def view_of(request: HttpRequest) -> str:
    """The name of the request's page as the addresses have it: never a part of the address itself."""
    match = request.resolver_match
    if match is None:
        return STATIC if request.path_info.startswith(_STATIC_PATH) else UNKNOWN
    # Without a name Django gives the function's path, which is as bounded but tells of our modules.
    return match.view_name if match.url_name else UNNAMED
