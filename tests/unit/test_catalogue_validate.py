"""Every kind of fault a catalogue can have is found, named by record and place, and graded."""

from __future__ import annotations

import string
from datetime import date
from typing import Any

import msgspec
import pytest

from core.domain.cases import deadlines
from core.domain.catalogue import validate
from core.domain.catalogue.documents import (
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
    Record,
    Situation,
    Stage,
)
from core.domain.catalogue.problems import ERRORS, WARNINGS, Problem
from core.domain.catalogue.validate import has_errors, record_problems

OWNER = "11430321DEM0000140"
OTHER = "11430321DEM000022T"
ITEM_CODE = OWNER + "4" + "430511001001"

PROVINCE = Division(code="430000000000", name="湖南省", parent="", level="province")
CITY = Division(code="430300000000", name="湘潭市", parent="430000000000", level="city")
COUNTY = Division(code="430321000000", name="湘潭县", parent="430300000000", level="county")
TOWN = Division(code="430321100000", name="易俗河镇", parent="430321000000", level="town")
DEPARTMENT = Department(uscc=OWNER, name="湘潭县民政局", division="430321000000")
ITEM = Item(
    item_code=ITEM_CODE,
    name="高龄津贴",
    department=OWNER,
    item_type="05",
    exercise_level="4",
    kind="promised",
    legal_limit=Limit(value=30, unit="working_day"),
    promised_limit=Limit(value=22, unit="working_day"),
    materials=(Material(code="M01", name="身份证", copies=1),),
    flow=(Stage(code="R1", name="审核", departments=(OWNER,), days=5),),
    basic_code="430511001001",
    situations=(Situation(code="S1", name="首次申领"),),
)
GRANT = Grant(
    code="G1", item_code=ITEM_CODE, mode="direct", powers=("accept", "decide"), level="town", below="430321000000"
)
CALENDAR = CalendarYear(year=2026, days_off=(date(2026, 1, 1),), make_up_days=(date(2026, 1, 4),))
PAPER = PaperTemplate(paper="refusal", item_code=ITEM_CODE, title="不予受理决定书", paragraphs=("{reason}",))
SOUND: list[Record] = [PROVINCE, CITY, COUNTY, TOWN, DEPARTMENT, ITEM, GRANT, CALENDAR, PAPER]
IMMEDIATE = Limit(value=0, unit="immediate")


def problems_with(changed: Record, **changes: Any) -> list[Problem]:
    """The problems of the sound catalogue after `changes` to one of its records."""
    altered = msgspec.structs.replace(changed, **changes)
    return record_problems([altered if record is changed else record for record in SOUND])


def found(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return [(problem.severity, problem.field, problem.message_code) for problem in problems]


def test_sound_catalogue_has_no_problem() -> None:
    assert record_problems(SOUND) == []


DIVISION_FAULTS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"name": " "}, [("error", "name", "name_missing")]),
    ({"parent": "430399000000"}, [("error", "parent", "division_unknown")]),
    ({"parent": "430300000000"}, [("error", "parent", "division_level")]),
    ({"code": "430381100000"}, [("warning", "code", "division_prefix")]),
    ({"code": "43032110"}, [("error", "code", "division_code")]),
    (
        {"code": "４３０３２１１０００００"},
        [("error", "code", "division_code"), ("warning", "code", "division_prefix")],
    ),
    ({"successors": ("430321199000",)}, [("warning", "successors", "successor_unknown")]),
    ({"valid_from": date(2024, 2, 1), "valid_to": date(2024, 1, 31)}, [("error", "valid_to", "dates_reversed")]),
]


