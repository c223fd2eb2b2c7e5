"""The county at a glance: what burns now, how cases stand, which machines were heard of, and how that was lately."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from core.domain.journal import clock

from ..burning import Burning, Fire, burning_now
from ..cases import PARTS, Deadlines, deadlines_by_tenant, deadlines_total
from ..charts import Chart, History, Wanted, bars
from ..intake import ENTRIES, lag_chart
from ..limits import DUE_SOON_DAYS
from ..selectors import PointState, contact_state, due_soon_until, limits_now, point_states, tenant_names
from ..states import NEVER, ONLINE, SILENT, STALE
from ..words import LIGHTS, SEVERITIES, TONES, contact_word, limit_words
from ..words import PARTS as PART_WORDS
from .frame import WATCHERS, frame, history_of, keeps, watch_required

HEARD: Final = "yizhan_node_last_contact_timestamp_seconds"
#: So many of the fires are read at once.
FIRST = 6
CONTACT_ORDER = (ONLINE, STALE, SILENT, NEVER)
PART_TONES = {"overdue": "red", "soon": "amber", "later": "green"}
LIGHT_TONES = {"red": "red", "amber": "amber", "green": "green", "wait": "plain", "none": "dim"}


@require_GET
@in_county(*WATCHERS)
def overview(request: StaffRequest) -> HttpResponse:
    watch, at, history, sees_nodes = watch_required(request), timezone.now(), history_of(request), keeps(request)
    today, names = clock.today(), tenant_names()
    by_tenant = deadlines_by_tenant(today=today, until=due_soon_until(today=today), tenants=watch.tenants)
    cases = deadlines_total(by_tenant.values())
    points = point_states(at=at, tenants=watch.tenants)
    overdue = {code: row.overdue for code, row in by_tenant.items()}
    burning = _fires(burning_now(points, overdue=overdue, names=names), watch.tenants)
    context: dict[str, Any] = {
        "cases": cases, "at": at, "burning": burning, "first": burning.fires[:FIRST], "rest": burning.fires[FIRST:],
        "case_chart": _case_chart(cases), "contacts": _contacts(points) if sees_nodes else [], "tones": TONES,
        "severities": SEVERITIES, "names": names, "due_soon_days": DUE_SOON_DAYS,
        "charts": _charts(history) if sees_nodes else [],
    }  # fmt: skip
    return render(request, "watch/overview.html", context | frame(request, history if sees_nodes else None))


def _fires(burning: Burning, tenants: Collection[str] | None) -> Burning:
    """Those of the towns somebody watches over; None is the whole county with what is nobody's in particular."""
    if tenants is None:
        return burning
    fires: list[Fire] = [fire for fire in burning.fires if fire.tenant in tenants]
    return Burning(fires=fires, source=burning.source, failed=burning.failed)


def _case_chart(cases: Deadlines) -> Chart:
    words = [str(PART_WORDS[part]) for part in PARTS]
    values = [getattr(cases, part) for part in PARTS]
    tones = [PART_TONES.get(part, "plain") for part in PARTS]
    return bars("cases", _("Open cases by their deadline"), "", words, {_("Cases"): values}, tones=tones)


def _contacts(points: list[PointState]) -> list[tuple[str, str, int]]:
    counts = dict.fromkeys(CONTACT_ORDER, 0)
    for point in points:
        if point.figures.enrolled and not point.figures.revoked:
            counts[contact_state(point)] += 1
    return [(state, contact_word(state), count) for state, count in counts.items()]


def _charts(history: History) -> list[Chart]:
    stale_s = limits_now().stale_s
    found = [
        history.chart(
            "history-cases", _("Open cases"), "",
            Wanted("sum by (light) (yizhan_cases_open)", label="light", words=LIGHTS, tones=LIGHT_TONES), stacked=True,
        ),
        history.chart(
            "history-nodes", _("Machines heard of within %(span)s") % {"span": limit_words(stale_s)}, "",
            # None is 0 only where machines are measured at all.
            Wanted(f"count(time() - {HEARD} < {stale_s}) or 0 * count({HEARD})", _("Machines")),
        ),
        history.chart(
            "history-arrivals", _("Entries that arrived, in 15 minutes"), "", Wanted(f"sum({ENTRIES})", _("Entries"))
        ),
        lag_chart(history),
    ]  # fmt: skip
    return [chart for chart in found if chart is not None]
