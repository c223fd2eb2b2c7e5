"""How fast the core's pages answer, and how the deadlines of each town stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from core.domain.journal import clock

from .. import prometheus
from ..cases import PARTS, deadlines_by_tenant, deadlines_total
from ..charts import Chart, History, Wanted, bars
from ..selectors import due_soon_until, tenant_names
from ..words import PARTS as PART_WORDS
from ..words import seconds_words
from .frame import WATCHERS, frame, history_of, keeps, watch_required

WINDOW: Final = "1h"
#: Pages are named by the program, so they are bounded; this is what a person reads.
ROWS: Final = 40
TOWNS_DRAWN: Final = 40
TONES: Final = ("red", "amber", "green", "plain", "dim", "pale")


@dataclass(frozen=True)
class Page:
    """One page of the last hour: requests, seconds within which half and 95 % were answered, part that failed (%)."""

    view: str
    requests: int
    half: str
    most: str
    slow: bool
    failed: str


@require_GET
@in_county(*WATCHERS)
def counters(request: StaffRequest) -> HttpResponse:
    watch, history, names, today = watch_required(request), history_of(request), tenant_names(), clock.today()
    by_tenant = deadlines_by_tenant(today=today, until=due_soon_until(today=today), tenants=watch.tenants)
    towns = sorted(by_tenant.items(), key=lambda pair: (-pair[1].overdue, -pair[1].soon, -pair[1].open, pair[0]))
    series = {str(PART_WORDS[part]): [getattr(row, part) for _code, row in towns[:TOWNS_DRAWN]] for part in PARTS}
    drawn = [names.get(code, code) for code, _row in towns[:TOWNS_DRAWN]]
    picture = bars("towns", _("Open cases by town"), "", drawn, series, tones=TONES, stacked=True) if drawn else None
    sees_pages = keeps(request)
    context = {
        "towns": [(names.get(code, code), row) for code, row in towns], "total": deadlines_total(by_tenant.values()),
        "chart": picture,
        "parts": [PART_WORDS[part] for part in PARTS], "pages": history.ask(_pages, []) if sees_pages else [],
        "charts": _charts(history) if sees_pages else [], "sees_pages": sees_pages,
    }  # fmt: skip
    return render(request, "watch/counters.html", context | frame(request, history if sees_pages else None))


def _quantile(quantile: float, by: str = "view, ") -> str:
    buckets = f"rate(yizhan_http_request_duration_seconds_bucket[{WINDOW}])"
    return f"histogram_quantile({quantile}, sum by ({by}le) ({buckets}))"


def _pages() -> list[Page]:
    """The pages asked for most in the last hour. Raises prometheus.Away."""
    count = "yizhan_http_request_duration_seconds_count"
    asked = _by_view(f"topk({ROWS}, sum by (view) (increase({count}[{WINDOW}])) > 0)")
    half, most = _by_view(_quantile(0.5)), _by_view(_quantile(0.95))
    failed = _by_view(f'sum by (view) (increase({count}{{status="5xx"}}[{WINDOW}]))')
    return [
        Page(
            view=view, requests=round(number), half=seconds_words(half.get(view)), most=seconds_words(most.get(view)),
            slow=most.get(view, 0) > 1, failed=f"{100 * failed.get(view, 0) / number:.1f} %",
        )
        for view, number in sorted(asked.items(), key=lambda pair: -pair[1])
    ]  # fmt: skip


def _by_view(expression: str) -> dict[str, float]:
    return {one.labels.get("view", ""): one.value for one in prometheus.now_query(expression)}


def _charts(history: History) -> Sequence[Chart]:
    chart = history.chart(
        "history-latency", _("Time to answer, all pages"), _("seconds"),
        Wanted(_quantile(0.5, ""), _("half within")), Wanted(_quantile(0.95, ""), _("95 % within")),
        Wanted(_quantile(0.99, ""), _("99 % within")),
    )  # fmt: skip
    return [chart] if chart else []
