"""`inbox`: a department's list of 100,000 open cases over 40 tenants, as its officers open it all day.

The cases are folded from entries and written by the domain's own states_write in each tenant's schema, so the queue's
rows are what tasks_reflect makes of them, in the transaction that writes them; nothing is put into the table by hand.
Asked is the whole page through Django's test client: middleware, session, statements, template.
"""

from __future__ import annotations

import statistics

from .frame import Options, Row, part_run, room
from .sync import COUNTY

TENANTS = 40
CASES = 100_000
TARGET_MS = 100.0


def run(options: Options) -> list[Row]:
    with room("inbox") as place:
        (place / "core").mkdir(mode=0o755)
        env = {"YIZHAN_VAR": str(place / "core"), "DATABASE_URL": ""}
        cases = options.cases or CASES
        part_run("inbox_core.prepare", COUNTY, env, tenants=TENANTS, cases=cases)
        found = part_run("inbox_core.pages", COUNTY, env, profile=options.profile).result
    note = f"{found['mine']:,} of {found['tasks']:,} tasks in {TENANTS} tenants"
    rows = []
    for name, times in found["ms"].items():
        percentile = statistics.quantiles(times, n=20)[-1]
        spread = (min(times), statistics.median(times), max(times))
        rows.append(Row("inbox", f"{name}, 95th percentile", percentile, "ms", target=TARGET_MS, runs=spread,
                        note=f"{note}; quickest, median, slowest of {len(times)}"))  # fmt: skip
    return [
        *rows,
        Row("inbox", "statements of the first page", found["statements"], ""),
        Row("inbox", "of its time in the database", found["database_ms"], "ms"),
        Row("inbox", "its processor time, PostgreSQL's not counted", found["busy_ms"], "ms", note="mean"),
    ]
