"""What tests of the exporter share: machines in the registry, and what a scrape says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from core.county.registry.models import Node
from monitoring.exporter.families import Family, families_write
from monitoring.exporter.moment import Moment

TOWN, PARENT = "430321100000", "430321100000-01"
VILLAGE = "430321100204-01"
#: A Friday, at ten in China.
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
#: The second working day after it: a weekend lies between.
SOON = date(2026, 11, 24)
MOMENT = Moment(unix=NOW.timestamp(), now_ms=NOW_MS, today=date(2026, 11, 20), soon=SOON)
Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def status(**changes: object) -> dict[str, object]:
    """What a machine with two cases on their way says, a minute before NOW."""
    return {
        "node": VILLAGE, "epoch": 1, "made_at_ms": NOW_MS - 60_000, "version": "0.1.0+g3f8e10e", "release": 7,
        "waiting": 5, "oldest_waiting_s": 40, "open_cases": 9, "disk_free": 2_000_000_000, "disk_total": 8_000_000_000,
        "clock_offset_ms": -1500, "connected": ["core"], "held": ["core: gap"], "battery_percent": 80,
        "waiting_cases": 2, "waiting_due": [[SOON.toordinal(), 1], [SOON.toordinal() + 1, 1]], "up_seq": 30,
        "completion_percent": 50, "contacts": [["core", NOW_MS - 90_000]], "health": 0, "rollout_outcome": "done",
        "rollout_version": "0.1.0", "rollout_reason": "", "rollout_at_ms": NOW_MS - 3_600_000,
    } | changes  # fmt: skip


def node_make(
    node: str = VILLAGE, said: dict[str, object] | None = None, *, silent: timedelta = timedelta(seconds=50),
    name: str = "赤湖村便民服务站",
) -> Node:  # fmt: skip
    """A village's machine that was heard of `silent` ago and then said this (None: it never said anything)."""
    return Node.objects.create(
        node_id=node, tenant_code=TOWN, service_point=node, name=name, level="village", parent="core", epoch=1,
        serial=1, verify_key=b"k" * 32, recipient="age1", signed_card=b"card", enrolled_at=NOW - timedelta(days=90),
        last_seen=NOW - silent if said is not None else None, status=said,
    )  # fmt: skip


def samples(families: Iterable[Family]) -> Samples:
    """By sample name and labels (sorted), as Prometheus' own parser for Python reads the text."""
    return parsed(b"".join(families_write(families, openmetrics=False)).decode())


def parsed(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    """The one sample of this name whose labels include these; None where there is none."""
    (*matching,) = (got for have, got in found.get(name, {}).items() if labels.items() <= dict(have).items())
    assert len(matching) <= 1, f"{name}: {len(matching)} samples"
    return matching[0] if matching else None
