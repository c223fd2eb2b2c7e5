"""What is wrong with a file somebody wants to import: where it stands, and in which words it is said. No Django here.

Messages are marked for the gettext catalogue by name only, like those of core.domain.catalogue.problems.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from core.domain.catalogue.documents import Record
from core.domain.catalogue.problems import Problem

#: More faults than this are not collected: by then the file as a whole is the wrong one.
MAX_FAULTS = 1000


def gettext_noop(message: str) -> str:
    """The message itself; the name is what makemessages looks for."""
    return message


MESSAGES: dict[str, str] = {
    "required": gettext_noop("This cell must not be empty."),
    "not_a_number": gettext_noop("“{value}” is not a whole number."),
    "not_an_amount": gettext_noop("“{value}” is not an amount in yuan, such as 20 or 20.50."),
    "negative": gettext_noop("{value} is less than 0."),
    "not_a_date": gettext_noop("“{value}” is not a date. Write it like 2026-01-31."),
    "not_a_choice": gettext_noop("“{value}” is not one of: {choices}."),
    "digits_lost": gettext_noop(
        "Excel kept this long code as a number and lost its last digits. Format the column as text and enter it again."
    ),
    "cell_error": gettext_noop("The cell shows the error {value} instead of a value."),
    "too_long": gettext_noop("The text has {length} characters; {limit} are allowed."),
    "duplicate_row": gettext_noop("{value} stands already in row {first}."),
    "item_not_here": gettext_noop("The item {value} is not on the sheet of items."),
    "year_differs": gettext_noop("{value} does not lie in the year {year}."),
    "column_missing": gettext_noop("The sheet has no column of this name."),
    "column_unknown": gettext_noop("“{value}” is not a column of this sheet."),
    "column_twice": gettext_noop("The column “{value}” stands twice on this sheet."),
    "sheet_unknown": gettext_noop("There is no sheet of this name in the template: {choices}."),
    "rows_too_many": gettext_noop("The sheet has more than {limit} rows."),
    "nothing": gettext_noop("The file holds no record."),
    "not_a_workbook": gettext_noop("The file is not an Excel workbook (.xlsx), or it is damaged."),
    "file_too_large": gettext_noop("The file is {size} MB in size; {limit} MB are allowed."),
    "unpacked_too_large": gettext_noop("Unpacked, the file is {size} MB in size; {limit} MB are allowed."),
    "workbook_hostile": gettext_noop("The file holds parts that no Excel workbook needs; it was not opened."),
    "not_json": gettext_noop("The file is not JSON: {reason}"),
    "not_utf8": gettext_noop("The file is not in UTF-8. Save it again as UTF-8."),
    "not_a_list": gettext_noop("The file must hold a list of records."),
    "record_broken": gettext_noop("The record cannot be read: {reason}"),
    "field_count": gettext_noop("The row has {found} fields, the head has {expected}."),
    "division_code": gettext_noop("The division code {value} is not 12 digits."),
    "faults_cut": gettext_noop("There are more faults; the first {limit} are shown."),
}


@dataclasses.dataclass(frozen=True, slots=True)
class RowFault:
    """One fault of a file: `sheet` and `column` as the file names them, `row` as Excel counts (0: the whole sheet)."""

    sheet: str
    row: int
    column: str
    message_code: str
    params: dict[str, str] = dataclasses.field(default_factory=dict)
    #: The fault lies in what the records say, not in how the file is written.
    problem: Problem | None = None

    def text(self, translate: Callable[[str], str] = gettext_noop) -> str:
        """The message in the language of `translate`, with the fault's own values put in."""
        if self.problem is not None:
            return self.problem.text(translate)
        return translate(MESSAGES[self.message_code]).format(**self.params)

    @property
    def place(self) -> str:
        """Sheet, row and column, as far as they are known, divided by blanks."""
        return " ".join(part for part in (self.sheet, str(self.row) if self.row else "", self.column) if part)


class ImportRefused(Exception):
    """The file has faults, all of them in `faults`; nothing was written."""

    def __init__(self, faults: list[RowFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class FaultList(list[RowFault]):
    """Faults as they are found, at most MAX_FAULTS; the last one then says that there are more."""

    def add(self, sheet: str, row: int, column: str, message_code: str, **params: object) -> None:
        """One more fault; beyond MAX_FAULTS it is dropped."""
        if len(self) < MAX_FAULTS:
            values = {name: str(value) for name, value in params.items()}
            self.append(RowFault(sheet, row, column, message_code, values))
        elif len(self) == MAX_FAULTS:
            self.append(RowFault("", 0, "", "faults_cut", {"limit": str(MAX_FAULTS)}))

    def problem(self, sheet: str, row: int, column: str, problem: Problem) -> None:
        """One more fault, of the records' content."""
        if len(self) < MAX_FAULTS:
            self.append(RowFault(sheet, row, column, problem.message_code, dict(problem.params), problem))
        elif len(self) == MAX_FAULTS:
            self.append(RowFault("", 0, "", "faults_cut", {"limit": str(MAX_FAULTS)}))


@dataclasses.dataclass
class FileRead:
    """What a file holds: `records` in the order of the sheets, and where each and each of its parts stands.

    `places` maps (kind, key) and (kind, key, "materials.M02") to (sheet title, row). `broken`
    are keys of records that are in the file but could not be read, so that nobody is told they are missing.
    """

    records: list[Record] = dataclasses.field(default_factory=list)
    places: dict[tuple[str, ...], tuple[str, int]] = dataclasses.field(default_factory=dict)
    broken: set[str] = dataclasses.field(default_factory=set)
    faults: FaultList = dataclasses.field(default_factory=FaultList)

    def join(self, other: FileRead, name: str = "") -> None:
        """This holds what another file holds, too; `name` then says which file a fault stands in."""
        for place, (sheet, row) in other.places.items():
            if place in self.places and len(place) == 2:
                first = " ".join(str(part) for part in self.places[place] if part)
                other.faults.add(sheet, row, "", "duplicate_row", value=place[1], first=first)
        self.records += other.records
        self.broken |= other.broken
        self.places |= other.places
        self.faults += [dataclasses.replace(one, sheet=f"{name} {one.sheet}".strip()) for one in other.faults]
