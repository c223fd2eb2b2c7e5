"""The counter's first page: one search box, what is open, what to hand out, today's numbers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.domain.cases.intake import COUNTER_ROLES
from core.domain.cases.selectors import case_list, counts_today
from core.domain.catalogue.selectors import categories
from core.domain.journal.clock import instant_date
from core.domain.journal.place import here
from core.domain.journal.selectors import streams_held
from core.domain.journal.services import clock_now

from ..access import NoRoleHere, StaffRequest, at_place, in_county
from ..context import navigation
from ..network import network
from ..selectors import case_rows, drafts_of, item_hits
from ..todo import deliver_rows

LIST_LENGTH = 8


@at_place()
def home(request: StaffRequest) -> HttpResponse:
    today, text = instant_date(clock_now()), request.GET.get("q", "").strip()
    place, clerk = request.place, request.actor.code
    context = {
        "text": text,
        "hits": item_hits(text=text, here=place, on=today) if text else [],
        "categories": categories(),
        "mine": case_rows(case_list(clerk=clerk, open_only=True)[:LIST_LENGTH], today=today, county=_("the county")),
        "hand_out": deliver_rows(place, today=today, limit=LIST_LENGTH),
        "counts": counts_today(today, place.service_point),
        "drafts": drafts_of(clerk),
        "held": streams_held(),
        "today": today,
        "may_take_in": request.actor.has(*COUNTER_ROLES),
    }
    return render(request, "counter/home.html", context)


def network_bar(request: HttpRequest) -> HttpResponse:
    """The bar alone, as it is now; the page asks for it every 15 seconds."""
    return render(request, "components/network.html", {"network": network(here())})


@in_county()
def console(request: StaffRequest) -> HttpResponse:
    """The county host's first page is the first page of the navigation this person may open."""
    entries = navigation(request.actor, request.path)
    if not entries:
        raise NoRoleHere("")
    return redirect(entries[0]["url"])
