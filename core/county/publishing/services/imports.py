"""Taking files into the draft: all of a file or nothing of it, with every fault at its row and column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.county.publishing.divisions_file import divisions_read
from core.county.publishing.faults import FaultList, FileRead, ImportRefused, RowFault
from core.county.publishing.jsonfile import json_read
from core.county.publishing.layout import SHEETS, Column, Sheet, column_of_field, sheet_named
from core.county.publishing.selectors import draft_records
from core.county.publishing.services.drafts import draft_put, draft_remove
from core.county.publishing.workbook_read import workbook_read
from core.domain.catalogue.documents import Record, RecordKey, kind_of
from core.domain.catalogue.problems import Problem
from core.domain.catalogue.validate import record_problems

#: By the end of the file's name.
READERS: dict[str, Callable[[bytes], FileRead]] = {"xlsx": workbook_read, "json": json_read, "csv": divisions_read}
#: Columns of the catalogue's tables that are shorter than a workbook's cells, by kind and field.
LENGTHS: dict[str, dict[str, int]] = {
    sheet.name: {column.name: column.limit for column in sheet.columns if "." not in column.name} for sheet in SHEETS
}
#: Faults that say something is missing: not true of what is in the file but could not be read.
UNKNOWN = frozenset({"division_unknown", "department_unknown", "item_unknown"})

#: In which column a fault of a part of an item is mended; its code where none is named.
PART_COLUMNS = {
    "situation_unknown": "situations",
    "situation_missing": "situations",
    "counts_negative": "originals",
    "rule_invalid": "rule",
    "choices_missing": "choices",
    "stage_empty": "departments",
    "joint_alone": "joint",
    "pledge_text_unused": "pledge_text",
    "department_unknown": "departments",
    "field_name": "name",
}


@dataclass(frozen=True)
class ImportDone:
    """What came of an import. `warnings` may stand; `counts` are the records of the file by kind."""

    counts: dict[str, int]
    changed: int
    removed: int
    warnings: list[RowFault]


def file_import(
    data: bytes, name: str, *, by: str, replace: bool = False, dry_run: bool = False, at: datetime | None = None
) -> ImportDone:
    """The draft holds the records of the file called `name` (.xlsx, .json, .csv of divisions).

    With `replace`, records of the file's kinds that the file does not hold leave the draft. Raises ImportRefused with
    all faults; then nothing was written.
    """
    return import_records(file_read_as(data, name), by=by, replace=replace, dry_run=dry_run, at=at)


def file_read_as(data: bytes, name: str) -> FileRead:
    """What the file holds, read by the end of its name; an unknown one is told by its content."""
    reader = READERS.get(name.rpartition(".")[2].lower())
    if reader is None:
        # Names are lost on the way through mail programs.
        reader = workbook_read if data[:2] == b"PK" else json_read
    return reader(data)


@transaction.atomic
def import_records(
    read: FileRead, *, by: str, replace: bool = False, dry_run: bool = False, at: datetime | None = None
) -> ImportDone:
    """The draft holds these records, if the catalogue that results has no fault that came with them.

    Raises ImportRefused with all faults; then nothing was written. Warnings of the imported records are returned.
    """
    counts: dict[str, int] = {}
    for record in read.records:
        counts[kind_of(record)] = counts.get(kind_of(record), 0) + 1
    before = draft_records()
    after = {(kind_of(one), one.key): one for one in before if not (replace and kind_of(one) in counts)}
    after |= {(kind_of(one), one.key): one for one in read.records}
    faults, warnings = _judge(read, before, list(after.values()))
    if faults:
        raise ImportRefused(faults)
    removed = [RecordKey(kind_of(one), one.key) for one in before if (kind_of(one), one.key) not in after]
    if dry_run:
        return ImportDone(counts, len(read.records), len(removed), warnings)
    changed = draft_put(read.records, by=by, at=at)
    return ImportDone(counts, changed, draft_remove(removed), warnings)


def _judge(read: FileRead, before: list[Record], after: list[Record]) -> tuple[list[RowFault], list[RowFault]]:
    """Faults and warnings the import would bring, those of the file's form among them."""
    faults, warnings = FaultList(read.faults), FaultList()
    _lengths(read, faults)
    found = record_problems(after)
    known: set[tuple[str, str, str, str]] | None = None
    for problem in found:
        imported = (problem.kind, problem.key) in read.places
        if problem.message_code in UNKNOWN and problem.params.get("code") in read.broken:
            continue
        if not imported:
            # A fault the draft had already is not this file's; one that replacing would cause is.
            if known is None:
                known = {_identity(one) for one in record_problems(before)}
            if problem.severity == "warning" or _identity(problem) in known:
                continue
        into = faults if problem.severity == "error" else warnings
        into.problem(*_place(read, problem), problem)
    return sorted(faults, key=_position), list(warnings)


def _identity(problem: Problem) -> tuple[str, str, str, str]:
    return problem.kind, problem.key, problem.field, problem.message_code


def _place(read: FileRead, problem: Problem) -> tuple[str, int, str]:
    """Sheet, row and column where the fault is mended; row 0 for a record the file does not hold."""
    kind, key = problem.kind, problem.key
    day = read.places.get((kind, key, f"days.{problem.params.get('day', '')}"))
    part = read.places.get((kind, key, problem.field))
    whole = read.places.get((kind, key))
    sheet = _sheet_of(problem.field.partition(".")[0] if part else kind)
    assert sheet is not None
    name = PART_COLUMNS.get(problem.message_code, "code") if part else problem.field
    column = column_of_field(sheet, name)
    found = part or day or whole
    if found is None:
        return f"{sheet.zh} {key}", 0, column.zh
    # As the file names it: a workbook by its heads in either language, JSON and CSV by the field.
    heads = {sheet.zh: column.zh, sheet.en: column.en}
    return *found, heads.get(found[0], column.name)


def _sheet_of(kind: str) -> Sheet | None:
    return next((sheet for sheet in SHEETS if sheet.name == kind), None)


def _position(fault: RowFault) -> tuple[int, int]:
    sheet = sheet_named(fault.sheet)
    return (SHEETS.index(sheet) if sheet else -1), fault.row


def _lengths(read: FileRead, faults: FaultList) -> None:
    """Texts longer than their column in the catalogue's tables: a JSON file may hold them."""
    for record in read.records:
        kind = kind_of(record)
        for name, limit in LENGTHS.get(kind, {}).items():
            value = getattr(record, name, None)
            length = len(value if isinstance(value, str) else ",".join(value) if isinstance(value, tuple) else "")
            if limit < length and limit < Column.limit:
                place = read.places.get((kind, record.key), ("", 0))
                sheet = _sheet_of(kind)
                head = column_of_field(sheet, name).zh if sheet else name
                faults.add(place[0], place[1], head, "too_long", length=length, limit=limit)
