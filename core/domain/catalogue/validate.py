"""Checks a whole catalogue before it is imported or published: every reference holds, every value makes sense.

`record_problems` takes the catalogue as it would be afterwards (what is there already and what is added), because
most faults lie between records. Pure: no database, no clock.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from stdnum.cn import uscc as uscc_number

from core.domain.catalogue.documents import (
    CalendarYear,
    Department,
    Division,
    FormField,
    Grant,
    Item,
    Limit,
    Material,
    PaperTemplate,
    Record,
    kind_of,
)
from core.domain.catalogue.papers import LICENCE, MAX_PARAGRAPHS, MAX_TEXT, placeholder_problems
from core.domain.catalogue.problems import Problem

__all__ = ["Problem", "has_errors", "record_problems"]

DIVISION_CODE = re.compile(r"[0-9]{12}")
USCC = re.compile(r"[0-9A-Z]{18}")
#: National form: USCC, exercise level, basic code.
ITEM_CODE = re.compile(r"[0-9A-Z]{18}[1-7][0-9]{12}")
BASIC_CODE = re.compile(r"[0-9]{12}")
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: GB/T 39046.
ITEM_TYPES = frozenset({"00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "20"})
EXERCISE_LEVELS = frozenset("1234567")
SERVICE_OBJECTS = frozenset("123456")
HANDLING_FORMS = frozenset("12349")
PARENT_LEVEL = {"city": "province", "county": "city", "town": "county", "village": "town"}
#: Digits of a division's code that its children share.
SHARED_DIGITS = {"province": 2, "city": 4, "county": 6, "town": 9}
#: Working days to at most so many days of the calendar: five in seven, and the longest holiday of the year on top.
LONGEST_HOLIDAY_DAYS = 10


#: The law's general limits of a licence, in working days: one department, several together (行政许可法 Art. 42).
GENERAL_LIMIT_DAYS = 20
JOINT_LIMIT_DAYS = 45
#: An applicant may be given up to a quarter of a year to supply what is missing, no more.
MOST_SUPPLEMENT_DAYS = 60


@dataclass(frozen=True, slots=True)
class _Index:
    divisions: dict[str, Division]
    departments: frozenset[str]
    items: frozenset[str]


def record_problems(records: Sequence[Record]) -> list[Problem]:
    """All faults of the catalogue `records`, in the order of the records; empty when it may be published as it is."""
    index = _Index(
        divisions={record.code: record for record in records if isinstance(record, Division)},
        departments=frozenset(record.uscc for record in records if isinstance(record, Department)),
        items=frozenset(record.item_code for record in records if isinstance(record, Item)),
    )
    problems = list(_duplicates(records))
    for record in records:
        problems.extend(_check(record, index))
    return problems


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether one of the problems keeps the catalogue from being published."""
    return any(problem.severity == "error" for problem in problems)


def _check(record: Record, index: _Index) -> Iterator[Problem]:
    match record:
        case Division():
            yield from _division(record, index)
        case Department():
            yield from _department(record, index)
        case Item():
            yield from _item(record, index)
        case Grant():
            yield from _grant(record, index)
        case CalendarYear():
            yield from _calendar(record)
        case PaperTemplate():
            yield from _paper(record, index)


def _problem(record: Record, field: str, message_code: str, **params: object) -> Problem:
    values = {name: str(value) for name, value in params.items()}
    return Problem(kind=kind_of(record), key=record.key, field=field, message_code=message_code, params=values)


def _duplicates(records: Sequence[Record]) -> Iterator[Problem]:
    seen = Counter((kind_of(record), record.key) for record in records)
    for (kind, key), times in seen.items():
        if times > 1:
            yield Problem(kind=kind, key=key, field="key", message_code="duplicate_key", params={"code": key})


def _name(record: Division | Department | Item) -> Iterator[Problem]:
    if not record.name.strip():
        yield _problem(record, "name", "name_missing")


def _dates(record: Division | Item | Grant) -> Iterator[Problem]:
    start, end = record.valid_from, record.valid_to
    if start is not None and end is not None and start > end:
        yield _problem(record, "valid_to", "dates_reversed", valid_from=start, valid_to=end)


