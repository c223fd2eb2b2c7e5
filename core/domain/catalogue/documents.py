"""The catalogue's records as frozen values: what a release carries, what a draft holds, what a case pins.

No Django here. JSON is the form people exchange (import, template, fixtures), MessagePack the form a
release travels in. Field names are those of the implementation list 实施清单 (GB/T 39046 and the national
platform's field tables), in the glossary's English.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Level = Literal["province", "city", "county", "town", "village"]
#: How a limit is counted. "immediate" means at the counter, in one act (即办).
LimitUnit = Literal["working_day", "calendar_day", "hour", "immediate"]
Power = Literal["accept", "review", "decide"]
#: direct 直接下放: the power moves; entrusted 委托下放: decides in the owner's name; front_loaded 服务前移: accepts.
Mode = Literal["direct", "entrusted", "front_loaded"]


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every catalogue value: frozen, keyword-only, unknown fields are an error when read from people."""


class Limit(Document, frozen=True, kw_only=True):
    """A time limit: `value` in `unit`, and the words as published."""

    value: int
    unit: LimitUnit
    text: str = ""


class Material(Document, frozen=True, kw_only=True):
    """One required document 申请材料 of an item. `code` is unique within the item (M01, M02, ...)."""

    code: str
    name: str
    necessity: Literal["required", "optional", "situation"] = "required"
    originals: int = 0
    copies: int = 0
    form: Literal["paper", "electronic", "either"] = "paper"
    source: Literal["applicant", "department", "third_party"] = "applicant"
    issuing_body: str = ""
    deferrable: bool = False
    pledgeable: bool = False
    certificate: str = ""
    situations: tuple[str, ...] = ()
    note: str = ""
    #: What the applicant signs in its place (告知承诺); "" for the general wording.
    pledge_text: str = ""


class Situation(Document, frozen=True, kw_only=True):
    """A variant 办理情形 of an item (first issue, renewal, loss); `code` is unique within the item (S1, S2, ...)."""

    code: str
    name: str
    note: str = ""


class Basis(Document, frozen=True, kw_only=True):
    title: str
    article: str = ""
    text: str = ""


class Stage(Document, frozen=True, kw_only=True):
    """A review stage 审查环节: stages run in order, the departments (USCC) within one run in parallel."""

    code: str
    name: str
    departments: tuple[str, ...]
    days: int = 0
    #: One act and one opinion of all its departments, the first of them leads: 联合踏勘, 联合审图, 联合验收.
    joint: Literal["", "site_inspection", "drawing_review", "final_acceptance"] = ""


class FormField(Document, frozen=True, kw_only=True):
    """One field of the item's own form; `rule` is a regular expression the whole value must match."""

    name: str
    label: str
    type: Literal["text", "textarea", "number", "date", "choice", "phone", "boolean"] = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    rule: str = ""
    help: str = ""


class Fee(Document, frozen=True, kw_only=True):
    kind: Literal["none", "amount", "standard"] = "none"
    amount_fen: int = 0
    text: str = ""


class Result(Document, frozen=True, kw_only=True):
    name: str
    kind: Literal["certificate", "approval", "registration", "payment", "document", "none"] = "document"


class Question(Document, frozen=True, kw_only=True):
    question: str
    answer: str


class Division(Document, frozen=True, kw_only=True, tag="division"):
    """A place 行政区划 by its 12-digit code (GB/T 2260 + town + village). Retired codes keep their dates."""

    code: str
    name: str
    parent: str
    level: Level
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.code


class Department(Document, frozen=True, kw_only=True, tag="department"):
    """An authority 实施主体 by its 18-character unified social credit code (GB 32100)."""

    uscc: str
    name: str
    division: str
    short_name: str = ""
    phone: str = ""
    address: str = ""

    @property
    def key(self) -> str:
        return self.uscc


