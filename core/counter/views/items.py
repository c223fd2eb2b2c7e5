"""Items: search, the guide, and the two papers one takes home (明白卡, 一次性告知单)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.domain.catalogue.authority import DECIDE, REVIEW, Allowed, Authority
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import (
    categories,
    department_names,
    item_authority,
    item_get,
    place_of,
    release_number,
)
from core.domain.journal.clock import instant_date
from core.domain.journal.place import Here
from core.domain.journal.services import clock_now

from ..access import StaffRequest, at_place
from ..refusal_words import authority_words
from ..route import route_lines
from ..selectors import NOTHING, item_hits, outcome_here


@dataclass(frozen=True)
class FlowStep:
    """One step of the flow as the picture shows it. `here`: this counter does it."""

    name: str
    who: str
    days: int
    here: bool


@at_place()
def items(request: StaffRequest) -> HttpResponse:
    """The search; htmx asks for the list alone."""
    text, category = request.GET.get("q", "").strip(), request.GET.get("category", "")
    today = instant_date(clock_now())
    hits = item_hits(text=text, category=category, here=request.place, on=today, limit=50 if category else 20)
    context = {"hits": hits, "text": text, "category": category}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "counter/_hits.html", context)
    return render(request, "counter/items.html", {**context, "categories": categories()})


@at_place()
def item(request: StaffRequest, item_code: str) -> HttpResponse:
    """The guide of one item. Raises ItemUnknown."""
    return render(request, "counter/item.html", item_context(item_get(item_code), request.place))


@at_place()
def item_paper(request: StaffRequest, item_code: str, paper: str) -> HttpResponse:
    """One page to take home: "card" (明白卡) or "notice" (一次性告知单)."""
    context = item_context(item_get(item_code), request.place)
    situation = request.GET.get("situation", "")
    return render(request, f"counter/paper_{paper}.html", {**context, "situation": situation})


def item_context(item: Item, here: Here) -> dict[str, Any]:
    """What the guide shows: the item, what this counter may do with it and why, the flow as a picture."""
    today = instant_date(clock_now())
    may = item_authority(item, place=place_of(here.division, here.level), on=today)
    names = department_names({item.department, *(code for stage in item.flow for code in stage.departments)})
    return {
        "item": item,
        "department": names[item.department],
        "may": may,
        "may_words": authority_words(may, here.level),
        "outcome": outcome_here(item, may),
        "nothing": NOTHING,
        "route": route_lines(item, here, on=today),
        "flow": _flow(item, may, here, names),
        "release": release_number(),
        "today": today,
    }


def _flow(item: Item, may: Authority, here: Here, names: dict[str, str]) -> list[FlowStep]:
    powers = may.powers if isinstance(may, Allowed) else frozenset[str]()
    owner = names[item.department]
    accept_here, review_here, decide_here = bool(powers), REVIEW in powers, DECIDE in powers
    steps = [
        FlowStep(_("Apply"), here.name, 0, True),
        FlowStep(_("Accept"), here.name if accept_here else owner, 0, accept_here),
    ]
    if item.kind == "promised":
        for stage in item.flow:
            who = here.name if review_here else "、".join(names[code] for code in stage.departments)
            steps.append(FlowStep(stage.name, who, stage.days, review_here))
    steps.append(FlowStep(_("Decide"), here.name if decide_here else owner, 0, decide_here))
    steps.append(FlowStep(_("Hand out the result"), here.name, 0, True))
    return steps
