"""The file of divisions: CSV with code, name, parent, level[, valid_from, valid_to, successors]. No Django here.

Codes that were retired stay in it, with their dates and the codes they went to (divided by semicolons).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Protocol

from core.county.publishing.assemble import Row, records_of
from core.county.publishing.cells import Cell, cell_read
from core.county.publishing.faults import FileRead
from core.county.publishing.layout import DIVISIONS, Column, column_named
from core.domain.catalogue.validate import DIVISION_CODE

MAX_FILE_BYTES = 100 * 1024 * 1024
SHEET = "csv"


class _Lines(Protocol):
    """What csv.reader gives."""

    line_num: int

    def __next__(self) -> list[str]: ...

    def __iter__(self) -> Iterator[list[str]]: ...


def divisions_read(data: bytes) -> FileRead:
    """The divisions with their rows (the head is row 1), or all faults of the file."""
    read = FileRead()
    if len(data) > MAX_FILE_BYTES:
        read.faults.add(SHEET, 0, "", "file_too_large", size=len(data) >> 20, limit=MAX_FILE_BYTES >> 20)
        return read
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        read.faults.add(SHEET, 0, "", "not_utf8")
        return read
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        _lines(lines, read)
    except csv.Error as error:
        read.faults.add(SHEET, lines.line_num, "", "record_broken", reason=error)
    if not read.records and not read.faults:
        read.faults.add(SHEET, 0, "", "nothing")
    return read


def _lines(lines: _Lines, read: FileRead) -> None:
    head: list[str] = next(lines, [])
    columns = [column_named(DIVISIONS, name) for name in head]
    for name, column in zip(head, columns, strict=True):
        if column is None:
            read.faults.add(SHEET, 1, name, "column_unknown", value=name)
    for name in ("code", "name", "parent", "level"):
        if DIVISIONS.column(name) not in columns:
            read.faults.add(SHEET, 1, name, "column_missing")
    if read.faults:
        return
    rows = []
    for values in lines:
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(head):
            read.faults.add(SHEET, lines.line_num, "", "field_count", found=len(values), expected=len(head))
            continue
        rows.append(_row(lines.line_num, head, columns, values, read))
    records_of({"division": rows}, read)


def _row(number: int, head: list[str], columns: list[Column | None], values: list[str], read: FileRead) -> Row:
    row = Row(sheet=SHEET, number=number)
    for name, column, value in zip(head, columns, values, strict=True):
        assert column is not None
        cell = Cell(read.faults, SHEET, number, name)
        read_value = cell_read(cell, column, value)
        if column.name == "code" and read_value is not None and not DIVISION_CODE.fullmatch(read_value):
            cell.fault("division_code", value=read_value)
        row.heads[column.name] = name
        row.whole &= not cell.failed
        if read_value is not None:
            row.values[column.name] = read_value
    return row