# --- divisions and departments ---------------------------------------------------------------------------------


def _division(record: Division, index: _Index) -> Iterator[Problem]:
    yield from _name(record)
    yield from _dates(record)
    if not DIVISION_CODE.fullmatch(record.code):
        yield _problem(record, "code", "division_code", code=record.code)
    yield from _division_parent(record, index)
    for successor in record.successors:
        if successor not in index.divisions:
            yield _problem(record, "successors", "successor_unknown", code=successor)


def _division_parent(record: Division, index: _Index) -> Iterator[Problem]:
    if record.level == "province" and not record.parent:
        return
    parent = index.divisions.get(record.parent)
    if parent is None:
        yield _problem(record, "parent", "division_unknown", code=record.parent)
    elif PARENT_LEVEL.get(record.level) != parent.level:
        yield _problem(record, "parent", "division_level", level=record.level, parent_level=parent.level)
    elif not record.code.startswith(parent.code[: SHARED_DIGITS[parent.level]]):
        yield _problem(record, "code", "division_prefix", code=record.code, parent=parent.code)


def _department(record: Department, index: _Index) -> Iterator[Problem]:
    yield from _name(record)
    if not USCC.fullmatch(record.uscc):
        yield _problem(record, "uscc", "uscc_form", code=record.uscc)
    elif not uscc_number.is_valid(record.uscc):
        yield _problem(record, "uscc", "uscc_check", code=record.uscc)
    if record.division not in index.divisions:
        yield _problem(record, "division", "division_unknown", code=record.division)


# --- items -----------------------------------------------------------------------------------------------------


def _item(record: Item, index: _Index) -> Iterator[Problem]:
    yield from _name(record)
    yield from _dates(record)
    yield from _item_codes(record)
    if record.department not in index.departments:
        yield _problem(record, "department", "department_unknown", code=record.department)
    yield from _limits(record)
    yield from _flow(record, index)
    yield from _materials(record)
    yield from _fields(record)
    yield from _repeated(record, "situations", [situation.code for situation in record.situations])
    if record.fee.kind == "amount" and record.fee.amount_fen <= 0:
        yield _problem(record, "fee", "fee_amount", amount=record.fee.amount_fen)
    if not 0 <= record.supplement_days <= MOST_SUPPLEMENT_DAYS:
        most = MOST_SUPPLEMENT_DAYS
        yield _problem(record, "supplement_days", "supplement_days", days=record.supplement_days, most=most)


def _item_codes(record: Item) -> Iterator[Problem]:
    if not record.item_code.strip():
        yield _problem(record, "item_code", "item_code_missing")
    elif not ITEM_CODE.fullmatch(record.item_code):
        yield _problem(record, "item_code", "item_code_form", code=record.item_code)
    else:
        yield from _national_code(record)
    if record.basic_code and not BASIC_CODE.fullmatch(record.basic_code):
        yield _problem(record, "basic_code", "basic_code_form", code=record.basic_code)
    if record.item_type not in ITEM_TYPES:
        yield _problem(record, "item_type", "item_type", code=record.item_type)
    if record.exercise_level not in EXERCISE_LEVELS:
        yield _problem(record, "exercise_level", "exercise_level", code=record.exercise_level)
    for service_object in record.service_objects:
        if service_object not in SERVICE_OBJECTS:
            yield _problem(record, "service_objects", "service_object", code=service_object)
    for form in record.forms:
        if form not in HANDLING_FORMS:
            yield _problem(record, "forms", "handling_form", code=form)


def _national_code(record: Item) -> Iterator[Problem]:
    owner, basic = record.item_code[:18], record.item_code[19:]
    if owner != record.department:
        yield _problem(record, "item_code", "item_code_department", found=owner, expected=record.department)
    if record.basic_code and basic != record.basic_code:
        yield _problem(record, "basic_code", "basic_code_differs", found=basic, expected=record.basic_code)


