"""What burns now: what Alertmanager or Prometheus says fires; where neither is there, what the tables show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import prometheus
from .limits import DUE_SOON_DAYS
from .selectors import PointState, limits_now
from .states import DUE, HELD, SILENT
from .words import limit_words

CRITICAL, WARNING, INFO = "critical", "warning", "info"
SEVERITIES: Final = (CRITICAL, WARNING, INFO)
#: So many are shown; where more fires, the first ones say why.
ROWS: Final = 50
MAX_TEXT: Final = 300
ALERTS, TABLES = "alerts", "tables"
#: It fires always, so that its absence is noticed: to burn is something else.
WATCHDOG: Final = "Watchdog"


@dataclass(frozen=True)
class Fire:
    """One thing in one sentence. `node` and `tenant` are "" where it is not about one; `runbook` is a file's path in
    the project, "" where there is none. `since` is an alert's; what the tables show says when the machine was heard."""

    severity: str
    summary: str
    since: datetime | None = None
    heard_at: datetime | None = None
    node: str = ""
    tenant: str = ""
    runbook: str = ""


@dataclass(frozen=True)
class Burning:
    """`source` is ALERTS or TABLES; `failed`: alerts are configured and could not be read; `more` are not shown."""

    fires: Sequence[Fire]
    source: str
    failed: bool = False
    more: int = 0


def burning_now(points: Sequence[PointState], *, overdue: dict[str, int], names: dict[str, str]) -> Burning:
    """The worst first. `points` and `overdue` (cases by tenant) are what the tables' list is made of."""
    failed = False
    try:
        told_of = [one for one in prometheus.alerts_firing() if one["labels"].get("alertname") != WATCHDOG]
        fires, source = [_fire(one) for one in told_of], ALERTS
        # Rules may be missing or not have run yet; what a citizen may lose is said all the same.
        told = {fire.node for fire in fires}
        fires += [_due(point) for point in points if point.state == DUE and point.code not in told]
    except prometheus.Away:
        failed = prometheus.configured()
        fires, source = list(_of_tables(points, overdue, names)), TABLES
    fires.sort(key=lambda fire: SEVERITIES.index(fire.severity))
    return Burning(fires=fires[:ROWS], source=source, failed=failed, more=max(0, len(fires) - ROWS))


def _fire(alert: dict[str, Any]) -> Fire:
    labels, annotations = alert["labels"], alert["annotations"]
    severity = str(labels.get("severity", ""))
    summary = annotations.get("summary") or annotations.get("description") or labels.get("alertname") or "?"
    return Fire(
        severity=severity if severity in SEVERITIES else WARNING, summary=str(summary)[:MAX_TEXT],
        since=_moment(str(alert["since"])), node=str(labels.get("node", ""))[:20],
        tenant=str(labels.get("tenant", ""))[:12], runbook=str(annotations.get("runbook", ""))[:MAX_TEXT],
    )  # fmt: skip


def _moment(text: str) -> datetime | None:
    """RFC 3339 with nanoseconds, as Go writes it; None for anything else."""
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _of_tables(points: Iterable[PointState], overdue: dict[str, int], names: dict[str, str]) -> Iterator[Fire]:
    """Machines that hold back what is due, streams that stand still; silence and lateness town by town."""
    silent: dict[str, list[PointState]] = {}
    for point in sorted(points, key=lambda one: one.order):
        if point.state == DUE:
            yield _due(point)
        elif point.state == HELD:
            words = _("A stream of %(name)s stands still.") % {"name": point.name}
            yield Fire(severity=WARNING, summary=words, heard_at=point.heard_at, node=point.code, tenant=point.tenant)
        elif point.state == SILENT:
            silent.setdefault(point.tenant, []).append(point)
    for code, found in sorted(silent.items(), key=lambda pair: -len(pair[1])):
        yield _silent(code, found, names)
    for code, count in sorted(overdue.items(), key=lambda pair: -pair[1]):
        if count:
            words = ngettext("%(town)s has %(n)s overdue case.", "%(town)s has %(n)s overdue cases.", count)
            yield Fire(severity=WARNING, summary=words % {"town": names.get(code, code), "n": count}, tenant=code)


def _due(point: PointState) -> Fire:
    words = ngettext(
        "%(name)s holds %(n)s case due within %(days)s working days that never reached the county.",
        "%(name)s holds %(n)s cases due within %(days)s working days that never reached the county.",
        point.figures.due_soon,
    )
    facts = {"name": point.name, "n": point.figures.due_soon, "days": DUE_SOON_DAYS}
    return Fire(
        severity=CRITICAL, summary=words % facts, heard_at=point.heard_at, node=point.code, tenant=point.tenant
    )  # fmt: skip


def _silent(tenant: str, points: Sequence[PointState], names: dict[str, str]) -> Fire:
    """A town's silent machines in one sentence; a warning only where cases wait there."""
    cases = sum(point.waiting_cases for point in points)
    span = limit_words(limits_now().silent_s)
    facts = {"town": names.get(tenant, tenant), "n": len(points), "cases": cases, "span": span}
    if cases:
        words = ngettext(
            "%(town)s: %(n)s machine is silent for %(span)s or longer; cases that wait there: %(cases)s.",
            "%(town)s: %(n)s machines are silent for %(span)s or longer; cases that wait there: %(cases)s.",
            len(points),
        )
    else:
        words = ngettext(
            "%(town)s: %(n)s machine is silent for %(span)s or longer.",
            "%(town)s: %(n)s machines are silent for %(span)s or longer.",
            len(points),
        )
    heard = min((point.heard_at for point in points if point.heard_at), default=None)
    return Fire(severity=WARNING if cases else INFO, summary=words % facts, heard_at=heard, tenant=tenant)
