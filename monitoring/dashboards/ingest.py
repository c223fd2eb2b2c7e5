"""What arrives at the core."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from . import frame as f

UID = "ingest"
OF = '{tenant=~"$tenant"}'


def _lag(quantile: str, by: str = "") -> str:
    buckets = f"rate(yizhan_ingest_lag_seconds_bucket{OF}[$__rate_interval])"
    return f"histogram_quantile({quantile}, sum by ({by}le) ({buckets}))"


def dashboard() -> Dashboard:
    return (
        f.page(UID, "驿站 · 数据到达", "节点发出的记录何时进入县里的表。")
        .with_variable(f.choice("tenant", "乡镇", "label_values(yizhan_node_info, tenant)"))
        .with_row(f.row("此刻"))
        .with_panel(f.figure(
            "距最近一次正常读入", "time() - max(yizhan_ingest_last_success_timestamp_seconds)", unit="s",
            amber=120, red=600, text="2 分钟起黄，10 分钟起红。"))
        .with_panel(f.figure(
            "停滞的数据流", f"sum(yizhan_streams_held{OF}) or 0 * sum(yizhan_quarantine_files{OF})", amber=1))
        .with_panel(f.figure("隔离的文件", f"sum(yizhan_quarantine_files{OF})", amber=1))
        .with_panel(f.figure("有争议", f"sum(yizhan_conflicts_open{OF})", amber=1))
        .with_row(f.row("时间与数量"))
        .with_panel(f.lines(
            "从封装到入库", (_lag("0.5"), "半数不超过"), (_lag("0.95"), "95 % 不超过"), (_lag("0.99"), "99 % 不超过"),
            unit="s"))
        .with_panel(f.lines("最慢的乡镇（95 %）", (f"topk(8, {_lag('0.95', 'tenant, ')})", "{{tenant}}"), unit="s"))
        .with_panel(f.lines(
            "记录（每秒）",
            (f"topk(8, sum by (tenant) (rate(yizhan_ingest_entries_total{OF}[$__rate_interval])))", "{{tenant}}"),
            unit="cps"))
        .with_panel(f.lines(
            "数据段（每秒）",
            (f"sum by (outcome) (rate(yizhan_ingest_segments_total{OF}[$__rate_interval]))", "{{outcome}}"),
            unit="cps"))
        .with_row(f.row("停下的"))
        .with_panel(f.listing("停滞的数据流", f"yizhan_streams_held{OF} > 0"))
        .with_panel(f.lines("等待前序的记录", (f"sum by (tenant) (yizhan_parked_entries{OF}) > 0", "{{tenant}}")))
        .with_panel(f.lines("有争议", (f"sum by (kind) (yizhan_conflicts_open{OF})", "{{kind}}")))
        .with_panel(f.lines("隔离的文件", (f"sum by (tenant) (yizhan_quarantine_files{OF}) > 0", "{{tenant}}")))
    )  # fmt: skip
