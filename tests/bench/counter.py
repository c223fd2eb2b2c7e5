"""`counter`: search and intake on a node with 20,000 cases and 3,400 items; its web and agent processes' memory.

Pages are asked for over loopback, from gunicorn run as on a node; a page's time is the whole of the request.
"""

from __future__ import annotations

from typing import Any

from .frame import Options, Row, best, part_run, room
from .sync import COUNTY, EDGE

CASES, ITEMS = 20_000, 3_400
PAGE_MS, MEMORY_MB = 50.0, 180.0


def run(options: Options) -> list[Row]:
    cases = options.cases or CASES
    with room("counter") as place:
        for side in ("node", "core"):
            (place / side).mkdir(mode=0o755)
        core = {"YIZHAN_VAR": str(place / "core"), "DATABASE_URL": ""}
        node_dir = str(place / "node")
        part_run("counter_core.enrolled", COUNTY, core, node_dir=node_dir)
        filled = part_run(
            "counter_node.fill", EDGE, {"YIZHAN_NODE_DIR": node_dir}, cases=cases, items=ITEMS
        ).result  # fmt: skip
        found: dict[str, Any] = part_run(
            "counter_core.measured", COUNTY, core, node_dir=node_dir, words=filled["words"], repeat=options.repeat
        ).result  # fmt: skip
    pages = [
        best("counter", name, medians, "ms", target=PAGE_MS if name.startswith(("search", "intake")) else None,
             note=_note(found, name))
        for name, medians in found["medians"].items()
    ]  # fmt: skip
    return [
        *pages,
        Row("counter", "cases and items on the node", cases, "cases", note=f"{filled['items']} items"),
        Row("counter", "web + agent, peak PSS", found["pss_mb"], "MB", target=MEMORY_MB, note=found["pss_note"]),
        Row("counter", "web + agent, sum of peak RSS", found["rss_mb"], "MB", note=found["rss_note"]),
    ]


def _note(found: dict[str, Any], name: str) -> str:
    busy = found["cpu_ms"].get(name)
    return f"medians; 95 % {found['p95'][name]:.0f} ms" + (f"; the worker's processor {busy:.0f} ms" if busy else "")
