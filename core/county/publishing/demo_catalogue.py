"""The demo catalogue of Xiangtan county 湘潭县, as records ready to be imported and published.

Divisions are those of the statistical codes of 2023-06-30. Items are real ones; their materials and limits are facts
of public guides (not all of Xiangtan's own) where a guide states them, else what such items usually ask for. Credit
codes, telephone numbers, item codes and grants are made up for the demo: the codes are well-formed, and every one of
them contains DEM.
"""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files
from pathlib import Path

import msgspec

from core.domain.catalogue.documents import Division, Record

COUNTY_CODE = "430321000000"
JSON_FILES = ("departments.json", "items.json", "grants.json", "calendar.json", "papers.json")


class _DivisionRow(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    name: str
    parent: str
    level: str
    valid_from: str
    valid_to: str
    successors: str


def divisions_csv() -> Path:
    """The file of divisions: code, name, parent, level, valid_from, valid_to, successors (divided by semicolons)."""
    return Path(str(_folder() / "divisions.csv"))


def demo_records() -> list[Record]:
    """All records of the demo catalogue: divisions, departments, items, grants, calendars, papers, in this order."""
    records: list[Record] = list(_divisions())
    for name in JSON_FILES:
        records.extend(msgspec.json.decode((_folder() / name).read_bytes(), type=list[Record]))
    return records


def _folder() -> Path:
    # The package is installed as a folder, never as a zip, so a resource is a file with a path.
    return Path(str(files("core.county.publishing"))) / "fixtures" / "xiangtan"


def _divisions() -> list[Division]:
    with divisions_csv().open(encoding="utf-8", newline="") as rows:
        return [_division(msgspec.convert(row, _DivisionRow)) for row in csv.DictReader(rows)]


def _division(row: _DivisionRow) -> Division:
    fields = msgspec.structs.asdict(row) | {
        "valid_from": _day(row.valid_from),
        "valid_to": _day(row.valid_to),
        "successors": tuple(code for code in row.successors.split(";") if code),
    }
    return msgspec.convert(fields, Division)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
