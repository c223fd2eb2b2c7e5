"""What machines last said of themselves, as far as it is true now.

Nobody can scrape a node behind its provider's NAT: what stands here came as a signed status. Its numbers are another
machine's word, so those out of range are left out. A node that is silent is silent: what it said of its disk last week
is no figure of today.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from django.conf import settings

from core.county.registry.models import Node
from core.county.watch.waiting import MANY, Said, sealed_of, waiting_of, whole
from core.domain.journal.place import CORE
from tenants.connection import connection
from tenants.models import Tenant

from .families import Family, label_text, labels_text
from .metrics import KEPT_OF_A_SILENT_NODE, NODES
from .moment import Across, Moment

_YEARS_10_MS: Final = 10 * 366 * 24 * 3600 * 1000
#: Before 2020 there was no node, and no clock here shows a year after 2100.
_TIMES_MS: Final = (1_577_836_800_000, 4_102_444_800_000)
_DISK: Final = 1 << 60
_MAX_PEERS: Final = 8
_VERSION: Final = re.compile(r"[0-9A-Za-z.+~_-]{1,40}")
OUTCOMES: Final = frozenset({"done", "rolled_back", "refused", "unchanged"})
UNKNOWN: Final = "unknown"

#: The status as text, and moments as numbers: turned into Django's objects they would take half of a scrape's time.
_ROWS_SQL: Final = f"""
    SELECT node_id, name, tenant_code, level, parent, epoch,
           extract(epoch FROM greatest(enrolled_at, last_seen))::float8, status::text
    FROM {Node._meta.db_table} WHERE revoked_at IS NULL ORDER BY node_id
