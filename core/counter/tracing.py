"""Every request has an id: in its log lines, in the entries it writes, in the answer, and on pages that say no."""

from __future__ import annotations

import time
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response

from core.tracing import Trace, trace_begin

from .middleware import GetResponse

HEADER: Final = "X-Request-Id"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_log = structlog.get_logger(__name__)


class TraceMiddleware:
    """Stands before all others. The id is made here: what a browser or a proxy sends as one is not looked at.

    A request that may change something is one line in the log, as is one that failed; the others are only with DEBUG.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with trace_begin(request=True) as trace:
            began = time.perf_counter()
            response = self.get_response(request)
            response.headers[HEADER] = trace.id
            if response.status_code >= 400:
                # As Django would when this request is over, and its id with it; it does so once.
                words = ("%s: %s", response.reason_phrase, request.path)
                log_response(*words, response=response, request=request)
            _say(request, response, trace, round((time.perf_counter() - began) * 1000))
            return response


def _say(request: HttpRequest, response: HttpResponse, trace: Trace, took_ms: int) -> None:
    match = request.resolver_match
    # The view's name, not the address: people search for people.
    view = match.view_name if match else ""
    quiet = request.method in _READING and response.status_code < 500
    say = _log.debug if quiet else _log.info
    more = {"entries": trace.entries} if trace.entries else {}
    say("request", method=request.method, view=view, status=response.status_code, took_ms=took_ms, **more)
