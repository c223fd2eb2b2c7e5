"""The county at a glance."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from core.county.watch.limits import DUE_SOON_DAYS
from monitoring.thresholds import SILENT, STALE

from . import frame as f

UID = "county"
HEARD = "yizhan_node_last_contact_timestamp_seconds"


def dashboard() -> Dashboard:
    return (
        f.page(UID, "驿站 · 全县总览", "先看会误了群众的，再看机器。")
        .with_row(f.row("此刻"))
        .with_panel(f.figure(
            "临期未达的办件", "sum(yizhan_node_waiting_cases_due_soon)", red=1,
            text=f"{DUE_SOON_DAYS} 个工作日内到期、记录从未到达县里的办件。大于 0 即须处理。"))
        .with_panel(f.figure("已超期", "sum(yizhan_cases_overdue)", amber=1, text="红灯办件。"))
        .with_panel(f.figure("停滞的数据流", "sum(yizhan_streams_held) or 0 * sum(yizhan_quarantine_files)", amber=1))
        .with_panel(f.figure("在办件", "sum(yizhan_cases_open)"))
        .with_panel(f.figure("已登记节点", "count(yizhan_node_info)"))
        .with_panel(f.figure(
            f"{STALE.words}内有联系",
            f"count(time() - {HEARD} < {STALE}) or 0 * count({HEARD})"))
        .with_panel(f.figure(
            f"失联 {SILENT.words}以上",
            f"count(time() - {HEARD} > {SILENT}) or 0 * count({HEARD})", amber=1))
        .with_panel(f.figure("目录版本", "max(yizhan_release_current)"))
        .with_row(f.row("办件"))
        .with_panel(f.lines("在办件（按灯）", ("sum by (light) (yizhan_cases_open)", "{{light}}"), stacked=True))
        .with_panel(f.lines("超期最多的乡镇", ("topk(8, sum by (tenant) (yizhan_cases_overdue) > 0)", "{{tenant}}")))
        .with_panel(f.lines("待办任务", ("sum by (kind) (yizhan_tasks_open)", "{{kind}}")))
        .with_panel(f.listing(
            "哪里有临期未达的办件",
            "yizhan_node_waiting_cases_due_soon > 0"))
        .with_row(f.row("到达"))
        .with_panel(f.lines(
            "从窗口到县里入库",
            ("histogram_quantile(0.5, sum by (le) (rate(yizhan_ingest_lag_seconds_bucket[15m])))", "半数不超过"),
            ("histogram_quantile(0.95, sum by (le) (rate(yizhan_ingest_lag_seconds_bucket[15m])))", "95 % 不超过"),
            unit="s"))
        .with_panel(f.lines(
            "每小时到达的记录", ("sum(increase(yizhan_ingest_entries_total[1h]))", "记录"), bars=True))
    )  # fmt: skip
