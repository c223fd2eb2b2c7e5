"""Writes the dashboards anew: python -m monitoring.dashboards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from . import counters, county, database, fleet, ingest, node
from .frame import dashboard_json

HERE: Final = Path(__file__).resolve().parent
ALL: Final[dict[str, Callable[[], Dashboard]]] = {
    module.UID: module.dashboard for module in (county, fleet, node, ingest, counters, database)
}


def files() -> dict[Path, str]:
    """What each file holds when it is current."""
    return {HERE / f"{uid}.json": dashboard_json(make()) for uid, make in ALL.items()}


def main() -> None:
    for path, text in files().items():
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        print(f"monitoring/dashboards/{path.name}: {'changed' if changed else 'as before'}")


if __name__ == "__main__":
    main()
