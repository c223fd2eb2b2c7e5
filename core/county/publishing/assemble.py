"""Records out of the rows of a workbook, and rows out of records. No Django here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.county.publishing import layout
from core.county.publishing.faults import FileRead
from core.domain.catalogue.documents import (
    Basis,
    CalendarYear,
    Department,
    Division,
    Fee,
    FormField,
    Grant,
    Item,
    Limit,
    Material,
    PaperTemplate,
    Question,
    Record,
    Result,
    Situation,
    Stage,
)


@dataclass
class Row:
    """One row as it was read: values by field name; `whole` unless a cell was faulty or a required one empty."""

    sheet: str
    number: int
    values: dict[str, Any] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    whole: bool = True

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)


Rows = dict[str, list[Row]]
#: Parts of items by sheet name; their columns are named like the struct's fields.
PARTS: dict[str, type[Material] | type[Situation] | type[Stage] | type[FormField] | type[Basis] | type[Question]] = {
    "materials": Material,
    "situations": Situation,
    "flow": Stage,
    "fields": FormField,
    "basis": Basis,
    "faq": Question,
}
#: What names a part within its item, where it has a name that must not stand twice.
PART_KEYS = {"materials": "code", "situations": "code", "flow": "code", "fields": "name"}
#: Sheets whose rows are records as they stand.
PLAIN: dict[str, tuple[type[Grant] | type[Department] | type[Division], str]] = {
    "grant": (Grant, "code"),
    "department": (Department, "uscc"),
    "division": (Division, "code"),
}
DAY_LISTS = {"off": "days_off", "work": "make_up_days"}


def records_of(rows: Rows, read: FileRead) -> None:
    """`read` holds the records of the rows, in the order of the sheets, and the faults that lie between rows."""
    _items(rows, read)
    for name in ("grant", "department", "division"):
        _plain(name, rows.get(name, []), read)
    _calendars(rows.get("calendar", []), read)
    _papers(rows.get("paper", []), read)


def _first(row: Row, column: str, key: tuple[str, ...], read: FileRead, shown: str) -> bool:
    """Whether the row is the first of its key; a second one is a fault."""
    if key in read.places:
        head = row.heads.get(column, column)
        read.faults.add(row.sheet, row.number, head, "duplicate_row", value=shown, first=read.places[key][1])
        return False
    read.places[key] = (row.sheet, row.number)
    return True


def _plain(name: str, rows: Iterable[Row], read: FileRead) -> None:
    struct, key_column = PLAIN[name]
    for row in rows:
        key = row.get(key_column)
        if key is None:
            continue
        first = _first(row, key_column, (name, key), read, key)
        if not row.whole:
            read.broken.add(key)
        elif first:
            values = {"parent": ""} | row.values if name == "division" else row.values
            read.records.append(msgspec.convert(values, struct))


def _papers(rows: Iterable[Row], read: FileRead) -> None:
    for row in rows:
        if row.get("paper") is None:
            continue
        key = f"{row.get('paper')}/{row.get('item_code', '')}"
        first = _first(row, "paper", ("paper", key), read, key)
        if not row.whole:
            read.broken.add(key)
        elif first:
            read.records.append(msgspec.convert(row.values, PaperTemplate))


def _items(rows: Rows, read: FileRead) -> None:
    heads = {row.get("item_code"): row for row in reversed(rows.get("item", [])) if row.get("item_code")}
    parts: dict[str, dict[str, list[Row]]] = {name: defaultdict(list) for name in PARTS}
    for name in PARTS:
        for row in rows.get(name, []):
            code = row.get("item_code")
            if code is None:
                continue
            if code not in heads:
                head = row.heads.get("item_code", "item_code")
                read.faults.add(row.sheet, row.number, head, "item_not_here", value=code)
            else:
                parts[name][code].append(row)
    for row in rows.get("item", []):
        code = row.get("item_code")
        if code is None or not _first(row, "item_code", ("item", code), read, code):
            continue
        own = {name: parts[name].get(code, []) for name in PARTS}
        if _parts_whole(code, own, read) and row.whole:
            read.records.append(_item(row, own))
        else:
            read.broken.add(code)


def _parts_whole(code: str, parts: dict[str, list[Row]], read: FileRead) -> bool:
    whole = True
    for name, rows in parts.items():
        column = PART_KEYS.get(name)
        for row in rows:
            whole &= row.whole
            if column and row.get(column):
                key = ("item", code, f"{name}.{row.get(column)}")
                whole &= _first(row, column, key, read, row.get(column))
    return whole


def _item(row: Row, parts: dict[str, list[Row]]) -> Item:
    plain = {name: value for name, value in row.values.items() if "." not in name}
    for name, rows in parts.items():
        plain[name] = tuple(_part(PARTS[name], part) for part in rows)
    result = row.get("result.name")
    amount = row.get("fee.amount", 0)
    return Item(
        **plain,
        legal_limit=_limit(row, "legal_limit"),
        promised_limit=_limit(row, "promised_limit"),
        fee=Fee(
            kind=row.get("fee.kind", "amount" if amount else "none"), amount_fen=amount, text=row.get("fee.text", "")
        ),
        result=Result(name=result, kind=row.get("result.kind", "document")) if result else None,
    )


def _part(struct: type[msgspec.Struct], row: Row) -> Any:
    values = {name: value for name, value in row.values.items() if name != "item_code"}
    for flag in ("deferrable", "pledgeable", "required"):
        if flag in values:
            values[flag] = values[flag] == "1"
    return msgspec.convert(values, struct)


def _limit(row: Row, name: str) -> Limit:
    return Limit(value=row.get(f"{name}.value", 0), unit=row.get(f"{name}.unit"), text=row.get(f"{name}.text", ""))


def _calendars(rows: list[Row], read: FileRead) -> None:
    years: dict[int, dict[str, Any]] = {}
    for row in rows:
        year = row.get("year")
        if year is None:
            continue
        read.places.setdefault(("calendar", str(year)), (row.sheet, row.number))
        known = years.setdefault(year, {"days_off": [], "make_up_days": [], "source": "", "whole": True})
        known["source"] = known["source"] or row.get("source", "")
        known["whole"] &= row.whole and _day(row, year, known, read)
    for year, known in years.items():
        if known.pop("whole"):
            read.records.append(
                CalendarYear(
                    year=year, days_off=tuple(sorted(known["days_off"])),
                    make_up_days=tuple(sorted(known["make_up_days"])), source=known["source"],
                )
            )  # fmt: skip
        else:
            read.broken.add(str(year))


def _day(row: Row, year: int, known: dict[str, Any], read: FileRead) -> bool:
    """Whether the row's day joined its list; a year may also stand alone, without days."""
    day, kind = row.get("day"), row.get("type")
    if day is None and kind is None:
        return True
    for column in ("day", "type"):
        if row.get(column) is None:
            read.faults.add(row.sheet, row.number, row.heads.get(column, column), "required")
            return False
    if day.year != year:
        read.faults.add(row.sheet, row.number, row.heads.get("day", "day"), "year_differs", value=day, year=year)
        return False
    if not _first(row, "day", ("calendar", str(year), f"days.{day}"), read, str(day)):
        return False
    # A fault of the record's content is shown at the row of its day.
    known[DAY_LISTS[kind]].append(day)
    return True


