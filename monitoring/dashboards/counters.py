"""How fast pages answer, and how deadlines stand."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from . import frame as f

UID = "counters"
OF = '{tenant=~"$tenant"}'
COUNT = "yizhan_http_request_duration_seconds_count"


def _latency(quantile: str, by: str = "") -> str:
    buckets = "rate(yizhan_http_request_duration_seconds_bucket[$__rate_interval])"
    return f"histogram_quantile({quantile}, sum by ({by}le) ({buckets}))"


def dashboard() -> Dashboard:
    return (
        f.page(UID, "驿站 · 窗口与时限", "窗口等多久，办件还剩几天。")
        .with_variable(f.choice("tenant", "乡镇", "label_values(yizhan_cases_open, tenant)"))
        .with_row(f.row("页面"))
        .with_panel(f.lines(
            "响应时间", (_latency("0.5"), "半数不超过"), (_latency("0.95"), "95 % 不超过"),
            (_latency("0.99"), "99 % 不超过"), unit="s"))
        .with_panel(f.lines("最慢的页面（95 %）", (f"topk(8, {_latency('0.95', 'view, ')})", "{{view}}"), unit="s"))
        .with_panel(f.lines(
            "请求（每秒）", (f"sum by (status) (rate({COUNT}[$__rate_interval]))", "{{status}}"), unit="reqps",
            stacked=True))
        .with_panel(f.lines(
            "失败的页面（每秒）", (f'sum by (view) (rate({COUNT}{{status="5xx"}}[$__rate_interval])) > 0', "{{view}}"),
            unit="reqps"))
        .with_row(f.row("时限"))
        .with_panel(f.lines(
            "在办件（按灯）", (f"sum by (light) (yizhan_cases_open{OF})", "{{light}}"), stacked=True))
        .with_panel(f.lines("已超期", (f"topk(10, sum by (tenant) (yizhan_cases_overdue{OF}) > 0)", "{{tenant}}")))
        .with_panel(f.listing("各乡镇在办件", f"sum by (tenant, light) (yizhan_cases_open{OF})"))
        .with_panel(f.lines("在办件（按层级）", (f"sum by (level) (yizhan_cases_open{OF})", "{{level}}"), stacked=True))
        .with_row(f.row("部门"))
        .with_panel(f.lines("待办任务", ("sum by (kind) (yizhan_tasks_open)", "{{kind}}"), stacked=True))
    )  # fmt: skip
