"""Cases: the list, the page of one case, and the acts that may be done on it here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.domain.cases.selectors import case_list, case_state
from core.domain.journal.clock import instant_date
from core.domain.journal.services import clock_now

from ..access import StaffRequest, at_place
from ..case_page import case_context
from ..papers import paper_links
from ..selectors import case_rows

PAGE_LENGTH = 20
#: Whose cases the list shows.
MINE, ALL = "mine", "all"


@at_place()
def cases(request: StaffRequest) -> HttpResponse:
    """My open cases; with `all`, everybody's here; with `closed`, those that ended too."""
    text, whose = request.GET.get("q", "").strip(), request.GET.get("whose", MINE)
    closed = request.GET.get("closed") == "1"
    found = case_list(
        clerk=request.actor.code if whose == MINE and not text else "",
        text=text.replace(" ", "") if text[:6].isdigit() else text,
        open_only=not closed and not text,
    )
    page = Paginator(found, PAGE_LENGTH).get_page(request.GET.get("page"))
    today = instant_date(clock_now())
    query = {"q": text, "whose": whose, "closed": "1" if closed else ""}
    context = {
        "page": page, "rows": case_rows(page.object_list, today=today, county=_("the county")), "text": text,
        "whose": whose, "closed": closed, "query": urlencode({key: value for key, value in query.items() if value}),
    }  # fmt: skip
    return render(request, "counter/cases.html", context)


@at_place()
def case(request: StaffRequest, case_id: UUID) -> HttpResponse:
    """One case on one page. Raises CaseUnknown."""
    return case_page(request, case_id)


def case_page(
    request: StaffRequest, case_id: UUID, *, act: str = "", error: str = "", typed: dict[str, Any] | None = None
) -> HttpResponse:
    """The page; with `error`, the form of `act` is open with what was typed, and nothing was changed."""
    context = case_context(
        case_state(case_id), actor=request.actor, here=request.place, today=instant_date(clock_now())
    )
    context |= {"open_act": act, "act_error": error, "typed": typed or {}, "papers": paper_links(context["case"])}
    return render(request, "counter/case.html", context, status=422 if error else 200)
