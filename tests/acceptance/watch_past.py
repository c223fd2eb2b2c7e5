"""A day of a village's machine, made up for a picture: what an exporter would have said of it, in OpenMetrics.

At night it is switched off, after noon its line is down for a while; silence has no figures, as in life. It ends with
what the exporter really says now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from core.county.demo.world import Site

from .world import World

STEP_S: Final = 60
HOUR_S: Final = 3600
#: Hours before now: when it was away from, until when, and how many entries and cases had gathered meanwhile.
AWAY: Final = ((20.5, 9.0, 0, 0, 0), (4.2, 2.4, 38, 7, 2))
BEGIN_H: Final = 24
#: So many of the entries that had gathered are sent in a minute.
SENT: Final = 0.6
SILENT: Final = ("last_contact_timestamp_seconds", "waiting_cases", "waiting_cases_due_soon")


def figures_now(world: World, site: Site) -> dict[str, float]:
    """What the exporter says of the machine, by metric without its beginning; the labels' order is the exporter's."""
    found = {}
    for family in text_string_to_metric_families(world.core_manage("exporter", "--once")):
        for sample in family.samples:
            if sample.labels.get("node") == site.node:
                found[sample.name.removeprefix("yizhan_node_")] = sample.value
    return found


def village_past(world: World, site: Site) -> Callable[[str, float], str]:
    """The day up to a moment (Unix time) as Prometheus would have asked for it from this address."""
    now = figures_now(world, site)

    def text(instance: str, until: float) -> str:
        labels = f'node="{site.node}",tenant="{site.node[:6]}100000",level="village",job="yizhan",instance="{instance}"'
        rows: dict[str, list[str]] = {}
        last = int(until) // STEP_S * STEP_S
        for at in range(last - BEGIN_H * HOUR_S, last, STEP_S):
            for name, value in _figures(at, until, now):
                rows.setdefault(name, []).append(f"yizhan_node_{name}{{{labels}}} {value:.10g} {at}")
        parts = [f"# TYPE yizhan_node_{name} gauge\n" + "\n".join(lines) for name, lines in rows.items()]
        return "\n".join([*parts, "# EOF\n"])

    return text


def _figures(at: int, until: float, now: dict[str, float]) -> Iterator[tuple[str, float]]:
    """(metric, value) of one minute."""
    ago = (until - at) / HOUR_S
    silent = next((away for away in AWAY if away[1] < ago <= away[0]), None)
    back = next((away for away in reversed(AWAY) if ago <= away[1]), None)
    minutes = (back[1] - ago) * 60 if back else 0
    left = max(0.0, 1 - minutes * SENT / back[2]) if back and back[2] else 0.0
    heard = until - silent[0] * HOUR_S if silent else at - at // STEP_S * 7 % 23
    said = {
        "last_contact_timestamp_seconds": heard,
        "waiting_entries": round(back[2] * left) if back and left else (3 if at // STEP_S % 19 == 0 else 0),
        "oldest_waiting_seconds": (back[0] - back[1]) * HOUR_S * left if back else 0,
        "waiting_cases": round(back[3] * left) if back else 0,
        "waiting_cases_due_soon": round(back[4] * left) if back else 0,
        "disk_free_bytes": now["disk_free_bytes"] + ago * 4e7,
        "disk_size_bytes": now["disk_size_bytes"],
        "clock_offset_seconds": now["clock_offset_seconds"] + 0.02 * ago + at // STEP_S % 7 / 100,
        "sync_completion_ratio": 1 - 0.6 * left,
    }
    return ((name, value) for name, value in said.items() if not silent or name in SILENT)