@pytest.mark.parametrize(("changes", "expected"), DIVISION_FAULTS)
def test_faulty_division_is_named(changes: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(problems_with(TOWN, **changes)) == expected


def test_division_valid_for_one_day_is_sound() -> None:
    assert problems_with(TOWN, valid_from=date(2024, 2, 1), valid_to=date(2024, 2, 1)) == []


def test_department_with_a_wrong_check_character_is_a_warning() -> None:
    wrong = OWNER[:-1] + "1"
    problems = record_problems([PROVINCE, CITY, COUNTY, Department(uscc=wrong, name="局", division="430321000000")])
    assert found(problems) == [("warning", "uscc", "uscc_check")]


def test_department_without_a_credit_code_or_a_place_is_an_error() -> None:
    problems = record_problems([Department(uscc="民政局", name="局", division="430321000000")])
    assert found(problems) == [("error", "uscc", "uscc_form"), ("error", "division", "division_unknown")]


ITEM_FAULTS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"name": ""}, [("error", "name", "name_missing")]),
    ({"valid_from": date(2025, 1, 1), "valid_to": date(2024, 1, 1)}, [("error", "valid_to", "dates_reversed")]),
    ({"basic_code": "430511001002"}, [("warning", "basic_code", "basic_code_differs")]),
    (
        {"basic_code": "G-000007-001"},
        [("warning", "basic_code", "basic_code_differs"), ("warning", "basic_code", "basic_code_form")],
    ),
    ({"item_type": "21"}, [("warning", "item_type", "item_type")]),
    ({"exercise_level": "8"}, [("warning", "exercise_level", "exercise_level")]),
    ({"service_objects": ("1", "7")}, [("warning", "service_objects", "service_object")]),
    ({"forms": ("5",)}, [("warning", "forms", "handling_form")]),
    (
        {"legal_limit": Limit(value=0, unit="calendar_day")},
        [("error", "legal_limit", "limit_value"), ("error", "promised_limit", "limit_longer")],
    ),
    ({"promised_limit": Limit(value=31, unit="working_day")}, [("error", "promised_limit", "limit_longer")]),
    ({"promised_limit": IMMEDIATE}, [("error", "promised_limit", "limit_kind")]),
    ({"kind": "immediate"}, [("warning", "promised_limit", "immediate_limit")]),
    ({"flow": ()}, [("error", "flow", "flow_empty")]),
    ({"flow": (Stage(code="R1", name="审核", departments=()),)}, [("error", "flow.R1", "stage_empty")]),
    ({"flow": (Stage(code="R1", name="审核", departments=(OTHER,)),)}, [("error", "flow.R1", "department_unknown")]),
    ({"flow": (Stage(code="R1", name="审核", departments=(OWNER,), days=23),)}, [("warning", "flow", "stages_longer")]),
    ({"materials": ()}, [("warning", "materials", "materials_empty")]),
    ({"materials": (Material(code="M01", name="照片", copies=-1),)}, [("error", "materials.M01", "counts_negative")]),
    (
        {"materials": (Material(code="M01", name="照片", situations=("S1", "S2")),)},
        [("error", "materials.M01", "situation_unknown")],
    ),
    (
        {"materials": (Material(code="M01", name="照片", necessity="situation"),)},
        [("error", "materials.M01", "situation_missing")],
    ),
    ({"materials": (ITEM.materials[0], ITEM.materials[0])}, [("error", "materials.M01", "duplicate_part")]),
    (
        {"situations": (Situation(code="S1", name="甲"), Situation(code="S1", name="乙"))},
        [("error", "situations.S1", "duplicate_part")],
    ),
    (
        {"fields": (FormField(name="account", label="账号", rule="[0-9"),)},
        [("error", "fields.account", "rule_invalid")],
    ),
    ({"fields": (FormField(name="bank", label="银行", type="choice"),)}, [("error", "fields.bank", "choices_missing")]),
    ({"fields": (FormField(name="账号", label="账号"),)}, [("warning", "fields.账号", "field_name")]),
    ({"fee": Fee(kind="amount")}, [("error", "fee", "fee_amount")]),
    ({"supplement_days": 61}, [("error", "supplement_days", "supplement_days")]),
    ({"supplement_days": -1}, [("error", "supplement_days", "supplement_days")]),
    ({"supplement_days": 60}, []),
    (
        {"flow": (Stage(code="R1", name="踏勘", departments=(OWNER,), joint="site_inspection"),)},
        [("error", "flow.R1", "joint_alone")],
    ),
    (
        {"flow": (Stage(code="R1", name="踏勘", departments=(OWNER, OWNER), joint="site_inspection"),)},
        [("error", "flow.R1", "joint_alone")],
    ),
    (
        {"materials": (Material(code="M01", name="证明", pledge_text="本人承诺。"),)},
        [("error", "materials.M01", "pledge_text_unused")],
    ),
    ({"materials": (Material(code="M01", name="证明", pledge_text="本人承诺。", pledgeable=True),)}, []),
]


