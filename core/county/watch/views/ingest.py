"""What arrives at the core, tenant by tenant: how late, how much, what is held, parked, in quarantine, in dispute."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county

from ..charts import Wanted
from ..intake import ENTRIES, arrivals_by_tenant, arrivals_measured, lag_chart
from ..selectors import tenant_names
from ..words import seconds_words
from .frame import KEEPERS, frame, history_of


@require_GET
@in_county(*KEEPERS)
def ingest(request: StaffRequest) -> HttpResponse:
    history, names = history_of(request), tenant_names()
    arrivals = arrivals_by_tenant()
    measured = history.ask(lambda: arrivals_measured(arrivals), arrivals)
    rows: list[dict[str, Any]] = [
        {
            "code": code, "name": names.get(code, code), "row": row, "lag": seconds_words(row.lag_half),
            "lag_most": seconds_words(row.lag_most), "entries": "—" if row.entries is None else round(row.entries),
        }
        for code, row in sorted(measured.items())
    ]  # fmt: skip
    total = {
        name: sum(getattr(row, name) for row in arrivals.values())
        for name in ("streams", "held", "quarantined", "parked", "disputed")
    }
    charts = [
        lag_chart(history),
        history.chart(
            "history-arrivals", _("Entries that arrived, in 15 minutes"), "",
            Wanted(f"topk(8, {ENTRIES})", label="tenant", words=names), stacked=True,
        ),
        history.chart(
            "history-held", _("What is held"), "",
            Wanted("sum(yizhan_streams_held) or 0 * sum(yizhan_quarantine_files)", _("Streams that stand still")),
            Wanted("sum(yizhan_quarantine_files)", _("Files in quarantine")),
            Wanted("sum(yizhan_parked_entries)", _("Entries that wait for others")),
        ),
    ]  # fmt: skip
    context = {"rows": rows, "total": total, "charts": [chart for chart in charts if chart is not None]}
    return render(request, "watch/ingest.html", context | frame(request, history))
