"""All machines: who is silent, what waits, what runs short."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.thresholds import SILENT, STALE

from . import frame as f

UID = "fleet"
OF = '{tenant=~"$tenant"}'
HEARD = f"yizhan_node_last_contact_timestamp_seconds{OF}"


def dashboard() -> Dashboard:
    return (
        f.page(UID, "驿站 · 节点", "失联的节点没有数字，不是零。")
        .with_variable(f.choice("tenant", "乡镇", "label_values(yizhan_node_info, tenant)"))
        .with_row(f.row("联系"))
        .with_panel(f.lines(
            "节点",
            (f"count(time() - {HEARD} < {STALE}) or 0 * count({HEARD})",
             f"{STALE.words}内有联系"),
            (f"count(time() - {HEARD} > {SILENT}) or 0 * count({HEARD})",
             f"失联 {SILENT.words}以上"),
            (f"count(yizhan_node_info{OF})", "已登记")))
        .with_panel(f.listing(
            "失联最久", f"topk(20, time() - {HEARD})", unit="s"))
        .with_row(f.row("滞留"))
        .with_panel(f.lines(
            "滞留的记录", (f"topk(8, yizhan_node_waiting_entries{OF} > 0)", "{{node}}")))
        .with_panel(f.lines(
            "最早一条已滞留", (f"topk(8, yizhan_node_oldest_waiting_seconds{OF} > 0)", "{{node}}"), unit="s"))
        .with_panel(f.lines(
            "临期",
            (f"sum(yizhan_node_waiting_cases_due_soon{OF})", "从未到达县里的临期办件"),
            (f"sum(yizhan_node_held_cases_due_soon{OF})", "在节点手中的临期办件")))
        .with_panel(f.lines("停滞的数据流", (f"sum by (tenant) (yizhan_node_held_streams{OF}) > 0", "{{tenant}}")))
        .with_row(f.row("机器"))
        .with_panel(f.listing(
            "磁盘剩余最少", f"bottomk(20, yizhan_node_disk_free_bytes{OF} / yizhan_node_disk_size_bytes{OF})",
            unit="percentunit"))
        .with_panel(f.listing("时钟偏差最大", f"topk(20, abs(yizhan_node_clock_offset_seconds{OF}))", unit="s"))
        .with_panel(f.listing("电池最低", f"bottomk(20, yizhan_node_battery_ratio{OF})", unit="percentunit"))
        .with_panel(f.listing("自检未通过", f"yizhan_node_health{OF} > 0"))
        .with_row(f.row("版本"))
        .with_panel(f.lines("软件版本", (f"count by (version) (yizhan_node_info{OF})", "{{version}}"), stacked=True))
        .with_panel(f.lines("目录版本", ("sum by (release) (yizhan_nodes_on_release)", "{{release}}"), stacked=True))
        .with_panel(f.lines(
            "更新结果", (f"count by (outcome) (yizhan_node_rollout_outcome{OF})", "{{outcome}}"), stacked=True))
    )  # fmt: skip
