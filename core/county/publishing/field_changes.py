"""A changed record field by field, in the words of the workbook's columns. No Django here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.county.publishing.assemble import PART_KEYS, rows_of
from core.county.publishing.cells import cell_written
from core.county.publishing.differences import RecordChange
from core.county.publishing.layout import CALENDAR, PART_SHEETS, SHEETS, Column, Sheet
from core.county.publishing.words import Language
from core.domain.catalogue.documents import Record, kind_of

#: A part of a record ("" for the record's own row) and its columns.
_Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class FieldChange:
    """One field: its name as an administrator knows it, what it was, what it will be (empty: not there)."""

    label: str
    before: str
    after: str


def field_changes(change: RecordChange, language: Language) -> list[FieldChange]:
    """What differs between the record before and after; empty for one that is added or withdrawn whole."""
    if change.before is None or change.after is None:
        return []
    old, new = _rows(change.before), _rows(change.after)
    found = []
    order = [sheet.name for sheet in SHEETS]
    for place in sorted(dict.fromkeys([*old, *new]), key=lambda place: order.index(place[0])):
        found += _row_changes(place, old.get(place), new.get(place), language)
    if not found:
        # The same rows in another order: stages run in theirs, materials are listed in theirs.
        found = [FieldChange("↕", _order(old), _order(new))]
    return found


def _row_changes(
    place: tuple[str, str], old: dict[str, Any] | None, new: dict[str, Any] | None, language: Language
) -> list[FieldChange]:
    sheet, title = _sheet(place[0]), _title(place, language)
    if old is None or new is None:
        return [FieldChange(title, _summary(sheet, old, language), _summary(sheet, new, language))]
    changes = []
    for column in sheet.columns:
        before, after = _shown(column, old, language), _shown(column, new, language)
        if before != after:
            label = column.head(language)
            changes.append(FieldChange(f"{title} · {label}" if place[1] else label, before, after))
    return changes


def _rows(record: Record) -> _Rows:
    """The record's rows by sheet and what names them; parts without a code are counted."""
    kind = kind_of(record)
    rows: _Rows = {}
    for sheet in (_sheet(kind), *(PART_SHEETS if kind == "item" else ())):
        for number, row in enumerate(rows_of(sheet, [record]), start=1):
            named = "" if sheet.name == kind else str(row.get(PART_KEYS.get(sheet.name, ""), number))
            if sheet is CALENDAR:
                named = str(row.get("day", ""))
            rows[sheet.name, named] = row
    return rows


def _sheet(name: str) -> Sheet:
    return next(sheet for sheet in SHEETS if sheet.name == name)


def _title(place: tuple[str, str], language: Language) -> str:
    return f"{_sheet(place[0]).title(language)} {place[1]}".strip()


def _summary(sheet: Sheet, row: dict[str, Any] | None, language: Language) -> str:
    """The filled columns of a part that comes or goes, without the codes that name it."""
    if row is None:
        return ""
    texts = []
    passed_over = {"item_code", "code", "year"} | ({"source"} if sheet is CALENDAR else set())
    for column in sheet.columns:
        value = row.get(column.name)
        if not value or column.name in passed_over:
            continue
        shown, head = _shown(column, row, language), column.head(language)
        texts.append({"yes_no": head, "number": f"{head} {shown}"}.get(column.form, shown))
    return " · ".join(texts)


def _shown(column: Column, row: dict[str, Any], language: Language) -> str:
    value = cell_written(column, row.get(column.name), language)
    return "" if value is None else str(value)


def _order(rows: _Rows) -> str:
    return ", ".join(named for _, named in rows if named)
