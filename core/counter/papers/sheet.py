"""A paper as a value: everything that is printed on it, in words, before any page is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.domain.catalogue.documents import PaperKind

#: The papers of a case by the name in their address; "decision" is granted or denied.
ALL: Final = (
    "receipt", "refusal", "supplement", "deferral", "pledge", "special_procedure", "extension", "termination",
    "decision", "delivery",
)  # fmt: skip
#: The applicant's own words to the authority, which puts no seal on them.
BY_APPLICANT: Final = frozenset({"deferral", "pledge"})
#: GB/T 9704-2012, 5.2.1: 28 characters of size 3 in a line; of its 22 lines title, number, seal and foot take the rest.
LINE: Final = 28
FULL_SIZE_LINES: Final = 11
#: Kinds short enough for the 80 mm roll of a receipt printer.
ON_ROLL: Final = frozenset({"receipt", "supplement", "deferral", "special_procedure", "extension", "delivery"})


@dataclass(frozen=True)
class Line:
    """One line of a numbered list, with what is said to it ("by 21 November")."""

    name: str
    note: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Numbered:
    """A numbered list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Fact:
    """A row of the table of facts."""

    label: str
    value: str


@dataclass(frozen=True)
class Paper:
    """A paper, ready to print. `kind` is its template's, `name` its name in the address.

    `office` is the authority in whose name it is issued; `through` the service point that carries the matter out for it
    ("" where the authority issues it itself). `dated` is the 成文日期: the day of the act, not of the printing.
    """

    kind: PaperKind
    name: str
    office: str
    through: str
    title: str
    document_number: str
    case_number: str
    addressee: str
    blocks: tuple[Text | Numbered, ...]
    facts: tuple[Fact, ...]
    appeal: str
    dated: date
    signatures: tuple[str, ...]
    enquiries: str

    @property
    def issued(self) -> bool:
        """Whether the authority speaks; else the applicant speaks to it."""
        return self.name not in BY_APPLICANT

    @property
    def sealed(self) -> bool:
        """Whether it carries the authority's seal over its date."""
        return self.issued and self.name != "delivery"

    @property
    def dense(self) -> bool:
        """Whether it needs the smaller of the two sizes to stay on one sheet: by lines of 28 characters."""
        texts = [self.appeal, *(block.text for block in self.blocks if isinstance(block, Text))]
        texts += [line.name + line.note for block in self.blocks if isinstance(block, Numbered) for line in block.lines]
        return sum(-(-len(text) // LINE) for text in texts) > FULL_SIZE_LINES

    @property
    def on_roll(self) -> bool:
        return self.name in ON_ROLL

    @property
    def day(self) -> str:
        """The 成文日期 as GB/T 9704-2012, 7.3.5.4 has it: digits, no leading zeros, in any language of the page."""
        return day_official(self.dated)


def day_official(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
