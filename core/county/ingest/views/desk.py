"""Streams and conflicts: everything that stands still or is in dispute, in all tenants, on one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.counter import wording
from core.counter.access import NoRoleHere, StaffRequest, in_county
from core.county.workqueue.models import Trouble, TroubleKind
from core.county.workqueue.watch import WATCHERS, Watch, troubles_count, troubles_open, troubles_settled, watch_of
from core.domain.staff.selectors import staff_names
from tenants.models import Tenant

from ..selectors import names_of
from ..words import Advice, held_advice

ROWS = 50
SETTLED_ROWS = 10


@dataclass(frozen=True)
class Line:
    """One trouble in words. `enters`: the person may open what it is about; `settled_by` "" where it went by itself."""

    trouble: Trouble
    tenant: str
    node: str
    why: str
    entry: str
    waits_for: str
    advice: Advice
    settled_by: str
    enters: bool


@require_GET
@in_county(*WATCHERS)
def desk(request: StaffRequest) -> HttpResponse:
    """Held streams first, then disputes, cases at revoked machines, entries that wait; last what is settled."""
    watch = watch_of(request.actor)
    if watch is None:
        raise NoRoleHere("")
    chosen = {name: request.GET.get(name, "")[:20] for name in ("tenant", "node")}
    place = {"tenant_code": chosen["tenant"], "node": chosen["node"]}
    page = Paginator(troubles_open(watch, TroubleKind.FLAG, **place), ROWS).get_page(request.GET.get("page"))
    parts = {
        kind: list(troubles_open(watch, kind, **place)[:ROWS])
        for kind in (TroubleKind.HELD, TroubleKind.PARKED, TroubleKind.STRANDED)
    }
    parts[TroubleKind.FLAG] = list(page.object_list)
    settled = list(troubles_settled(watch, **place)[:SETTLED_ROWS])
    lines = _lines([*(one for rows in parts.values() for one in rows), *settled], watch)
    counts = troubles_count(watch, **place)
    context = {
        **{str(kind): [lines[one.pk] for one in rows] for kind, rows in parts.items()},
        "settled": [lines[one.pk] for one in settled], "page": page, "counts": counts, "chosen": chosen,
        "nothing": not sum(counts.values()), "tenants": _tenants(watch), "node_name": _node_name(chosen["node"]),
        "query": urlencode({name: value for name, value in chosen.items() if value}), "rows": ROWS,
        "sees_nodes": request.actor.has("county_admin", "operator"),
    }  # fmt: skip
    return render(request, "ingest/desk.html", context)


def _node_name(node: str) -> str:
    return names_of([node])[node] if node else ""


def _tenants(watch: Watch) -> list[tuple[str, str]]:
    rows = Tenant.objects.exclude(schema_name="public").order_by("code").values_list("code", "name")
    return [(code, name) for code, name in rows if watch.covers(code)]


def _lines(troubles: Iterable[Trouble], watch: Watch) -> dict[Any, Line]:
    rows = list(troubles)
    tenants = dict(Tenant.objects.filter(code__in={row.tenant_code for row in rows}).values_list("code", "name"))
    people = staff_names({row.resolved_by for row in rows} - {""})
    nodes = names_of({row.node for row in rows} | {row.waits_for for row in rows} - {""})
    return {
        row.pk: Line(
            trouble=row, tenant=tenants.get(row.tenant_code, row.tenant_code), node=nodes.get(row.node, row.node),
            why=wording.word(wording.HELD if row.kind == TroubleKind.HELD else wording.FLAG, row.reason),
            entry=wording.word(wording.ENTRY_KIND, row.detail), waits_for=nodes.get(row.waits_for, ""),
            advice=held_advice(row.reason),
            settled_by=people.get(row.resolved_by, ""), enters=watch.enters(row.tenant_code),
        )
        for row in rows
    }  # fmt: skip
