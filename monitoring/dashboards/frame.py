"""The parts all dashboards are made of: one look, one source, and only a few kinds of pictures."""

from __future__ import annotations

import json
from typing import Any, Final

from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.builders.timeseries import Panel as LinePanel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard as DashboardModel,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

#: Every expression asks whichever Prometheus is chosen at the top of the page.
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${source}")
TAG: Final = "yizhan"
#: Out of 24 columns and in rows of 30 pixels, as Grafana counts.
WIDE, HALF, THIRD, QUARTER = 24, 12, 8, 6
LOW, HIGH = 4, 9

GREEN, AMBER, RED = "green", "orange", "red"


def page(uid: str, title: str, description: str) -> Dashboard:
    """An empty dashboard over the last day, read anew each minute, with links to its siblings."""
    siblings = DashboardLink("驿站监测").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
    return (
        Dashboard(title).uid(f"yizhan-{uid}").description(description).tags([TAG]).timezone("Asia/Shanghai")
        .refresh("1m").time("now-24h", "now").link(siblings.keep_time(True)).readonly()
        .with_variable(DatasourceVariable("source").label("数据源").type("prometheus"))
    )  # fmt: skip


def row(title: str) -> Row:
    return Row(title)


def choice(name: str, label: str, query: str, *, several: bool = True) -> QueryVariable:
    """A choice at the top of the page of what Prometheus knows; `several`: more than one, all at first."""
    variable = (
        QueryVariable(name).label(label).query(query).datasource(SOURCE).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )  # fmt: skip
    return variable.multi(True).include_all(True).all_value(".*") if several else variable


def figure(
    title: str, expression: str, *, unit: str = "short", amber: float | None = None, red: float | None = None,
    width: int = QUARTER, text: str = "",
) -> StatPanel:  # fmt: skip
    """One number of now; from `amber` and `red` on it has that colour, and the limit stands in its description."""
    steps = [Threshold(value=None, color=GREEN if amber is not None or red is not None else "text")]
    steps += [Threshold(value=limit, color=color) for limit, color in ((amber, AMBER), (red, RED)) if limit is not None]
    return (
        StatPanel().title(title).description(text).datasource(SOURCE).unit(unit).span(width).height(LOW)
        .thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .color_mode(BigValueColorMode.VALUE).reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("—").with_target(_query(expression, "").instant())
    )  # fmt: skip


def lines(
    title: str, *wanted: tuple[str, str], unit: str = "short", stacked: bool = False, bars: bool = False,
    width: int = HALF, text: str = "", least: float | None = 0,
) -> LinePanel:  # fmt: skip
    """Expressions with their legends over time. A gap stays a gap: silence is not zero."""
    panel = (
        LinePanel().title(title).description(text).datasource(SOURCE).unit(unit).span(width).height(HIGH)
        .draw_style(GraphDrawStyle.BARS if bars else GraphDrawStyle.LINE).fill_opacity(30 if stacked else 0)
        .line_width(2).span_nulls(False)
        .legend(VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM)
                .show_legend(True).calcs(["lastNotNull", "max"]))
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )  # fmt: skip
    if least is not None:
        panel = panel.min(least)
    if stacked:
        panel = panel.stacking(StackingConfig().mode(StackingMode.NORMAL))
    for place, (expression, legend) in enumerate(wanted):
        panel = panel.with_target(_query(expression, legend).ref_id(chr(ord("A") + place)))
    return panel


def listing(title: str, expression: str, *, unit: str = "short", width: int = HALF, text: str = "") -> TablePanel:
    """The series of now as a table, a row each."""
    return (
        TablePanel().title(title).description(text).datasource(SOURCE).unit(unit).span(width).height(HIGH)
        .with_target(_query(expression, "").instant().format(PromQueryFormat.TABLE))
    )  # fmt: skip


def _query(expression: str, legend: str) -> Dataquery:
    return Dataquery().expr(expression).legend_format(legend or "__auto").datasource(SOURCE).ref_id("A")


def dashboard_json(dashboard: Dashboard) -> str:
    """The dashboard as the file Grafana reads. Raises ValueError where reading it back gives another one."""
    text = _json(dashboard.build())
    if _json(DashboardModel.from_json(json.loads(text))) != text:
        raise ValueError("the dashboard is not the same when it is read back")
    return text + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=JSONEncoder, indent=1, ensure_ascii=False, sort_keys=True)
