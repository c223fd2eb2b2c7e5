"""What the benches found: a table for people, var/bench.json for comparison."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from .frame import MET, MISSED, REPO_DIR, Row

COLOURS = {MET: "green", MISSED: "red"}


def table_print(rows: list[Row], broken: dict[str, str]) -> None:
    table = Table(title="yizhan bench", caption=", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    for name in ("bench", "figure"):
        table.add_column(name)
    for name in ("target", "measured", "all runs"):
        table.add_column(name, justify="right")
    for name in ("verdict", "note"):
        table.add_column(name)
    for row in rows:
        colour = COLOURS.get(row.verdict, "")
        table.add_row(
            row.bench, row.figure, _target(row), f"{_number(row.value)} {row.unit}",
            " ".join(map(_number, row.runs)) if len(row.runs) > 1 else "",
            f"[{colour}]{row.verdict}[/]" if colour else "", row.note,
        )  # fmt: skip
    for name, reason in broken.items():
        table.add_row(name, "broken", "", "", "", "[red]error[/]", reason)
    Console(width=None if os.isatty(1) else 180).print(table)


def json_write(rows: list[Row], broken: dict[str, str]) -> None:
    """var/bench.json is this run's; the last one is overwritten."""
    path = REPO_DIR / "var" / "bench.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine_facts(),
        "rows": [asdict(row) | {"verdict": row.verdict} for row in rows], "broken": broken,
    }  # fmt: skip
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


def machine_facts() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "machine": platform.machine(),
        "python": platform.python_version(), "postgresql": _postgres(),
        "syncthing": _version(["syncthing", "--version"]),
    }  # fmt: skip


def _postgres() -> str:
    from tenants.embedded.binaries import binaries_find

    return _version([str(binaries_find() / "postgres"), "--version"])


def _version(command: list[str]) -> str:
    try:
        words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return "missing"
    return next((word for word in words if word.lstrip("v")[:1].isdigit()), "unknown")


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{'>=' if row.more else '<'} {_number(row.target)} {row.unit}"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
