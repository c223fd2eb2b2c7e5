"""Run the benches: print a table, write var/bench.json. A target that is missed is reported and is no error."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable

from . import counter, exporter, fold, inbox, latency, memory, sync, tenants
from .frame import Options, Row
from .report import json_write, table_print

BENCHES: dict[str, Callable[[Options], list[Row]]] = {
    "sync": sync.run,
    "memory": memory.run,
    "tenants": tenants.run,
    "counter": counter.run,
    "latency": latency.run,
    "fold": fold.run,
    "inbox": inbox.run,
    "exporter": exporter.run,
}


def main() -> int:
    """0 when every bench asked for ran, whatever it measured; 1 when one broke."""
    options, names = _options()
    rows: list[Row] = []
    broken: dict[str, str] = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            rows += BENCHES[name](options)
        except Exception as error:
            traceback.print_exc()
            broken[name] = f"{type(error).__name__}: {error}"
    table_print(rows, broken)
    json_write(rows, broken)
    return 1 if broken else 0


def _options() -> tuple[Options, list[str]]:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure speed and size on the real parts.", epilog="Example: sync --cases 2000"
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)}; none: all")
    parser.add_argument("--cases", type=int, default=0, help="number of cases, in place of each bench's own")
    parser.add_argument("--repeat", type=int, default=3, help="runs of what is timed; the best one counts (default 3)")
    parser.add_argument("--profile", action="store_true", help="write var/bench/*.prof of the timed parts")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BENCHES.keys())
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}")
    return Options(cases=given.cases, repeat=max(1, given.repeat), profile=given.profile), given.names or list(BENCHES)


if __name__ == "__main__":
    sys.exit(main())
