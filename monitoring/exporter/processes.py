"""What the core's processes counted (core.county.watch.instruments): their files, added up."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.multiprocess import MultiProcessCollector

from .families import Family, labels_text
from .metrics import METRICS, PROCESSES


def processes_collect(folder: Path) -> list[Family]:
    """Nothing where no process has counted yet; figures this version does not know are left out."""
    files = sorted(str(path) for path in folder.glob("*.db"))
    found = []
    for metric in MultiProcessCollector.merge(files):  # type: ignore[no-untyped-call]
        # A counter's key there lacks the ending its sample has.
        name = next((one for one in (metric.name, f"{metric.name}_total") if one in METRICS), "")
        if not name or METRICS[name].source != PROCESSES:
            continue
        family = Family(name)
        for sample in metric.samples:
            family.line(labels_text(sample.labels), sample.value, sample.name.removeprefix(name))
        found.append(family)
    return found
