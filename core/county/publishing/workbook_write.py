"""Writing records as a workbook, and the empty one people fill in. No Django here.

The texts of the guide come through `translate`; titles, heads and words are the file format's own (layout, words).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from core.county.publishing.assemble import rows_of
from core.county.publishing.cells import cell_written
from core.county.publishing.faults import gettext_noop
from core.county.publishing.layout import GUIDE, SHEETS, WORD_LISTS, Column, Sheet
from core.county.publishing.words import Language
from core.domain.catalogue.documents import Record

#: Rows of an empty sheet for which the lists to choose from are ready.
VALIDATED_ROWS = 20_000
#: Excel's limit for the text that shows beside a cell.
PROMPT_CHARACTERS = 255
GUIDE_HEADS = (
    gettext_noop("Sheet"),
    gettext_noop("Column"),
    gettext_noop("Must be filled in"),
    gettext_noop("Choices"),
    gettext_noop("What goes there"),
    gettext_noop("Example"),
)
RULES = (
    gettext_noop("Each sheet holds one kind of record. Sheets you do not need may stay empty."),
    gettext_noop(
        "Materials, situations, stages, form fields, legal basis and questions belong to items: give the item's code."
    ),
    gettext_noop("A record whose code is known replaces the one in the draft, with all its parts; others are added."),
    gettext_noop(
        "Nothing is imported as long as one row has a fault; all faults are shown at once, by row and column."
    ),
)
HEAD_FILL = PatternFill("solid", fgColor="E6F0FA")
REQUIRED_FILL = PatternFill("solid", fgColor="CFE2FF")
Translate = Callable[[str], str]


def workbook_write(
    records: Sequence[Record], *, language: Language = "zh", translate: Translate = gettext_noop
) -> bytes:
    """The records as a workbook that `workbook_read` reads back into the same ones."""
    book = Workbook(write_only=True)
    _guide(book, language, translate)
    lists = _word_lists(book, language)
    for sheet in SHEETS:
        _sheet(book, sheet, records, language, translate, lists)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def template_write(*, language: Language = "zh", translate: Translate = gettext_noop) -> bytes:
    """The empty workbook: guide with explanations and examples, lists to choose from, a hint at every column."""
    return workbook_write([], language=language, translate=translate)


def _guide(book: Workbook, language: Language, translate: Translate) -> None:
    page = book.create_sheet(GUIDE[0 if language == "zh" else 1])
    for index, width in enumerate((14, 20, 12, 40, 60, 40), start=1):
        page.column_dimensions[get_column_letter(index)].width = width
    for rule in RULES:
        page.append([_text_cell(page, translate(rule))])
    page.append([])
    page.append([_text_cell(page, translate(head), fill=HEAD_FILL) for head in GUIDE_HEADS])
    for sheet in SHEETS:
        for column in sheet.columns:
            choices = "、".join(column.words.all(language)) if column.words else ""
            texts = (
                sheet.title(language), column.head(language), "✓" if column.required else "", choices,
                translate(column.help) if column.help else "", column.example,
            )  # fmt: skip
            page.append([_text_cell(page, text) for text in texts])


def _word_lists(book: Workbook, language: Language) -> dict[str, str]:
    """The ranges of the vocabularies on a hidden sheet, by the column's head: lists in Excel need a place to stand."""
    page = book.create_sheet(WORD_LISTS)
    page.sheet_state = "hidden"
    ranges: dict[str, str] = {}
    columns = [(sheet, column) for sheet in SHEETS for column in sheet.columns if column.form in ("word", "yes_no")]
    lists = [column.words.all(language) if column.words else [] for _, column in columns]
    for index, ((sheet, column), words) in enumerate(zip(columns, lists, strict=True), start=1):
        letter = get_column_letter(index)
        ranges[f"{sheet.name}.{column.name}"] = f"{WORD_LISTS}!${letter}$1:${letter}${len(words)}"
    for row in range(max(len(words) for words in lists)):
        page.append([words[row] if row < len(words) else None for words in lists])
    return ranges


def _sheet(
    book: Workbook,
    sheet: Sheet,
    records: Iterable[Record],
    language: Language,
    translate: Translate,
    lists: dict[str, str],
) -> None:
    page = book.create_sheet(sheet.title(language))
    page.freeze_panes = "A2"
    for index, column in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(index)].width = 34 if column.limit > 80 else 20
        page.data_validations.append(_validation(sheet, column, index, language, translate, lists))
    page.append(
        [_text_cell(page, _head(column, language), fill=REQUIRED_FILL if column.required else HEAD_FILL)
         for column in sheet.columns]
    )  # fmt: skip
    for row in rows_of(sheet, records):
        page.append([_cell(page, column, row.get(column.name), language) for column in sheet.columns])


def _head(column: Column, language: Language) -> str:
    return column.head(language) + (" *" if column.required else "")


def _validation(
    sheet: Sheet, column: Column, index: int, language: Language, translate: Translate, lists: dict[str, str]
) -> DataValidation:
    """The list to choose from, where there is one, and the hint that shows when a cell of the column is entered."""
    words = lists.get(f"{sheet.name}.{column.name}")
    is_open = column.words is not None and column.words.open
    rule = DataValidation(
        type="list" if words else None, formula1=words, allow_blank=True, showErrorMessage=not is_open
    )
    hint = " ".join(part for part in (translate(column.help) if column.help else "", column.example) if part)
    if hint:
        rule.promptTitle, rule.prompt = column.head(language)[:32], hint[:PROMPT_CHARACTERS]
        rule.showInputMessage = True
    letter = get_column_letter(index)
    rule.add(f"{letter}2:{letter}{VALIDATED_ROWS}")
    return rule


def _cell(page: Any, column: Column, value: Any, language: Language) -> Any:
    written = cell_written(column, value, language)
    if isinstance(written, str):
        return _text_cell(page, written, is_text=True)
    cell = WriteOnlyCell(page, value=written)
    if column.form == "date":
        cell.number_format = "yyyy-mm-dd"
    return cell


def _text_cell(page: Any, text: str, *, fill: PatternFill | None = None, is_text: bool = False) -> Any:
    cell = WriteOnlyCell(page, value=ILLEGAL_CHARACTERS_RE.sub("", text))
    # Never a formula: what begins with = came from a person's keyboard, and would run in the reader's Excel.
    cell.data_type = "s"
    if fill is not None:
        cell.fill, cell.font = fill, Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    elif is_text:
        cell.number_format = "@"
    return cell
