"""A node the county has revoked, or replaced by another machine, says so in place of taking new work."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.counter.refusals import refusal

from .errors import NodeReplaced, NodeRevoked


class StandingMiddleware:
    """Stands after the counter's RefusalMiddleware, so that it is asked first and can say more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, NodeRevoked | NodeReplaced):
            return None
        return refusal(
            request,
            status=403,
            title=_("This machine may not take new work"),
            what=str(error),
            kept=_("Everything accepted here before is kept on this machine; the county has what was sent by then."),
            todo=(
                _("Call the county administrator: they see who revoked it and why."),
                _("To work here again: get a new enrolment code and run manage.py enrol --again."),
            ),
        )