# --- rows out of records -----------------------------------------------------------------------------------------


def rows_of(sheet: layout.Sheet, records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """The rows by which the sheet says these records; those of other kinds are passed over."""
    maker = ROW_MAKERS.get(sheet.name)
    for record in records:
        if maker is not None and isinstance(record, maker[0]):
            yield from maker[1](record)
        elif sheet.name in PARTS and isinstance(record, Item):
            for part in getattr(record, sheet.name):
                yield {"item_code": record.item_code, **msgspec.structs.asdict(part)}


def _item_row(item: Any) -> Iterator[dict[str, Any]]:
    values = msgspec.structs.asdict(item)
    for name in ("legal_limit", "promised_limit"):
        limit: Limit = values[name]
        values |= {f"{name}.value": limit.value, f"{name}.unit": limit.unit, f"{name}.text": limit.text}
    values |= {"fee.kind": item.fee.kind, "fee.amount": item.fee.amount_fen, "fee.text": item.fee.text}
    if item.result is not None:
        values |= {"result.name": item.result.name, "result.kind": item.result.kind}
    yield values


def _plain_row(record: Any) -> Iterator[dict[str, Any]]:
    yield msgspec.structs.asdict(record)


def _calendar_rows(record: Any) -> Iterator[dict[str, Any]]:
    days = [(day, "off") for day in record.days_off] + [(day, "work") for day in record.make_up_days]
    if not days:
        yield {"year": record.year, "source": record.source}
    for day, kind in sorted(days):
        yield {"year": record.year, "day": day, "type": kind, "source": record.source}


ROW_MAKERS: dict[str, tuple[type, Callable[[Any], Iterator[dict[str, Any]]]]] = {
    "item": (Item, _item_row),
    "grant": (Grant, _plain_row),
    "department": (Department, _plain_row),
    "division": (Division, _plain_row),
    "calendar": (CalendarYear, _calendar_rows),
    "paper": (PaperTemplate, _plain_row),
}
