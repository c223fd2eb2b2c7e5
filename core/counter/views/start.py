"""The counter's first page: one search box, what is open, what to hand out, today's numbers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core.domain.journal.place import here

from ..access import NoRoleHere, StaffRequest, at_place, in_county
from ..context import navigation
from ..network import network


@at_place()
def home(request: StaffRequest) -> HttpResponse:
    return render(request, "counter/home.html")


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
