"""`latency`: from the village's button to the county's row, through the town, over three real Syncthing processes."""

from __future__ import annotations

import statistics

from .frame import Options, Row, part_run, room
from .sync import COUNTY

CASES = 60
TARGET_S = 5.0


def run(options: Options) -> list[Row]:
    with room("latency") as place:
        (place / "core").mkdir(mode=0o755)
        env = {"YIZHAN_VAR": str(place / "core"), "DATABASE_URL": ""}
        seconds: list[float] = part_run("latency_core.measured", COUNTY, env, cases=options.cases or CASES).result
    seconds.sort()
    note = f"{len(seconds)} cases; slowest {seconds[-1]:.1f} s"
    p95 = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    return [
        Row("latency", "village to county through the town, 95 %", p95, "s", target=TARGET_S, note=note),
        Row("latency", "the same, median", statistics.median(seconds), "s", note="sealed 2 s after it was accepted"),
    ]
