"""The demo catalogue of Xiangtan county is whole, correct, and shows every kind of devolution."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import msgspec
import pytest
from stdnum.cn import uscc

from core.county.publishing.calendar_source import calendar_year
from core.county.publishing.demo_catalogue import COUNTY_CODE, JSON_FILES, demo_records, divisions_csv
from core.domain.catalogue.documents import CalendarYear, Department, Division, Grant, Item, PaperTemplate, Record
from core.domain.catalogue.validate import record_problems

HOUSE_PLOT = "农村宅基地用地建房审批"
SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
TODAY = date(2026, 11, 22)
NAMED_ITEMS = {
    "高龄津贴",
    "老年人优待证",
    "城乡居民养老保险",
    "临时救助",
    "残疾人两项补贴",
    "生育登记",
    "失业登记",
    "个体工商户登记",
    "宅基地",
    "林木采伐",
}
#: Named in the issue by what people say or by the main item, not by the item's own name.
NAMED_BY_ALIAS = {"个体工商户登记": "个体户"}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return demo_records()


@pytest.fixture(scope="module")
def items(records: list[Record]) -> list[Item]:
    return [record for record in records if isinstance(record, Item)]


@pytest.fixture(scope="module")
def grants(records: list[Record]) -> list[Grant]:
    return [record for record in records if isinstance(record, Grant)]


def grants_of(name: str, items: list[Item], grants: list[Grant]) -> list[tuple[str, str, tuple[str, ...]]]:
    (item_code,) = [item.item_code for item in items if item.name == name]
    return [(grant.level, grant.mode, grant.powers) for grant in grants if grant.item_code == item_code]


def test_divisions_are_one_county_of_17_towns_and_351_villages(records: list[Record]) -> None:
    levels = Counter(record.level for record in records if isinstance(record, Division))
    assert levels == {"province": 1, "city": 1, "county": 1, "town": 17, "village": 351}


def test_catalogue_holds_18_departments_69_items_three_years_and_two_papers(records: list[Record]) -> None:
    kinds = Counter(type(record) for record in records)
    assert (kinds[Department], kinds[Item], kinds[Grant], kinds[CalendarYear]) == (18, 69, 85, 3)
    assert kinds[PaperTemplate] == 2


def test_the_only_remarks_are_the_two_licences_whose_own_law_gives_more_than_the_general_limit(
    records: list[Record],
) -> None:
    names = {record.item_code: record.name for record in records if isinstance(record, Item)}
    assert [(names[one.key], one.message_code) for one in record_problems(records)] == [
        ("教师资格认定", "legal_limit_general"),
        ("取水许可审批", "legal_limit_general"),
    ]


def test_every_department_has_a_valid_credit_code_that_shows_it_is_made_up(records: list[Record]) -> None:
    departments = [record for record in records if isinstance(record, Department)]
    assert all(uscc.is_valid(department.uscc) for department in departments)
    assert all(department.uscc.startswith("11430321DEM") for department in departments)
    assert all(department.phone.startswith("0731-0000") for department in departments)


@pytest.mark.parametrize("named", sorted(NAMED_ITEMS))
def test_item_named_in_the_issue_is_found_by_name_or_alias(named: str, items: list[Item]) -> None:
    wanted = NAMED_BY_ALIAS.get(named, named)
    assert [item.name for item in items if wanted in item.name or any(wanted in alias for alias in item.aliases)]


def test_every_item_has_materials_conditions_basis_result_and_two_to_six_fields(items: list[Item]) -> None:
    thin = [item.name for item in items if not (item.conditions and item.basis and item.result and item.aliases)]
    assert thin == []
    assert [item.name for item in items if len(item.materials) < 2 or not 2 <= len(item.fields) <= 6] == []


def test_immediate_items_have_one_stage_and_promised_ones_more(items: list[Item]) -> None:
    stages = {(item.kind, len(item.flow)) for item in items if item.name != HOUSE_PLOT}
    assert stages == {("immediate", 1), ("promised", 2)}


def test_catalogue_has_deferrable_pledgeable_and_situation_bound_materials(items: list[Item]) -> None:
    materials = [material for item in items for material in item.materials]
    assert any(material.deferrable for material in materials)
    assert any(material.pledgeable for material in materials)
    assert any(material.necessity == "situation" for material in materials)


def test_building_on_a_house_plot_is_reviewed_by_two_departments_in_parallel(records: list[Record]) -> None:
    names = {record.uscc: record.name for record in records if isinstance(record, Department)}
    (item,) = [record for record in records if isinstance(record, Item) and record.name == HOUSE_PLOT]
    assert [names[code] for code in item.flow[0].departments] == ["湘潭县农业农村局", "湘潭县自然资源局"]
    assert [(stage.name, stage.joint, stage.days) for stage in item.flow] == [
        ("联合审查", "", 6), ("联合踏勘", "site_inspection", 4), ("审批", "", 5),
    ]  # fmt: skip
    assert [names[code] for code in item.flow[1].departments] == ["湘潭县自然资源局", "湘潭县农业农村局"]


def test_pledges_of_seven_items_have_their_own_words(items: list[Item]) -> None:
    worded = {item.name: item.kind for item in items if any(one.pledge_text for one in item.materials)}
    assert worded == {
        "高龄津贴": "promised", "老年人优待证办理": "immediate", "失业登记": "immediate", "生育登记": "immediate",
        "个体工商户设立登记": "immediate", "残疾人证新办": "promised", "居住证申领": "promised",
    }  # fmt: skip


def test_an_immediate_item_may_be_both_deferred_and_pledged(items: list[Item]) -> None:
    (item,) = [item for item in items if item.name == "失业登记"]
    assert [one.code for one in item.materials if one.pledgeable] == ["M02"]
    assert [one.code for one in item.materials if one.deferrable] == ["M03"]


@pytest.mark.parametrize(
    ("material", "of"),
    [("结婚证", "内地居民结婚登记"), ("残疾人证", "残疾人证新办"), ("就业创业证", "《就业创业证》申领")],
)
def test_a_certificate_one_item_asks_for_is_another_items_result(material: str, of: str, items: list[Item]) -> None:
    (source,) = [item for item in items if item.name == of]
    assert source.result is not None
    assert (source.result.name, source.result.kind) == (material, "certificate")
    assert [item.name for item in items if any(one.certificate == material for one in item.materials)]


def test_five_items_give_their_own_time_for_a_supplement(items: list[Item]) -> None:
    assert {item.name: item.supplement_days for item in items if item.supplement_days} == {
        "高龄津贴": 10, "临时救助": 5, "公共场所卫生许可": 20, HOUSE_PLOT: 15, "个体工商户设立登记": 10,
    }  # fmt: skip


def test_one_paper_is_worded_for_the_county_and_one_for_an_item(records: list[Record], items: list[Item]) -> None:
    names = {"": "", **{item.item_code: item.name for item in items}}
    papers = [record for record in records if isinstance(record, PaperTemplate)]
    assert [(one.paper, names[one.item_code]) for one in papers] == [
        ("supplement", ""),
        ("decision_granted", "高龄津贴"),
    ]


def test_grants_are_of_all_three_modes(grants: list[Grant]) -> None:
    assert {grant.mode for grant in grants} == {"direct", "entrusted", "front_loaded"}


def test_an_immediate_item_is_decided_at_the_village(items: list[Item], grants: list[Grant]) -> None:
    assert ("village", "direct", ("accept", "review", "decide")) in grants_of("老年人优待证办理", items, grants)
    assert ("village", "entrusted", ("accept", "review", "decide")) in grants_of("失业登记", items, grants)


def test_a_promised_item_is_accepted_at_the_village_and_decided_at_the_town(
    items: list[Item], grants: list[Grant]
) -> None:
    assert grants_of("临时救助", items, grants) == [
        ("town", "direct", ("accept", "review", "decide")),
        ("village", "front_loaded", ("accept",)),
    ]


def test_a_promised_item_is_accepted_at_the_village_and_decided_at_the_county(
    items: list[Item], grants: list[Grant]
) -> None:
    assert grants_of("高龄津贴", items, grants) == [
        ("village", "front_loaded", ("accept",)),
        ("town", "front_loaded", ("accept", "review")),
    ]


def test_some_items_are_not_devolved(items: list[Item], grants: list[Grant]) -> None:
    granted = {grant.item_code for grant in grants}
    assert "公共场所卫生许可" in {item.name for item in items if item.item_code not in granted}


def test_grants_include_one_for_listed_towns_one_expired_and_one_of_the_future(grants: list[Grant]) -> None:
    assert [grant.divisions for grant in grants if grant.divisions] == [
        ("430321203000", "430321205000", "430321202000", "430321108000")
    ]
    assert [grant.valid_to for grant in grants if grant.valid_to and grant.valid_to < TODAY] == [date(2024, 12, 31)]
    assert [grant.valid_from for grant in grants if grant.valid_from and grant.valid_from > TODAY] == [date(2030, 1, 1)]


def test_every_grant_by_level_lies_in_the_county(grants: list[Grant]) -> None:
    assert {grant.below for grant in grants if grant.level} == {COUNTY_CODE}


@pytest.mark.parametrize("name", JSON_FILES)
def test_json_file_is_written_in_the_records_own_form(name: str) -> None:
    content = divisions_csv().with_name(name).read_bytes()
    again = msgspec.json.encode(msgspec.json.decode(content, type=list[Record]))
    assert msgspec.json.format(again, indent=2) + b"\n" == content


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_calendar_of_the_catalogue_is_the_published_one(year: int, records: list[Record]) -> None:
    (shipped,) = [record for record in records if isinstance(record, CalendarYear) and record.year == year]
    published = calendar_year(year)
    assert published is not None
    assert (shipped.days_off, shipped.make_up_days) == (published.days_off, published.make_up_days)


def test_calendar_of_a_year_not_yet_published_is_none() -> None:
    assert calendar_year(2099) is None


def test_divisions_are_those_of_the_reference_data(records: list[Record]) -> None:
    source = SHARED_DATA / "divisions" / "430321_xiangtan_county.csv"
    if not source.is_file():
        pytest.skip("the reference data is not beside this checkout")
    with source.open(encoding="utf-8-sig", newline="") as rows:
        expected = [(row["code"], row["name"], row["parent"], row["level"]) for row in csv.DictReader(rows)]
    divisions = [record for record in records if isinstance(record, Division)]
    assert [(division.code, division.name, division.parent, division.level) for division in divisions] == expected


def test_calendars_agree_with_the_reference_data() -> None:
    source = SHARED_DATA / "holidays" / "cn_holidays_makeup_2024_2025.csv"
    if not source.is_file():
        pytest.skip("the reference data is not beside this checkout")
    with source.open(encoding="utf-8-sig", newline="") as lines:
        rows = [(date.fromisoformat(row["date"]), row["kind"]) for row in csv.DictReader(lines)]
    for year in (2024, 2025):
        calendar = calendar_year(year)
        assert calendar is not None
        assert list(calendar.make_up_days) == [
            day for day, kind in rows if day.year == year and kind.startswith("make")
        ]
        off = [day for day, kind in rows if day.year == year and kind.startswith("stat") and day.isoweekday() <= 5]
        assert list(calendar.days_off) == off