"""

#: Metric -> the status' field, what it may be at least and at most, and by what it is divided.
_GAUGES: Final[tuple[tuple[str, str, int, int, int], ...]] = (
    ("yizhan_node_open_cases", "open_cases", 0, MANY, 1),
    ("yizhan_node_disk_free_bytes", "disk_free", 0, _DISK, 1),
    ("yizhan_node_disk_size_bytes", "disk_total", 1, _DISK, 1),
    ("yizhan_node_clock_offset_seconds", "clock_offset_ms", -_YEARS_10_MS, _YEARS_10_MS, 1000),
    ("yizhan_node_battery_ratio", "battery_percent", 0, 100, 100),
    ("yizhan_node_sync_completion_ratio", "completion_percent", 0, 100, 100),
    ("yizhan_node_health", "health", 0, 255, 1),
)


@dataclass(frozen=True)
class Row:
    """A node as its row in the registry says, and what it said last ({}: nothing yet)."""

    node: str
    name: str
    tenant: str
    level: str
    parent: str
    epoch: int
    heard: float  #: Unix time
    said: Said


@dataclass
class Fleet:
    """Writes the families of nodes, one node after the other."""

    moment: Moment
    #: None where the tenants could not be read: what hangs on it is left out then.
    across: Across | None
    tenants: dict[str, str]
    known: frozenset[str]
    families: dict[str, Family] = field(default_factory=lambda: {name: Family(name) for name in NODES})

    def write(self, row: Row) -> None:
        """The node's samples stand in the families."""
        labels = labels_text({"node": row.node, "tenant": row.tenant, "level": row.level})
        fresh = self._is_fresh(row)

        def gauge(name: str, value: float | None) -> None:
            if value is not None and (fresh or name in KEPT_OF_A_SILENT_NODE):
                self.families[name].line(labels, value)

        self._info(row)
        gauge("yizhan_node_last_contact_timestamp_seconds", row.heard)
        if self.across is not None:
            gauge("yizhan_node_held_cases_due_soon", self.across.due_soon.get(row.node, 0))
        if not row.said:
            return
        for name, key, low, high, divisor in _GAUGES:
            value = whole(row.said, key, low, high)
            gauge(name, value if value is None or divisor == 1 else value / divisor)
        self._waiting(row, gauge)
        gauge("yizhan_node_release", whole(row.said, "release", 0, MANY))
        gauge("yizhan_node_status_timestamp_seconds", _seconds(row.said.get("made_at_ms")))
        gauge("yizhan_node_held_streams", _length(row.said.get("held")))
        self._rollout(row, labels, gauge)
        if fresh:
            self._hops(row, labels)

    def _is_fresh(self, row: Row) -> bool:
        """Whether what the node says is of these minutes: it was read lately, and it was made lately. A status may
        have been under way for days; the node's clock is believed as far as the county has compared it."""
        made = whole(row.said, "made_at_ms", *_TIMES_MS)
        if made is None:
            return False
        made += whole(row.said, "clock_offset_ms", -_YEARS_10_MS, _YEARS_10_MS) or 0
        stale = settings.NODE_STALE_SECONDS
        return self.moment.unix - row.heard <= stale and self.moment.now_ms - made <= stale * 1000

    def _info(self, row: Row) -> None:
        version = row.said.get("version")
        matches = isinstance(version, str) and _VERSION.fullmatch(version)
        self.families["yizhan_node_info"].add(
            1, row.node, row.name, row.tenant, self.tenants.get(row.tenant, ""), row.level, row.parent,
            str(version) if matches else UNKNOWN,
        )  # fmt: skip

    def _waiting(self, row: Row, gauge: Callable[[str, float | None], None]) -> None:
        """What the county lacks: nothing, as soon as the core has read all the node had sealed when it said so."""
        if self.across is None and sealed_of(row.said):
            return
        applied = 0 if self.across is None else self.across.applied.get((row.node, row.epoch), 0)
        made = whole(row.said, "made_at_ms", *_TIMES_MS)
        since = None if made is None else max(0, self.moment.now_ms - made) / 1000
        waiting = waiting_of(row.said, applied=applied, soon=self.moment.soon, since_s=since)
        gauge("yizhan_node_waiting_entries", waiting.entries)
        gauge("yizhan_node_oldest_waiting_seconds", waiting.oldest_s)
        gauge("yizhan_node_waiting_cases", waiting.cases)
        gauge("yizhan_node_waiting_cases_due_soon", waiting.due_soon)

    def _rollout(self, row: Row, labels: str, gauge: Callable[[str, float | None], None]) -> None:
        outcome = row.said.get("rollout_outcome")
        if not isinstance(outcome, str) or not outcome:
            return
        outcome = outcome if outcome in OUTCOMES else UNKNOWN
        self.families["yizhan_node_rollout_outcome"].line(f'{labels},outcome="{outcome}"', 1)
        gauge("yizhan_node_rollout_timestamp_seconds", _seconds(row.said.get("rollout_at_ms")))

    def _hops(self, row: Row, labels: str) -> None:
        family, contacts = self.families["yizhan_node_hop_last_contact_timestamp_seconds"], row.said.get("contacts")
        pairs = [one for one in contacts if _is_pair(one)] if isinstance(contacts, list) else []
        # A name twice would be a sample twice, for which Prometheus refuses the whole scrape.
        hops = {one[0]: _seconds(one[1]) for one in pairs if one[0] in self.known}
        for peer, at in list(hops.items())[:_MAX_PEERS]:
            if at is not None:
                family.line(f'{labels},peer="{label_text(peer)}"', at)


def nodes_collect(moment: Moment, across: Across | None) -> list[Family]:
    """Every machine that is enrolled and not revoked."""
    known = Node.objects.filter(revoked_at=None).values_list("node_id", flat=True)
    tenants = dict(Tenant.objects.values_list("code", "name"))
    fleet = Fleet(moment, across, tenants, known=frozenset({CORE, *known}))
    with connection.cursor() as cursor:
        cursor.execute(_ROWS_SQL)
        while rows := cursor.fetchmany(500):
            for node, name, tenant, level, parent, epoch, heard, status in rows:
                fleet.write(Row(node, name, tenant, level, parent, epoch, heard, _said(status)))
    return list(fleet.families.values())


def _said(status: str | None) -> Said:
    try:
        said = msgspec.json.decode(status or "{}")
    except msgspec.DecodeError:  # a number beyond every range, say
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(ms: object) -> float | None:
    return ms / 1000 if type(ms) is int and _TIMES_MS[0] <= ms <= _TIMES_MS[1] else None


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, list) else None


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
