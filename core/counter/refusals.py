"""Pages for what could not be done: each says what happened, what was kept and what to do next."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.tracing import trace_now


def refusal(
    request: HttpRequest, *, status: int, title: str, what: str, todo: tuple[str, ...] = (), kept: str = "", **more: Any
) -> HttpResponse:
    """A page with the three things people need to know; `kept` is empty where there was nothing to keep."""
    context = {"status": status, "title": title, "what": what, "kept": kept, "todo": todo, "request_id": trace_now().id}
    context |= more
    return render(request, "refusal.html", context, status=status)


def not_enrolled(request: HttpRequest) -> HttpResponse:
    """This machine has no card, or this host name belongs to no hall: nothing can be written here."""
    return refusal(
        request,
        status=503,
        title=_("This machine is not enrolled yet"),
        what=_("The county does not know this machine, so no application can be taken in on it."),
        kept=_("Nothing was written."),
        todo=(
            _("Ask the county administrator for this service point's enrolment code."),
            _("Run on this machine: python manage.py enrol --code <code> (see manage.py enrol --help)."),
            _("Without a network, enrol by file: manage.py enrol --help says how."),
        ),
    )


def forbidden(request: HttpRequest, *, place: str = "") -> HttpResponse:
    """The account has no role for this page at this place."""
    what = _("Your account has no role for this page at %(place)s.") % {"place": place or _("this place")}
    return refusal(
        request,
        status=403,
        title=_("You may not open this page"),
        what=what,
        kept=_("Nothing was changed."),
        todo=(
            _("Log in with the account that works here, or go back to the page you came from."),
            _("If you should have this role, ask the county administrator to give it to your account."),
        ),
    )


def disk_full(request: HttpRequest) -> HttpResponse:
    """There is no room left: new work is refused before anything is half written."""
    return refusal(
        request,
        status=507,
        title=_("The disk of this machine is full"),
        what=_("There is too little room left to keep a new application safely, so it was not taken in."),
        kept=_("Everything accepted before is safe. What you typed is still in the page you came from: go back to it."),
        todo=(
            _("Call the operator: old files must be moved away from this machine's disk."),
            _("Until then, take the applicant's phone number and call when the counter works again."),
        ),
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler400."""
    return refusal(
        request,
        status=400,
        title=_("This request could not be understood"),
        what=_("The browser sent something this page does not know."),
        kept=_("Nothing was changed."),
        todo=(_("Go back, reload the page and try once more."),),
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return forbidden(request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return refusal(
        request,
        status=404,
        title=_("There is no such page here"),
        what=_("The address is wrong, or what it showed is not kept on this machine."),
        todo=(
            _("Search for the item or the case from the first page."),
            _("A case of another service point is found there, or at the county."),
        ),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was older than the login, or came from another site."""
    return refusal(
        request,
        status=403,
        title=_("The page was open for too long"),
        what=_("For safety, a form is only taken from a page that was opened in this browser since the last login."),
        kept=_("Nothing was changed. What you typed at the counter is kept as a draft."),
        todo=(_("Go back, reload the page and send the form once more."), _("Allow cookies for this address.")),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: drawn without a context, since whatever failed may fail again."""
    context = {"LANGUAGE_CODE": "zh-hans", "request_id": trace_now().id}
    return HttpResponse(render_to_string("500.html", context), status=500)