@pytest.mark.parametrize(("changes", "expected"), ITEM_FAULTS)
def test_faulty_item_is_named(changes: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(problems_with(ITEM, **changes)) == expected


def test_immediate_item_with_two_stages_is_a_warning() -> None:
    two = (ITEM.flow[0], msgspec.structs.replace(ITEM.flow[0], code="R2"))
    problems = problems_with(ITEM, kind="immediate", promised_limit=IMMEDIATE, flow=two)
    assert found(problems) == [("warning", "flow", "immediate_stages")]


def test_item_of_a_department_that_is_not_there_is_an_error() -> None:
    problems = problems_with(ITEM, department=OTHER)
    assert found(problems) == [
        ("error", "item_code", "item_code_department"),
        ("error", "department", "department_unknown"),
    ]


def test_provincial_item_code_is_kept_with_a_warning() -> None:
    provincial = msgspec.structs.replace(ITEM, item_code="511A0138600000-511602000000-000-" + OWNER + "-1-00")
    problems = record_problems([PROVINCE, CITY, COUNTY, TOWN, DEPARTMENT, provincial])
    assert found(problems) == [("warning", "item_code", "item_code_form")]


def test_item_without_a_code_is_an_error() -> None:
    problems = record_problems([PROVINCE, CITY, COUNTY, DEPARTMENT, msgspec.structs.replace(ITEM, item_code="")])
    assert found(problems) == [("error", "item_code", "item_code_missing")]


@pytest.mark.parametrize(
    ("promised", "legal", "longer"),
    [
        (Limit(value=15, unit="calendar_day"), Limit(value=15, unit="calendar_day"), False),
        (Limit(value=16, unit="calendar_day"), Limit(value=15, unit="calendar_day"), True),
        (Limit(value=15, unit="working_day"), Limit(value=15, unit="calendar_day"), False),
        (Limit(value=16, unit="working_day"), Limit(value=15, unit="calendar_day"), True),
        (Limit(value=28, unit="calendar_day"), Limit(value=20, unit="working_day"), False),
        (Limit(value=39, unit="calendar_day"), Limit(value=20, unit="working_day"), True),
        (Limit(value=1, unit="hour"), Limit(value=1, unit="working_day"), False),
        (Limit(value=1, unit="hour"), IMMEDIATE, True),
    ],
)
def test_promise_is_too_long_only_if_no_calendar_could_make_it_end_in_time(
    promised: Limit, legal: Limit, longer: bool
) -> None:
    problems = problems_with(ITEM, promised_limit=promised, legal_limit=legal)
    assert found(problems) == ([("error", "promised_limit", "limit_longer")] if longer else [])


GRANT_FAULTS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"item_code": "nothing"}, [("error", "item_code", "item_unknown")]),
    ({"powers": ()}, [("error", "powers", "powers_empty")]),
    ({"powers": ("decide",)}, [("warning", "powers", "decide_without_accept")]),
    ({"mode": "front_loaded"}, [("error", "powers", "front_loaded_decides")]),
    ({"below": ""}, [("error", "divisions", "scope_empty")]),
    ({"below": "430381000000"}, [("error", "below", "division_unknown")]),
    ({"divisions": ("430321199000",)}, [("error", "divisions", "division_unknown")]),
    ({"valid_from": date(2025, 1, 1), "valid_to": date(2024, 1, 1)}, [("error", "valid_to", "dates_reversed")]),
]


