"""Every metric the project has, as data: what Prometheus may be asked for, and what each of them means.

Rules, alerts and dashboards are checked against this list, and so is what the exporter writes. Labels are bounded:
codes of nodes and tenants, names the program chose, never a case's number or a person. `node` is the code of the
service point, which is the node's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GAUGE, COUNTER, HISTOGRAM, INFO = "gauge", "counter", "histogram", "info"
#: Who counts: the exporter, the core's processes (the exporter merges them), or a run that leaves a text file.
EXPORTER, PROCESSES, TEXTFILE = "exporter", "processes", "textfile"

NODE: Final = ("node", "tenant", "level")


@dataclass(frozen=True)
class Metric:
    """One family. `unit` is the last word of its name where that is a unit of measure, "" where it counts things."""

    type: str
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    source: str = EXPORTER

    def samples_of(self, name: str) -> tuple[str, ...]:
        """The names under which Prometheus stores it."""
        return tuple(name + end for end in ("_bucket", "_sum", "_count")) if self.type == HISTOGRAM else (name,)


#: Facts about a machine that stay true, or are about time, while it is silent; all others are left out then.
KEPT_OF_A_SILENT_NODE: Final = frozenset({
    "yizhan_node_info", "yizhan_node_last_contact_timestamp_seconds", "yizhan_node_status_timestamp_seconds",
    "yizhan_node_waiting_cases", "yizhan_node_waiting_cases_due_soon", "yizhan_node_held_cases_due_soon",
    "yizhan_node_release", "yizhan_node_rollout_outcome", "yizhan_node_rollout_timestamp_seconds",
})  # fmt: skip

NODES: Final = {
    "yizhan_node_info": Metric(
        INFO, "A machine that is enrolled and not revoked: where it stands, what it links to, the version it runs.",
        ("node", "name", "tenant", "tenant_name", "level", "parent", "version")),
    "yizhan_node_last_contact_timestamp_seconds": Metric(
        GAUGE, "When the core last read something new the node said of itself.", NODE, "seconds"),
    "yizhan_node_status_timestamp_seconds": Metric(
        GAUGE, "When the node made its last status, by its own clock.", NODE, "seconds"),
    "yizhan_node_waiting_entries": Metric(
        GAUGE, "Entries of the node that the county has not acknowledged.", NODE),
    "yizhan_node_oldest_waiting_seconds": Metric(
        GAUGE, "How long the oldest of them waits; 0 where none does.", NODE, "seconds"),
    "yizhan_node_waiting_cases": Metric(
        GAUGE, "Cases with facts at the node that never reached the county.", NODE),
    "yizhan_node_waiting_cases_due_soon": Metric(
        GAUGE, "Those of them due within 2 working days of today, or overdue.", NODE),
    "yizhan_node_held_cases_due_soon": Metric(
        GAUGE, "Open cases the county knows to be at the node, due within 2 working days of today, or overdue.", NODE),
    "yizhan_node_open_cases": Metric(GAUGE, "Open cases the node knows of.", NODE),
    "yizhan_node_release": Metric(GAUGE, "Number of the catalogue release in force at the node.", NODE),
    "yizhan_node_disk_free_bytes": Metric(GAUGE, "Free space where the node keeps its data.", NODE, "bytes"),
    "yizhan_node_disk_size_bytes": Metric(GAUGE, "Size of the disk the node keeps its data on.", NODE, "bytes"),
    "yizhan_node_clock_offset_seconds": Metric(
        GAUGE, "The county's clock minus the node's when they were last compared.", NODE, "seconds"),
    "yizhan_node_battery_ratio": Metric(GAUGE, "Charge of the node's battery.", NODE, "ratio"),
    "yizhan_node_sync_completion_ratio": Metric(
        GAUGE, "How much of what goes up from the node the next hop has.", NODE, "ratio"),
    "yizhan_node_hop_last_contact_timestamp_seconds": Metric(
        GAUGE, "When the node was last connected to this next hop, by its own clock.", (*NODE, "peer"), "seconds"),
    "yizhan_node_health": Metric(GAUGE, "Exit code of the node's self-test; 0 is healthy.", NODE),
    "yizhan_node_held_streams": Metric(GAUGE, "Streams that stand still at the node.", NODE),
    "yizhan_node_rollout_outcome": Metric(
        GAUGE, "What became of the node's last new version.", (*NODE, "outcome")),
    "yizhan_node_rollout_timestamp_seconds": Metric(
        GAUGE, "When the node's last new version was tried.", NODE, "seconds"),
}  # fmt: skip

CORE: Final = {
    "yizhan_http_request_duration_seconds": Metric(
        HISTOGRAM, "Time from a request's arrival at the program to its response, by the name of its page.",
        ("view", "method", "status"), "seconds", PROCESSES),
    "yizhan_ingest_lag_seconds": Metric(
        HISTOGRAM, "Time from a segment's sealing at its author to its rows at the core.", ("tenant",), "seconds",
        PROCESSES),
    "yizhan_ingest_entries_total": Metric(COUNTER, "Entries read from nodes.", ("tenant",), source=PROCESSES),
    "yizhan_ingest_segments_total": Metric(
        COUNTER, "Segments of nodes: applied, or such that hold their stream.", ("tenant", "outcome"),
        source=PROCESSES),
    "yizhan_ingest_last_success_timestamp_seconds": Metric(
        GAUGE, "When an ingest process last ended a turn without a fault.", (), "seconds", PROCESSES),
    "yizhan_streams_held": Metric(
        GAUGE, "Streams from nodes that stand still at the core, and why.", ("tenant", "node", "reason")),
    "yizhan_quarantine_files": Metric(
        GAUGE, "Files that were not what they should be, and are not settled.", ("tenant",)),
    "yizhan_parked_entries": Metric(
        GAUGE, "Entries that wait for another author's entry before they count.", ("tenant",)),
    "yizhan_conflicts_open": Metric(
        GAUGE, "What waits at the conflict desk: entries in dispute by their flag, cases at revoked machines "
        "(kind stranded).", ("tenant", "kind")),
    "yizhan_jobs": Metric(GAUGE, "Jobs in the queue's table.", ("queue", "status")),
    "yizhan_job_oldest_waiting_seconds": Metric(
        GAUGE, "How long the job waits that has been due longest; 0 where none is due.", ("queue",), "seconds"),
    "yizhan_tenants": Metric(GAUGE, "Tenants: active, being provisioned, or without their schema.", ("status",)),
    "yizhan_cases_open": Metric(
        GAUGE, "Open cases by the level of the window that took them in and their light. At the county it is the "
        "work queue's (wait: the applicant's or a special procedure's turn); at a node red is overdue, amber due "
        "within 2 working days, none not yet accepted.", ("tenant", "level", "light")),
    "yizhan_cases_overdue": Metric(GAUGE, "Open cases whose light is red.", ("tenant",)),
    "yizhan_tasks_open": Metric(GAUGE, "Things departments have to do, or wait for, by what it is.", ("kind",)),
    "yizhan_release_current": Metric(GAUGE, "Number of the catalogue release in force in the county."),
    "yizhan_release_published_timestamp_seconds": Metric(GAUGE, "When that release was published.", (), "seconds"),
    "yizhan_nodes_on_release": Metric(
        GAUGE, "Machines by the catalogue release they last said they have (unknown: none, or one the county never "
        "published).", ("release",)),
    "yizhan_database_size_bytes": Metric(GAUGE, "Size of the core's database.", (), "bytes"),
    "yizhan_database_connections": Metric(GAUGE, "Connections to the core's database by their state.", ("state",)),
}  # fmt: skip

OWN: Final = {
    "yizhan_exporter_collector_success": Metric(
        GAUGE, "Whether the exporter got this part of the figures.", ("collector",)),
    "yizhan_exporter_collect_seconds": Metric(
        GAUGE, "How long this part of the figures took; figures of all tenants are kept for a while.", ("collector",),
        "seconds"),
}  # fmt: skip

TEXTFILES: Final = {
    f"yizhan_{run}_{name}": Metric(GAUGE, text, (), unit, TEXTFILE)
    for run in ("backup", "restore_test")
    for name, text, unit in (
        ("last_run_ok", "Whether the last run was good (1) or not (0).", ""),
        ("last_success_timestamp_seconds", "When the last good run ended.", "seconds"),
        ("duration_seconds", "How long the last good run took.", "seconds"),
    )
} | {"yizhan_backup_size_bytes": Metric(GAUGE, "Size of the last backup, without scans.", (), "bytes", TEXTFILE)}

METRICS: Final[dict[str, Metric]] = NODES | CORE | OWN | TEXTFILES
