"""The county's villages by state: drawn to scale where positions are known, and as towns and tiles always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from tenants.models import Outline

from ..selectors import PointState, point_states, states_count, tenant_names
from ..states import BY_URGENCY, FINE
from ..words import STATES, heard_words, point_note, state_meaning, state_word
from .frame import KEEPERS, frame

#: Beyond so many tiles a page is slow and nobody looks through them: then those that are fine are only counted.
MAX_TILES: Final = 1_200
#: What the page asks anew, and what is drawn to scale, ends somewhere.
MAX_STATES: Final = 6_000


@dataclass(frozen=True)
class Tile:
    point: PointState
    note: str
    heard: str


@dataclass(frozen=True)
class Block:
    """A town: its tiles, how many of its points stand behind them, and how many are in each state."""

    code: str
    name: str
    tiles: Sequence[Tile]
    fine_hidden: int
    counts: Sequence[tuple[str, str, int]]


@require_GET
@in_county(*KEEPERS)
def county_map(request: StaffRequest) -> HttpResponse:
    tenant, state = request.GET.get("tenant", "")[:12], request.GET.get("state", "")
    state = state if state in STATES else ""
    points = point_states(at=timezone.now(), tenants=[tenant] if tenant else None)
    counts = states_count(points)
    shown = [point for point in points if not state or point.state == state]
    names = tenant_names()
    legend = [(one, state_word(one), state_meaning(one), counts[one]) for one in BY_URGENCY]
    context = {
        "at": timezone.now(), "blocks": _blocks(shown, names), "legend": legend, "total": len(points),
        "chosen": {"tenant": tenant, "state": state}, "names": names, "drawing": _drawing(shown),
        "positions": sum(point.position is not None for point in points),
    }  # fmt: skip
    return render(request, "watch/map.html", context | frame(request))


@require_GET
@in_county(*KEEPERS)
def states(request: StaffRequest) -> JsonResponse:
    """[code, state, its word, the note below the name] of at most MAX_STATES points: the page keeps its tiles true."""
    tenant = request.GET.get("tenant", "")[:12]
    points = point_states(at=timezone.now(), tenants=[tenant] if tenant else None)[:MAX_STATES]
    counts = states_count(points)
    rows = [[point.code, point.state, state_word(point.state), point_note(point)] for point in points]
    return JsonResponse({"points": rows, "counts": {one: counts[one] for one in BY_URGENCY}})


def _blocks(points: Sequence[PointState], names: dict[str, str]) -> list[Block]:
    """Towns by code; in each the worst first."""
    by_town: dict[str, list[PointState]] = {}
    for point in points:
        by_town.setdefault(point.tenant, []).append(point)
    all_shown = len(points) <= MAX_TILES
    blocks = []
    for code in sorted(by_town):
        ordered = sorted(by_town[code], key=lambda point: (point.level == "village", point.order))
        tiles = [point for point in ordered if all_shown or point.state != FINE][:MAX_TILES]
        found = states_count(ordered)
        blocks.append(
            Block(
                code=code, name=names.get(code, code), fine_hidden=len(ordered) - len(tiles),
                tiles=[Tile(point=point, note=point_note(point), heard=heard_words(point)) for point in tiles],
                counts=[(one, state_word(one), found[one]) for one in BY_URGENCY if found[one]],
            )
        )  # fmt: skip
    return blocks


def _drawing(points: Sequence[PointState]) -> dict[str, Any] | None:
    """What watch.js draws to scale: the points with a position, state by state, and the outline; None without any."""
    placed = [point for point in points if point.position is not None][:MAX_STATES]
    if not placed:
        return None
    outline = Outline.objects.filter(code=settings.COUNTY_CODE).values_list("rings", flat=True).first()
    series = [
        {
            "state": state, "name": state_word(state),
            "points": [[*point.position, point.name, point_note(point), point.code]
                       for point in placed if point.state == state and point.position],
        }
        for state in reversed(BY_URGENCY)
    ]  # fmt: skip
    return {"kind": "map", "outline": outline or [], "series": [one for one in series if one["points"]]}
