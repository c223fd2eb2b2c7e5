"""`fold`: a million entries of all kinds about a case become the states of their cases, in memory on one core.

A row of cases is what a fold leaves, so this bounds a rebuild of everything (cases_refold) and any ingest from above.
`merge` is the fold as ingest calls it, with its questions of order and custody; `canonical form` is what a row holds.
"""

from __future__ import annotations

from .frame import Options, Row, best, part_run

ENTRIES = 1_000_000
#: A case of these lives has about so many entries: --cases says how many there are.
ENTRIES_A_CASE = 14
TARGET = 100_000.0  #: entries a second


def run(options: Options) -> list[Row]:
    entries = options.cases * ENTRIES_A_CASE or ENTRIES
    done = part_run("fold_core.measured", entries=entries, repeat=options.repeat, profile=options.profile)
    found = done.result
    note = f"{entries:,} entries of {found['kinds']} kinds in {found['cases']:,} cases"
    return [
        best("fold", "fold", [entries / one for one in found["fold_s"]], "entries/s", target=TARGET, more=True,
             note=note),
        Row("fold", "the same, by processor time", entries / found["busy_s"], "entries/s", more=True),
        best("fold", "merge, as ingest does", [entries / one for one in found["merge_s"]], "entries/s", more=True),
        best("fold", "canonical form and hash", [found["cases"] / one for one in found["form_s"]], "cases/s", more=True,
             note=f"{found['state_bytes']:.0f} B a case"),
        Row("fold", "memory of the entries", found["entries_mb"], "MB"),
        Row("fold", "memory of the states", found["states_mb"], "MB",
            note=f"{found['states_mb'] * 1e6 / found['cases']:.0f} B a case"),
        Row("fold", "peak memory of the process", done.peak_mb, "MB"),
    ]  # fmt: skip
