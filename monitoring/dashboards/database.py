"""The core's database, its jobs, its backups, and the exporter itself."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from . import frame as f

UID = "database"
DAY = 86_400


def dashboard() -> Dashboard:
    return (
        f.page(UID, "驿站 · 数据库与备份", "县里的数据在哪里，备份能不能用。")
        .with_row(f.row("备份"))
        .with_panel(f.figure(
            "距最近一次备份", "time() - yizhan_backup_last_success_timestamp_seconds", unit="s",
            amber=DAY * 1.5, red=DAY * 3))
        .with_panel(f.figure(
            "距最近一次恢复演练", "time() - yizhan_restore_test_last_success_timestamp_seconds", unit="s",
            amber=DAY * 7, red=DAY * 8))
        .with_panel(f.figure("备份大小", "yizhan_backup_size_bytes", unit="bytes"))
        .with_panel(f.figure("备份用时", "yizhan_backup_duration_seconds", unit="s"))
        .with_panel(f.lines(
            "最近一次是否成功", ("yizhan_backup_last_run_ok", "备份"), ("yizhan_restore_test_last_run_ok", "恢复演练"),
            width=f.WIDE))
        .with_row(f.row("数据库"))
        .with_panel(f.lines("大小", ("yizhan_database_size_bytes", "数据库"), unit="bytes"))
        .with_panel(f.lines("连接", ("sum by (state) (yizhan_database_connections)", "{{state}}"), stacked=True))
        .with_panel(f.lines("租户", ("sum by (status) (yizhan_tenants)", "{{status}}")))
        .with_row(f.row("后台作业"))
        .with_panel(f.lines("作业", ("sum by (queue, status) (yizhan_jobs)", "{{queue}} {{status}}")))
        .with_panel(f.lines(
            "最早一个已等待", ("max by (queue) (yizhan_job_oldest_waiting_seconds)", "{{queue}}"), unit="s"))
        .with_row(f.row("采集"))
        .with_panel(f.lines("各部分用时", ("yizhan_exporter_collect_seconds", "{{collector}}"), unit="s"))
        .with_panel(f.lines("各部分是否取到", ("yizhan_exporter_collector_success", "{{collector}}")))
    )  # fmt: skip
