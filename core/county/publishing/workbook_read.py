"""Reading a workbook into records: every fault of every row is collected; a faulty file gives no record. No Django.

A workbook from outside is hostile: its size is checked before and after unpacking, it is read as a stream, and rows
and columns beyond the limits are not looked at.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from openpyxl import load_workbook

from core.county.publishing.assemble import Row, Rows, records_of
from core.county.publishing.cells import Cell, cell_read
from core.county.publishing.faults import FaultList, FileRead
from core.county.publishing.layout import GUIDE, SHEETS, WORD_LISTS, Column, Sheet, column_named, sheet_named

MB: Final = 1024 * 1024
MAX_FILE_BYTES: Final = 20 * MB
MAX_UNPACKED_BYTES: Final = 200 * MB
MAX_PARTS: Final = 200
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 60
#: A document type at the head of a part is the door to entity bombs; no spreadsheet program writes one.
_FORBIDDEN = (b"<!doctype", b"<!entity")


def workbook_read(data: bytes) -> FileRead:
    """The workbook's records with their places, or all its faults; never raises for what a file may contain."""
    read = FileRead()
    if not _safe(data, read.faults):
        return read
    try:
        # Formulas give the value Excel last saw; links to other workbooks are not followed.
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        rows: Rows = {}
        for worksheet in book.worksheets:
            _sheet_read(worksheet, rows, read.faults)
        book.close()
    except Exception:  # openpyxl raises whatever its parsers meet; to the reader it is one thing: not a workbook
        read.faults.add("", 0, "", "not_a_workbook")
        return read
    records_of(rows, read)
    if not read.records and not read.faults:
        read.faults.add("", 0, "", "nothing")
    return read


def _safe(data: bytes, faults: FaultList) -> bool:
    """Whether the file may be opened; else a fault says why not."""
    if len(data) > MAX_FILE_BYTES:
        faults.add("", 0, "", "file_too_large", size=len(data) // MB, limit=MAX_FILE_BYTES // MB)
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > MAX_UNPACKED_BYTES:
                faults.add("", 0, "", "unpacked_too_large", size=size // MB, limit=MAX_UNPACKED_BYTES // MB)
                return False
            if len(parts) > MAX_PARTS or any(_has_document_type(archive, part) for part in parts):
                faults.add("", 0, "", "workbook_hostile")
                return False
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        faults.add("", 0, "", "not_a_workbook")
        return False
    return True


def _has_document_type(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    if not part.filename.lower().endswith((".xml", ".rels", ".vml")):
        return False
    with archive.open(part) as stream:
        # Without its zero bytes UTF-16 reads like ASCII.
        head = stream.read(8192).replace(b"\0", b"").lower()
    return any(word in head for word in _FORBIDDEN)


def _sheet_read(worksheet: Any, rows: Rows, faults: FaultList) -> None:
    title = str(worksheet.title)
    if title in GUIDE or title == WORD_LISTS:
        return
    # The size a sheet claims is not to be believed: formatting alone makes it a million rows.
    worksheet.reset_dimensions()
    lines = _filled_rows(worksheet)
    sheet = sheet_named(title)
    first = next(lines, None)
    if first is None:
        return
    if sheet is None:
        faults.add(title, 0, "", "sheet_unknown", choices="、".join(one.zh for one in SHEETS))
        return
    heads = _heads(sheet, title, first[1], faults)
    required = frozenset(column.name for column in sheet.columns if column.required)
    known = rows.setdefault(sheet.name, [])
    for number, values in lines:
        if number > MAX_ROWS:
            faults.add(title, number, "", "rows_too_many", limit=MAX_ROWS)
            return
        known.append(_row(heads, values, title, number, faults, required))


def _filled_rows(worksheet: Any) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Rows that hold something, with the number Excel shows."""
    for number, values in enumerate(worksheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1):
        if any(value is not None and str(value).strip() for value in values) or number > MAX_ROWS:
            yield number, values


def _heads(sheet: Sheet, title: str, values: tuple[object, ...], faults: FaultList) -> dict[int, tuple[str, Column]]:
    """Which column stands where, by the heads of the first row that holds something."""
    heads: dict[int, tuple[str, Column]] = {}
    for index, value in enumerate(values):
        head = str(value or "").strip()
        if not head:
            continue
        column = column_named(sheet, head)
        if column is None:
            faults.add(title, 1, head, "column_unknown", value=head)
        elif any(column is other for _, other in heads.values()):
            faults.add(title, 1, head, "column_twice", value=head)
        else:
            heads[index] = (head.rstrip("* "), column)
    present = {column.name for _, column in heads.values()}
    for column in sheet.columns:
        if column.required and column.name not in present:
            faults.add(title, 1, column.zh if title == sheet.zh else column.en, "column_missing")
    return heads


def _row(
    heads: dict[int, tuple[str, Column]],
    values: tuple[object, ...],
    title: str,
    number: int,
    faults: FaultList,
    required: frozenset[str],
) -> Row:
    """The row's values by field name; what is empty or faulty is left out."""
    row = Row(sheet=title, number=number)
    for index, (head, column) in heads.items():
        raw = values[index] if index < len(values) else None
        cell = Cell(faults, title, number, head)
        value = cell_read(cell, column, raw)
        row.heads[column.name] = head
        row.whole &= not cell.failed
        if value is not None:
            row.values[column.name] = value
    row.whole &= all(column in row.values for column in required)
    return row