def _limits(record: Item) -> Iterator[Problem]:
    for field, limit in (("legal_limit", record.legal_limit), ("promised_limit", record.promised_limit)):
        wanted = limit.value == 0 if limit.unit == "immediate" else limit.value > 0
        if not wanted:
            yield _problem(record, field, "limit_value", unit=limit.unit, value=limit.value)
    if _certainly_longer(record.promised_limit, record.legal_limit):
        promised, legal = _words(record.promised_limit), _words(record.legal_limit)
        yield _problem(record, "promised_limit", "limit_longer", promised=promised, legal=legal)
    yield from _general_limit(record)
    immediate = record.promised_limit.unit == "immediate"
    if record.kind == "promised" and immediate:
        yield _problem(record, "promised_limit", "limit_kind")
    if record.kind == "immediate" and not immediate:
        yield _problem(record, "promised_limit", "immediate_limit", promised=_words(record.promised_limit))


def _general_limit(record: Item) -> Iterator[Problem]:
    """Only licences have a general limit; another law may give a longer one, so this is no error."""
    if record.item_type != LICENCE:
        return
    together = any(len(stage.departments) > 1 for stage in record.flow)
    days = JOINT_LIMIT_DAYS if together else GENERAL_LIMIT_DAYS
    if _certainly_longer(record.legal_limit, Limit(value=days, unit="working_day")):
        yield _problem(record, "legal_limit", "legal_limit_general", legal=_words(record.legal_limit), general=days)


def _words(limit: Limit) -> str:
    if limit.text:
        return limit.text
    return limit.unit if limit.unit == "immediate" else f"{limit.value} {limit.unit}"


def _certainly_longer(promised: Limit, legal: Limit) -> bool:
    """Whether no calendar could make `promised` end before `legal`; units differ, so bounds are compared."""
    if promised.unit == legal.unit:
        return promised.value > legal.value
    return _hours(promised)[0] > _hours(legal)[1]


def _hours(limit: Limit) -> tuple[float, float]:
    """The least and the most hours a limit can last."""
    match limit.unit:
        case "immediate":
            return 0, 0
        case "hour":
            return limit.value, limit.value
        case "calendar_day":
            return limit.value * 24, limit.value * 24
        case "working_day":
            return limit.value * 24, (limit.value * 7 / 5 + LONGEST_HOLIDAY_DAYS) * 24


def _flow(record: Item, index: _Index) -> Iterator[Problem]:
    if not record.flow:
        yield _problem(record, "flow", "flow_empty")
    yield from _repeated(record, "flow", [stage.code for stage in record.flow])
    for stage in record.flow:
        if not stage.departments:
            yield _problem(record, f"flow.{stage.code}", "stage_empty", stage=stage.name)
        if stage.joint and len(set(stage.departments)) < 2:
            yield _problem(record, f"flow.{stage.code}", "joint_alone", stage=stage.name)
        for department in stage.departments:
            if department not in index.departments:
                yield _problem(record, f"flow.{stage.code}", "department_unknown", code=department)
    if record.kind == "immediate" and len(record.flow) > 1:
        yield _problem(record, "flow", "immediate_stages", count=len(record.flow))
    days = sum(stage.days for stage in record.flow)
    if record.promised_limit.unit == "working_day" and days > record.promised_limit.value:
        yield _problem(record, "flow", "stages_longer", days=days, promised=_words(record.promised_limit))


def _materials(record: Item) -> Iterator[Problem]:
    if not record.materials:
        yield _problem(record, "materials", "materials_empty")
    yield from _repeated(record, "materials", [material.code for material in record.materials])
    known = {situation.code for situation in record.situations}
    for material in record.materials:
        yield from _material(record, material, known)


def _material(record: Item, material: Material, known: set[str]) -> Iterator[Problem]:
    place = f"materials.{material.code}"
    for situation in material.situations:
        if situation not in known:
            yield _problem(record, place, "situation_unknown", material=material.name, situation=situation)
    if material.necessity == "situation" and not material.situations:
        yield _problem(record, place, "situation_missing", material=material.name)
    if material.originals < 0 or material.copies < 0:
        yield _problem(record, place, "counts_negative", material=material.name)
    if material.pledge_text.strip() and not material.pledgeable:
        yield _problem(record, place, "pledge_text_unused", material=material.name)


