"""Lists of what waits at this counter, one a kind."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from core.domain.journal.clock import today

from ..access import StaffRequest, at_place
from ..todo import CASES_LOOKED_AT, DELIVER, TITLES, todo_here, todo_rows
from .cases import PAGE_LENGTH


@at_place()
def todo_cards(request: StaffRequest) -> HttpResponse:
    """The counts alone, which the first page asks for once it stands; without scripts the list that presses most."""
    found = todo_here(request.place, today=today())
    cards = [card for card in found.cards if card.count]
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("counter:todo", kind=cards[0].kind if cards else next(iter(TITLES)))
    return render(request, "counter/_waiting.html", {"cards": cards})


@at_place()
def todo(request: StaffRequest, kind: str) -> HttpResponse:
    """All that waits of one kind, those due first; 404 for a kind there is not."""
    if kind not in TITLES:
        raise Http404(kind)
    day = today()
    found = todo_here(request.place, today=day)
    page = Paginator(found.lists[kind], PAGE_LENGTH).get_page(request.GET.get("page"))
    context = {
        "kind": kind, "title": TITLES[kind], "page": page, "rows": todo_rows(page.object_list), "cards": found.cards,
        "complete": found.complete, "looked_at": CASES_LOOKED_AT, "today": day,
    }  # fmt: skip
    return render(request, "counter/todo.html", context)


def to_deliver(request: HttpRequest) -> HttpResponseBase:
    """Results nobody has fetched yet, each with the last day the law gives (Art. 44)."""
    return todo(request, kind=DELIVER)