@pytest.mark.parametrize(("changes", "expected"), GRANT_FAULTS)
def test_faulty_grant_is_named(changes: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(problems_with(GRANT, **changes)) == expected


LICENCE_LIMITS = [
    (20, "working_day", False, []),
    (21, "working_day", False, [("warning", "legal_limit", "legal_limit_general")]),
    (45, "working_day", True, []),
    (46, "working_day", True, [("warning", "legal_limit", "legal_limit_general")]),
    (38, "calendar_day", False, []),
    (39, "calendar_day", False, [("warning", "legal_limit", "legal_limit_general")]),
]


@pytest.mark.parametrize(("value", "unit", "together", "expected"), LICENCE_LIMITS)
def test_a_licence_that_takes_longer_than_the_law_gives_in_general_is_a_warning(
    value: int, unit: Any, together: bool, expected: list[tuple[str, str, str]]
) -> None:
    other = msgspec.structs.replace(DEPARTMENT, uscc=OTHER, name="湘潭县人力资源和社会保障局")
    departments = (OWNER, OTHER) if together else (OWNER,)
    item = msgspec.structs.replace(
        ITEM, item_type="01", legal_limit=Limit(value=value, unit=unit), promised_limit=Limit(value=5, unit=unit),
        flow=(Stage(code="R1", name="审核", departments=departments, days=1),),
    )  # fmt: skip
    records = [item if one is ITEM else one for one in SOUND]
    assert found(record_problems([*records, other])) == expected


def test_the_general_limits_are_those_the_deadlines_count_with() -> None:
    mine = (validate.GENERAL_LIMIT_DAYS, validate.JOINT_LIMIT_DAYS)
    assert mine == (deadlines.GENERAL_LIMIT_DAYS, deadlines.JOINT_LIMIT_DAYS) == (20, 45)


PAPER_FAULTS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"item_code": "nothing"}, [("error", "item_code", "item_unknown")]),
    ({"title": " "}, [("error", "title", "title_missing")]),
    ({"paragraphs": ()}, [("warning", "paragraphs", "paragraphs_missing")]),
    ({"paper": "delivery", "paragraphs": ()}, []),
    ({"paragraphs": ("根据{basis}",)}, [("warning", "basis", "basis_missing")]),
    ({"paragraphs": ("根据{basis}",), "basis": "{law}"}, []),
    ({"title": "{nmae}"}, [("error", "title", "placeholder_unknown")]),
    ({"paragraphs": ("{due}",)}, [("error", "paragraphs", "placeholder_unknown")]),
    ({"appeal": "可以{"}, [("error", "appeal", "placeholder_unknown")]),
    ({"basis": "法" * 1001}, [("error", "basis", "text_long")]),
    ({"paragraphs": ("一",) * 21}, [("error", "paragraphs", "paragraphs_many")]),
]


@pytest.mark.parametrize(("changes", "expected"), PAPER_FAULTS)
def test_faulty_paper_template_is_named(changes: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(problems_with(PAPER, **changes)) == expected


def test_a_placeholder_another_paper_knows_is_named_as_it_stands() -> None:
    (problem,) = problems_with(PAPER, paragraphs=("{reason}", "请于{due}前办理"))
    assert problem.text() == "“{due}” is no placeholder of this kind of paper."


CALENDAR_FAULTS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    ({"year": 2025}, [("error", "days_off", "calendar_year"), ("error", "make_up_days", "calendar_year")]),
    ({"days_off": (date(2026, 1, 3),)}, [("error", "days_off", "day_off_weekend")]),
    ({"make_up_days": (date(2026, 1, 5),)}, [("error", "make_up_days", "make_up_weekday")]),
]


@pytest.mark.parametrize(("changes", "expected"), CALENDAR_FAULTS)
def test_faulty_calendar_is_named(changes: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert found(problems_with(CALENDAR, **changes)) == expected


@pytest.mark.parametrize("record", [TOWN, DEPARTMENT, ITEM, GRANT, CALENDAR, PAPER])
def test_code_used_twice_is_reported_once(record: Record) -> None:
    assert found(record_problems([*SOUND, record])) == [("error", "key", "duplicate_key")]


def test_problem_says_which_record_and_puts_its_values_into_the_translated_message() -> None:
    (problem,) = problems_with(GRANT, item_code="nothing")
    assert (problem.kind, problem.key) == ("grant", "G1")
    assert problem.text() == "There is no item with the code nothing."
    assert problem.text({problem.template: "没有编码为{code}的事项。"}.__getitem__) == "没有编码为nothing的事项。"


def test_levels_and_units_are_put_into_the_message_as_words() -> None:
    chinese = {
        "town": "乡镇",
        "city": "市",
        "A {level} cannot stand directly below a {parent_level}.": "{level}|{parent_level}",
    }
    (problem,) = problems_with(TOWN, parent="430300000000")
    assert problem.text() == "A town cannot stand directly below a city."
    assert problem.text(chinese.__getitem__) == "乡镇|市"
    (problem,) = problems_with(ITEM, promised_limit=Limit(value=31, unit="working_day"))
    assert problem.text() == "The promised limit (31 working days) is longer than the legal limit (30 working days)."


def test_warnings_alone_do_not_keep_a_catalogue_from_being_published() -> None:
    assert not has_errors(problems_with(ITEM, item_type="21"))
    assert has_errors(problems_with(ITEM, flow=()))


def test_no_message_code_is_both_an_error_and_a_warning_and_every_placeholder_has_a_name() -> None:
    assert ERRORS.keys() & WARNINGS.keys() == set()
    names = [
        name for text in [*ERRORS.values(), *WARNINGS.values()] for _, name, _, _ in string.Formatter().parse(text)
    ]
    assert "" not in names