class Item(Document, frozen=True, kw_only=True, tag="item"):
    """An implementation item 实施清单: how one department at one level carries a matter out."""

    item_code: str
    name: str
    department: str
    #: GB/T 39046: 01 licence .. 20 public service.
    item_type: str
    #: 1 nation, 2 province, 3 city, 4 county, 5 town, 6 village, 7 shared.
    exercise_level: str
    #: immediate 即办 or promised 承诺.
    kind: Literal["immediate", "promised"]
    legal_limit: Limit
    promised_limit: Limit
    materials: tuple[Material, ...]
    flow: tuple[Stage, ...]
    basic_code: str = ""
    local_code: str = ""
    category: str = ""
    aliases: tuple[str, ...] = ()
    #: Initials of the name's pinyin ("glbt"), filled when published so that nodes need no dictionary.
    pinyin: str = ""
    #: 1 person, 2 company, 3 institution, 4 association, 5 agency, 6 other.
    service_objects: tuple[str, ...] = ("1",)
    not_counted: str = ""
    #: Working days the applicant has to supply what a supplement notice lists; 0: what the county set for all.
    supplement_days: int = 0
    conditions: tuple[str, ...] = ()
    situations: tuple[Situation, ...] = ()
    basis: tuple[Basis, ...] = ()
    fee: Fee = Fee()
    visits: int = 1
    #: 1 window, 2 web, 3 mobile, 4 mail, 9 other.
    forms: tuple[str, ...] = ("1",)
    cross_region: str = ""
    result: Result | None = None
    faq: tuple[Question, ...] = ()
    fields: tuple[FormField, ...] = ()
    consultation: str = ""
    complaint: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    #: Raised by publishing whenever the content changes; a case pins it.
    version: int = 0

    @property
    def key(self) -> str:
        return self.item_code


class Grant(Document, frozen=True, kw_only=True, tag="grant"):
    """A devolution grant 下放: who besides the owner may accept, review or decide an item, where and until when.

    It covers a service point whose division stands in `divisions`, or whose level is `level` and whose
    division lies below `below`.
    """

    code: str
    item_code: str
    mode: Mode
    powers: tuple[Power, ...]
    divisions: tuple[str, ...] = ()
    level: Literal["town", "village", ""] = ""
    below: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    basis: str = ""

    @property
    def key(self) -> str:
        return self.code


class CalendarYear(Document, frozen=True, kw_only=True, tag="calendar"):
    """One year of the State Council's calendar: working days that are off, weekend days that are worked."""

    year: int
    days_off: tuple[date, ...]
    make_up_days: tuple[date, ...]
    source: str = ""

    @property
    def key(self) -> str:
        return str(self.year)


PaperKind = Literal[
    "receipt", "refusal", "supplement", "deferral", "pledge", "special_procedure", "extension", "termination",
    "decision_granted", "decision_denied", "delivery",
]  # fmt: skip


class PaperTemplate(Document, frozen=True, kw_only=True, tag="paper"):
    """The words of one kind of paper 文书, for one item or (with no item code) for all that have none of their own.

    `paragraphs` may hold placeholders in braces, of the closed list in core/domain/catalogue/papers.py.
    """

    paper: PaperKind
    item_code: str = ""
    title: str = ""
    paragraphs: tuple[str, ...] = ()
    basis: str = ""
    #: How to appeal (申请行政复议、提起行政诉讼), on a refusal or a denial.
    appeal: str = ""

    @property
    def key(self) -> str:
        return f"{self.paper}/{self.item_code}"


Record = Division | Department | Item | Grant | CalendarYear | PaperTemplate
RECORD_TYPES: dict[
    str, type[Division] | type[Department] | type[Item] | type[Grant] | type[CalendarYear] | type[PaperTemplate]
] = {
    "division": Division,
    "department": Department,
    "item": Item,
    "grant": Grant,
    "calendar": CalendarYear,
    "paper": PaperTemplate,
}


class RecordKey(msgspec.Struct, frozen=True, array_like=True):
    """What a delta takes out: the record's kind and key."""

    kind: str
    key: str


class ReleaseBody(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue release 目录版本, whole (`previous` is 0) or as the change from release `previous`.

    `state_sha256` is the SHA-256 of the whole catalogue after it is applied (see `catalogue_hash`), so that a
    delta that was applied to the wrong base shows itself.
    """

    number: int
    county: str
    made_at_ms: int
    previous: int
    state_sha256: bytes
    records: list[Record]
    removed: list[RecordKey] = []
    note: str = ""


def kind_of(record: Record) -> str:
    """The record's tag, as it stands in the wire form ("item", "grant", ...)."""
    tag = record.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def record_bytes(record: Record) -> bytes:
    """The record's canonical MessagePack form: the same bytes on every machine."""
    return msgspec.msgpack.encode(record, order="deterministic")
