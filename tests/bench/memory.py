"""`memory`: peaks of the node's and of one ingest process while 50,000 cases go through them (VmHWM)."""

from __future__ import annotations

from .frame import Options, Row, room
from .sync import flight, stage_set

CASES = 50_000
NODE_MB, CORE_MB = 200.0, 250.0


def run(options: Options) -> list[Row]:
    cases = options.cases or CASES
    with room("memory") as place:
        stage = stage_set(place, cases)
        one = flight(stage, together=True)
    note = f"{cases} cases"
    return [
        Row("memory", "node process, sealing", one.node.peak_mb, "MB", target=NODE_MB, note=note),
        Row("memory", "ingest process, reading", one.core.peak_mb, "MB", target=CORE_MB, note=note),
        Row("memory", "end to end meanwhile", stage.entries / one.seconds, "entries/s", more=True),
    ]
