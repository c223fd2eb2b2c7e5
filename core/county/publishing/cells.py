"""One cell of a workbook, read into the value its column asks for, and written back. No Django here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.county.publishing.faults import FaultList
from core.county.publishing.layout import Column, Form
from core.county.publishing.words import Language

#: Excel keeps 15 digits of a number; a longer code that was stored as a number is no longer what was typed.
EXACT_DIGITS = 15
#: An empty list where an empty cell would mean the default.
NONE_WORDS = ("无", "none")
_DIVIDER = re.compile("[;\uff1b,\uff0c\u3001\n]")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EXCEL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


class Cell:
    """Where a value stands, and the list its faults go to."""

    def __init__(self, faults: FaultList, sheet: str, row: int, head: str) -> None:
        self.faults, self.sheet, self.row, self.head = faults, sheet, row, head
        self.failed = False

    def fault(self, message_code: str, **params: object) -> None:
        self.failed = True
        self.faults.add(self.sheet, self.row, self.head, message_code, **params)


def cell_read(cell: Cell, column: Column, raw: object) -> Any:
    """The value of the cell for this column; None where it is empty or faulty (then a fault was added)."""
    text = _text(cell, raw)
    if text is None:
        return None
    if text == "":
        if column.required:
            cell.fault("required")
        return None
    if len(text) > column.limit:
        cell.fault("too_long", length=len(text), limit=column.limit)
        return None
    return _READERS[column.form](cell, column, raw, text)


def _text(cell: Cell, raw: object) -> str | None:
    """The cell as text, without blanks around it; None where it cannot be what was typed."""
    if isinstance(raw, bool | int | float):
        return _number_text(cell, raw)
    if isinstance(raw, datetime):
        return raw.date().isoformat()
    text = "" if raw is None else str(raw).replace("\r\n", "\n").replace("\r", "\n").strip(" \t\u3000\xa0")
    if text in _EXCEL_ERRORS:
        cell.fault("cell_error", value=text)
        return None
    return text if text.strip() else ""


def _number_text(cell: Cell, raw: float) -> str | None:
    """A code that Excel keeps as a number, as it was typed: 430321000000, not 430321000000.0."""
    if not float(raw).is_integer():
        return repr(raw)
    if abs(raw) >= 10**EXACT_DIGITS:
        cell.fault("digits_lost")
        return None
    return str(int(raw))


def _number(cell: Cell, _column: Column, _raw: object, text: str) -> int | None:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text.strip()):
        cell.fault("not_a_number", value=text)
        return None
    value = int(text)
    if value < 0:
        cell.fault("negative", value=value)
        return None
    return value


def _date(cell: Cell, _column: Column, raw: object, text: str) -> date | None:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = _DATE.fullmatch(text.strip()) or _COMPACT_DATE.fullmatch(text.strip())
    try:
        year, month, day = (int(part) for part in found.groups()) if found else (0, 0, 0)
        return date(year, month, day)
    except ValueError:
        cell.fault("not_a_date", value=text)
        return None


def _fen(cell: Cell, _column: Column, _raw: object, text: str) -> int | None:
    try:
        fen = Decimal(text.strip()) * 100
    except InvalidOperation:
        fen = Decimal("NaN")
    if not fen.is_finite() or fen != fen.to_integral_value() or abs(fen) > 10**12:
        cell.fault("not_an_amount", value=text)
        return None
    if fen < 0:
        cell.fault("negative", value=text)
        return None
    return int(fen)


def _lines(_cell: Cell, _column: Column, _raw: object, text: str) -> tuple[str, ...]:
    if text.strip() in NONE_WORDS:
        return ()
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def _word(cell: Cell, column: Column, _raw: object, text: str) -> str | None:
    assert column.words is not None
    code = column.words.code(text.strip())
    if code is None:
        cell.fault("not_a_choice", value=text, choices="、".join(column.words.all(_language(cell.head, column))))
    return code


def _words(cell: Cell, column: Column, raw: object, text: str) -> tuple[str, ...] | None:
    if text.strip() in NONE_WORDS:
        return ()
    codes = [_word(cell, column, raw, part.strip()) for part in _DIVIDER.split(text) if part.strip()]
    return None if None in codes else tuple(code for code in codes if code is not None)


def _language(head: str, column: Column) -> Language:
    return "en" if head.strip().lower() == column.en.lower() else "zh"


def _codes(_cell: Cell, _column: Column, _raw: object, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _DIVIDER.split(text) if part.strip())


_READERS: dict[Form, Callable[[Cell, Column, object, str], Any]] = {
    "text": lambda _cell, _column, _raw, text: text,
    "number": _number,
    "date": _date,
    "yuan": _fen,
    "lines": _lines,
    "codes": _codes,
    "word": _word,
    "yes_no": _word,
    "words": _words,
}


def cell_written(column: Column, value: Any, language: Language) -> Any:
    """What goes into the cell so that `cell_read` gives `value` again: text, number, date or None."""
    if value is None or value == "":
        return None
    writer = _WRITERS.get(column.form)
    return value if writer is None else writer(column, value, language)


def _words_written(column: Column, value: Any, language: Language) -> str:
    assert column.words is not None
    words = [column.words.word(code, language) for code in value]
    return ";".join(words) if words else NONE_WORDS[0 if language == "zh" else 1]


def _word_written(column: Column, value: Any, language: Language) -> str:
    assert column.words is not None
    return column.words.word(str(value), language)


_WRITERS: dict[Form, Callable[[Column, Any, Language], Any]] = {
    "yuan": lambda _column, value, _language: float(Decimal(value) / 100) or None,
    "lines": lambda _column, value, _language: "\n".join(value),
    "codes": lambda _column, value, _language: ";".join(value),
    "yes_no": lambda column, value, language: _word_written(column, int(value), language),
    "word": _word_written,
    "words": _words_written,
}
