"""One machine."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.thresholds import SILENT, STALE

from . import frame as f

UID = "node"
OF = '{node="$node"}'


def dashboard() -> Dashboard:
    contact = f"time() - yizhan_node_last_contact_timestamp_seconds{OF}"
    return (
        f.page(UID, "驿站 · 单个节点", "一台节点最近的报告；失联时段没有线。")
        .with_variable(f.choice("node", "节点", "label_values(yizhan_node_info, node)", several=False))
        .with_row(f.row("此刻"))
        .with_panel(f.figure(
            "距最近联系", contact, unit="s", amber=STALE.value, red=SILENT.value,
            text=f"{STALE.words}起黄，{SILENT.words}起红。"))
        .with_panel(f.figure("临期未达的办件", f"yizhan_node_waiting_cases_due_soon{OF}", red=1))
        .with_panel(f.figure("从未到达县里的办件", f"yizhan_node_waiting_cases{OF}"))
        .with_panel(f.figure("在节点手中的临期办件", f"yizhan_node_held_cases_due_soon{OF}", amber=1))
        .with_panel(f.figure("目录版本", f"yizhan_node_release{OF}"))
        .with_panel(f.figure("停滞的数据流", f"yizhan_node_held_streams{OF}", amber=1))
        .with_panel(f.figure("自检", f"yizhan_node_health{OF}", red=1, text="0 为通过。"))
        .with_panel(f.figure(
            "距最近一次更新", f"time() - yizhan_node_rollout_timestamp_seconds{OF}", unit="s"))
        .with_row(f.row("工作"))
        .with_panel(f.lines(
            "滞留", (f"yizhan_node_waiting_entries{OF}", "记录"), (f"yizhan_node_waiting_cases{OF}", "办件")))
        .with_panel(f.lines("在办件", (f"yizhan_node_open_cases{OF}", "在办件")))
        .with_panel(f.lines(
            "时间", (contact, "距最近联系"), (f"yizhan_node_oldest_waiting_seconds{OF}", "最早一条已滞留"),
            (f"time() - yizhan_node_status_timestamp_seconds{OF}", "距最近报告（节点时钟）"), unit="s", least=None))
        .with_panel(f.lines(
            "各上级节点：距最近连接",
            (f"time() - yizhan_node_hop_last_contact_timestamp_seconds{OF}", "{{peer}}"), unit="s", least=None))
        .with_row(f.row("机器"))
        .with_panel(f.lines(
            "磁盘", (f"yizhan_node_disk_free_bytes{OF}", "剩余"), (f"yizhan_node_disk_size_bytes{OF}", "总量"),
            unit="bytes"))
        .with_panel(f.lines(
            "电池与上级同步", (f"yizhan_node_battery_ratio{OF}", "电池"),
            (f"yizhan_node_sync_completion_ratio{OF}", "上级节点已收到"), unit="percentunit"))
        .with_panel(f.lines(
            "县里时钟减节点时钟", (f"yizhan_node_clock_offset_seconds{OF}", "偏差"), unit="s", least=None))
        .with_panel(f.listing("登记信息", f"yizhan_node_info{OF}"))
    )  # fmt: skip
