"""How what nodes send arrives at the core, tenant by tenant; from the tables now, from Prometheus over time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext as _

from core.domain.journal.place import CORE

from . import prometheus
from .across import across_tenants
from .charts import Chart, History, Wanted

#: Over so long the speeds are taken.
WINDOW: Final = "15m"
ENTRIES: Final = f"sum by (tenant) (increase(yizhan_ingest_entries_total[{WINDOW}]))"


@dataclass(frozen=True)
class Arrivals:
    """One tenant. `read_at`: when a segment was applied last; `lag_half`, `lag_most` (seconds): half and 95 % of what
    came lately was in the rows within; `entries`: of the last 15 minutes. None: nobody measured it."""

    streams: int = 0
    held: int = 0
    quarantined: int = 0
    parked: int = 0
    disputed: int = 0
    read_at: datetime | None = None
    lag_half: float | None = None
    lag_most: float | None = None
    entries: float | None = None


def arrivals_by_tenant(tenants: Collection[str] | None = None) -> dict[str, Arrivals]:
    """What the tables say now, by tenant code."""
    select = (
        "SELECT count(*), count(*) FILTER (WHERE held_reason <> ''), coalesce(max(read_at_ms), 0),"
        " (SELECT count(*) FROM {schema}.journal_quarantinedfile WHERE NOT resolved),"
        " (SELECT count(*) FROM {schema}.cases_parkedentry),"
        " (SELECT count(*) FROM {schema}.cases_flag WHERE NOT resolved)"
        " FROM {schema}.journal_cursor WHERE audience = %s"
    )
    return {
        code: Arrivals(
            streams=streams, held=held, quarantined=quarantined, parked=parked, disputed=disputed,
            read_at=datetime.fromtimestamp(read_ms / 1000, UTC) if read_ms else None,
        )
        for code, streams, held, read_ms, quarantined, parked, disputed in across_tenants(
            select, [CORE], tenants=tenants
        )
    }  # fmt: skip


def arrivals_measured(rows: dict[str, Arrivals]) -> dict[str, Arrivals]:
    """The same with what Prometheus measured. Raises prometheus.Away."""
    half, most = (_by_tenant(lag_of(quantile, "tenant, ")) for quantile in (0.5, 0.95))
    entries = _by_tenant(ENTRIES)
    return {
        code: replace(row, lag_half=half.get(code), lag_most=most.get(code), entries=entries.get(code))
        for code, row in rows.items()
    }


def lag_chart(history: History) -> Chart | None:
    return history.chart(
        "history-lag", _("From the counter to the county's tables"), _("minutes"),
        Wanted(lag_of(0.5), _("half within"), times=1 / 60),
        Wanted(lag_of(0.95), _("95 % within"), times=1 / 60),
    )  # fmt: skip


def _by_tenant(expression: str) -> dict[str, float]:
    return {one.labels.get("tenant", ""): one.value for one in prometheus.now_query(expression)}


def lag_of(quantile: float, by: str = "") -> str:
    """PromQL: seconds within which this part of what came lately was in the rows; `by` ends with a comma."""
    return f"histogram_quantile({quantile}, sum by ({by}le) (rate(yizhan_ingest_lag_seconds_bucket[{WINDOW}])))"