def _fields(record: Item) -> Iterator[Problem]:
    yield from _repeated(record, "fields", [field.name for field in record.fields])
    for field in record.fields:
        yield from _field(record, field)


def _field(record: Item, field: FormField) -> Iterator[Problem]:
    place = f"fields.{field.name}"
    if not FIELD_NAME.fullmatch(field.name):
        yield _problem(record, place, "field_name", name=field.name)
    if field.type == "choice" and not field.choices:
        yield _problem(record, place, "choices_missing", name=field.label)
    try:
        re.compile(field.rule)
    except re.error as error:
        yield _problem(record, place, "rule_invalid", name=field.label, reason=error)


def _repeated(record: Item, field: str, codes: list[str]) -> Iterator[Problem]:
    for code, times in Counter(codes).items():
        if times > 1:
            yield _problem(record, f"{field}.{code}", "duplicate_part", code=code)


# --- grants, calendars, papers ----------------------------------------------------------------------------------


def _grant(record: Grant, index: _Index) -> Iterator[Problem]:
    yield from _dates(record)
    if record.item_code not in index.items:
        yield _problem(record, "item_code", "item_unknown", code=record.item_code)
    yield from _powers(record)
    if not record.divisions and not (record.level and record.below):
        yield _problem(record, "divisions", "scope_empty")
    for code in record.divisions:
        if code not in index.divisions:
            yield _problem(record, "divisions", "division_unknown", code=code)
    if record.below and record.below not in index.divisions:
        yield _problem(record, "below", "division_unknown", code=record.below)


def _powers(record: Grant) -> Iterator[Problem]:
    if not record.powers:
        yield _problem(record, "powers", "powers_empty")
    if "decide" in record.powers:
        if record.mode == "front_loaded":
            yield _problem(record, "powers", "front_loaded_decides")
        if "accept" not in record.powers:
            yield _problem(record, "powers", "decide_without_accept")


def _calendar(record: CalendarYear) -> Iterator[Problem]:
    yield from _outside(record, "days_off", record.days_off)
    yield from _outside(record, "make_up_days", record.make_up_days)
    for day in record.days_off:
        if day.isoweekday() > 5:
            yield _problem(record, "days_off", "day_off_weekend", day=day)
    for day in record.make_up_days:
        if day.isoweekday() <= 5:
            yield _problem(record, "make_up_days", "make_up_weekday", day=day)


def _outside(record: CalendarYear, field: str, days: Iterable[date]) -> Iterator[Problem]:
    for day in days:
        if day.year != record.year:
            yield _problem(record, field, "calendar_year", day=day, year=record.year)


def _paper(record: PaperTemplate, index: _Index) -> Iterator[Problem]:
    if record.item_code and record.item_code not in index.items:
        yield _problem(record, "item_code", "item_unknown", code=record.item_code)
    if not record.title.strip():
        yield _problem(record, "title", "title_missing")
    # The delivery record is a table of facts; it needs no words.
    if not record.paragraphs and record.paper != "delivery":
        yield _problem(record, "paragraphs", "paragraphs_missing")
    if not record.basis.strip() and any("{basis}" in text for text in record.paragraphs):
        yield _problem(record, "basis", "basis_missing", piece="{basis}")
    if len(record.paragraphs) > MAX_PARAGRAPHS:
        yield _problem(record, "paragraphs", "paragraphs_many", count=len(record.paragraphs), most=MAX_PARAGRAPHS)
    for field in ("title", "paragraphs", "basis", "appeal"):
        value = getattr(record, field)
        for piece in placeholder_problems(msgspec.convert({"paper": record.paper, field: value}, PaperTemplate)):
            yield _problem(record, field, "placeholder_unknown", piece=piece)
        longest = max(map(len, [value] if isinstance(value, str) else value), default=0)
        if longest > MAX_TEXT:
            yield _problem(record, field, "text_long", length=longest, most=MAX_TEXT)
