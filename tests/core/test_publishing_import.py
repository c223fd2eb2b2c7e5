"""Import is all or nothing: a file is judged with all it refers to, and every fault names its row and column."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import gettext

from core.county.publishing import selectors
from core.county.publishing.demo_catalogue import demo_records, divisions_csv
from core.county.publishing.faults import ImportRefused
from core.county.publishing.models import DraftRecord
from core.county.publishing.services import draft_put, file_import, import_records
from core.domain.catalogue.documents import Division, Material, Record, Situation
from tests.core.publishing import BUREAU, CITY, COUNTY, PROVINCE, as_read, broken_book, catalogue, item

pytestmark = pytest.mark.django_db

HEAD = "code,name,parent,level,valid_from,valid_to,successors\n"
ABOVE = (
    "430000000000,湖南省,,province,,,\n"
    "430300000000,湘潭市,430000000000,city,,,\n"
    "430321000000,湘潭县,430300000000,county,,,\n"
)


def refused(data: bytes, name: str = "items.xlsx") -> list[tuple[str, int, str, str]]:
    """The faults for which the file is refused; the draft is as it was."""
    before = selectors.draft_records()
    with pytest.raises(ImportRefused) as caught:
        file_import(data, name, by="admin1")
    assert selectors.draft_records() == before
    return [(fault.sheet, fault.row, fault.column, fault.message_code) for fault in caught.value.faults]


CROSS_FAULTS: list[tuple[str, int, str, Any, str]] = [
    ("事项", 2, "实施主体", "11430321DEM0000999", "department_unknown"),
    ("事项", 2, "承诺时限", 31, "limit_longer"),
    ("事项", 2, "收费方式", "定额", "fee_amount"),
    ("事项", 2, "失效日期", "2001-01-01", "dates_reversed"),
    ("环节", 2, "审查部门", "11430321DEM0000999", "department_unknown"),
    ("下放", 2, "事项编码", "X9", "item_unknown"),
    ("下放", 2, "下放方式", "服务前移", "front_loaded_decides"),
    ("下放", 2, "所属区划", "430399000000", "division_unknown"),
    ("部门", 2, "行政区划", "430399000000", "division_unknown"),
    ("行政区划", 5, "上级区划", "430399000000", "division_unknown"),
    ("行政区划", 5, "层级", "村", "division_level"),
]
#: The column in which the fault is mended, where it is not the one that was changed.
MENDED_IN = {"fee_amount": "收费金额(元)", "front_loaded_decides": "权限", "division_level": "上级区划"}


@pytest.mark.parametrize(("sheet", "row", "head", "value", "code"), CROSS_FAULTS)
def test_a_fault_between_records_is_named_by_its_row_and_column(sheet, row, head, value, code):
    dated = msgspec.structs.replace(item("X1"), valid_from=date(2024, 1, 1))
    records = [dated if one.key == "X1" else one for one in catalogue()]
    data = broken_book(records, (sheet, row, head, value))
    assert refused(data) == [(sheet, row, MENDED_IN.get(code, head), code)]


def test_a_material_that_names_an_unknown_situation_is_found_on_its_own_sheet():
    materials = (Material(code="M01", name="低保证", necessity="situation", situations=("S1",)),)
    one = msgspec.structs.replace(item(), materials=materials, situations=(Situation(code="S1", name="低保老人"),))
    records = [*[other for other in catalogue() if other.key != "X1"], one]
    assert refused(broken_book(records, ("材料", 3, "适用情形", "S7"))) == [
        ("材料", 3, "适用情形", "situation_unknown")
    ]
    assert refused(broken_book(records, ("材料", 3, "适用情形", None))) == [
        ("材料", 3, "适用情形", "situation_missing")
    ]


def test_what_the_draft_holds_need_not_be_in_the_file():
    draft_put(catalogue(), by="admin1")
    done = import_records(as_read([item("X3", "失业登记")]), by="admin2")
    assert (done.counts, done.changed, done.removed) == ({"item": 1}, 1, 0)
    assert DraftRecord.objects.get(kind="item", key="X3").changed_by == "admin2"


def test_records_that_say_what_the_draft_says_keep_their_author():
    draft_put(catalogue(), by="admin1")
    assert import_records(as_read(catalogue()), by="admin2").changed == 0
    assert set(DraftRecord.objects.values_list("changed_by", flat=True)) == {"admin1"}


def test_a_broken_department_row_does_not_make_its_items_faulty():
    assert refused(broken_book(catalogue(), ("部门", 2, "部门名称", None))) == [("部门", 2, "部门名称", "required")]


def test_a_fault_the_draft_had_before_does_not_keep_other_records_out():
    draft_put([one for one in catalogue() if one.key != BUREAU], by="admin1")
    village = Division(code="430321100200", name="某村", parent="430321100000", level="village")
    assert import_records(as_read([village]), by="admin1").changed == 1


def test_replacing_takes_out_what_a_complete_file_does_not_hold():
    draft_put(catalogue(), by="admin1")
    done = import_records(as_read([item("X1")]), by="admin1", replace=True)
    assert done.removed == 1
    assert [one.key for one in selectors.draft_records("item")] == ["X1"]
    assert selectors.draft_count()["division"] == 4


def test_replacing_is_refused_where_it_would_leave_others_without_what_they_need():
    draft_put(catalogue(), by="admin1")
    with pytest.raises(ImportRefused) as caught:
        import_records(as_read([item("X2", "临时救助")]), by="admin1", replace=True)
    assert [(fault.sheet, fault.row, fault.column) for fault in caught.value.faults] == [("下放 G1", 0, "事项编码")]
    assert selectors.draft_holds("item", "X1")


def test_a_trial_writes_nothing():
    done = import_records(as_read(catalogue()), by="admin1", dry_run=True)
    assert (done.counts["item"], DraftRecord.objects.count()) == (2, 0)


def test_remarks_are_given_with_their_rows_and_do_not_keep_the_file_out():
    done = file_import(broken_book(catalogue()), "items.xlsx", by="admin1")
    remarks = {(one.sheet, one.row, one.column, one.message_code) for one in done.warnings}
    assert ("事项", 2, "事项编码", "item_code_form") in remarks
    assert DraftRecord.objects.count() == 9


def test_faults_are_said_in_chinese():
    draft_put(catalogue(), by="admin1")
    with pytest.raises(ImportRefused) as caught, translation.override("zh-hans"):
        file_import(broken_book(catalogue(), ("事项", 2, "事项名称", None)), "items.xlsx", by="admin1")
    with translation.override("zh-hans"):
        said = caught.value.faults[0].text(gettext)
    assert (caught.value.faults[0].place, said) == ("事项 2 事项名称", "此单元格不能为空。")


def test_the_whole_catalogue_of_a_county_is_imported_in_one_go():
    many: list[Record] = [one for one in catalogue() if one.key not in ("X1", "X2", "G1")]
    many += [item(f"N{number:04}", f"事项{number}") for number in range(3395)]
    done = file_import(broken_book(many), "all.xlsx", by="admin1")
    assert (done.counts["item"], done.changed) == (3395, 3401)


# --- commands ----------------------------------------------------------------------------------------------------


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "divisions.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Any:
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_import_divisions_takes_retired_codes_with_their_dates(tmp_path):
    line = "430321101000,郭家桥乡,430321000000,town,,2005-12-31,430321000000\n"
    done = run("import_divisions", written(tmp_path, HEAD + ABOVE + line))
    assert (done["imported"], done["counts"], done["changed"]) == (True, {"division": 4}, 4)
    retired = selectors.draft_get("division", "430321101000")
    assert isinstance(retired, Division)
    assert (str(retired.valid_to), retired.successors) == ("2005-12-31", ("430321000000",))


BROKEN_LINES = [
    ("430321100000,易俗河镇,430322000000,town,,,", 5, "parent", "division_unknown"),
    ("430321100000,易俗河镇,430300000000,town,,,", 5, "parent", "division_level"),
    ("43032110000,易俗河镇,430321000000,town,,,", 5, "code", "division_code"),
    ("430321000000,又一个县,430300000000,county,,,", 5, "code", "duplicate_row"),
    ("430321100000,易俗河镇,430321000000,town,2006-01-01,2005-12-31,", 5, "valid_to", "dates_reversed"),
]


@pytest.mark.parametrize(("line", "row", "column", "code"), BROKEN_LINES)
def test_import_divisions_names_row_and_column_and_writes_nothing(tmp_path, line, row, column, code):
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("import_divisions", written(tmp_path, HEAD + ABOVE + line + "\n"), "--json", stdout=out)
    assert caught.value.returncode == 1
    faults = json.loads(out.getvalue())["faults"]
    assert [(one["row"], one["column"], one["code"]) for one in faults] == [(row, column, code)]
    assert DraftRecord.objects.count() == 0


def test_import_divisions_tries_without_writing(tmp_path):
    assert run("import_divisions", written(tmp_path, HEAD + ABOVE), "--dry-run")["imported"] is False
    assert DraftRecord.objects.count() == 0


def test_the_demo_catalogue_is_imported_by_one_command_and_again_changes_nothing():
    assert run("import_catalogue", "--demo")["changed"] == len(demo_records())
    assert run("import_catalogue", "--demo")["changed"] == 0
    assert selectors.draft_records("division") == sorted(
        (one for one in demo_records() if isinstance(one, Division)), key=lambda one: one.code
    )


def test_files_may_refer_to_each_other(tmp_path):
    office = tmp_path / "office.xlsx"
    office.write_bytes(broken_book([one for one in catalogue() if not isinstance(one, Division)]))
    places = written(tmp_path, HEAD + ABOVE + "430321100000,易俗河镇,430321000000,town,,,\n")
    assert run("import_catalogue", str(office), places)["changed"] == 9


def test_a_record_in_two_files_is_a_fault(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_bytes(msgspec.json.encode([PROVINCE, CITY]))
    second.write_bytes(msgspec.json.encode([COUNTY, CITY]))
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_catalogue", str(first), str(second), "--json", stdout=out)
    assert [(one["sheet"], one["row"]) for one in json.loads(out.getvalue())["faults"]] == [("b.json division", 2)]
    assert DraftRecord.objects.count() == 0


def test_a_file_that_cannot_be_read_is_a_wrong_call(tmp_path):
    for arguments in (
        ["import_catalogue"],
        ["import_catalogue", "--demo", "x"],
        ["import_catalogue", str(tmp_path / "no")],
    ):
        with pytest.raises(CommandError) as caught:
            call_command(*arguments)
        assert caught.value.returncode == 2


def test_publish_release_publishes_and_then_has_nothing_to_publish(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    call_command("import_catalogue", "--demo", "--json", stdout=io.StringIO())
    assert run("publish_release", "--dry-run") == {"added": len(demo_records()), "changed": 0, "withdrawn": 0}
    assert run("publish_release", "--note", "初版") == {"published": True, "number": 1, "items": 69}
    assert run("publish_release", "--if-changed")["published"] is False
    with pytest.raises(CommandError) as caught:
        call_command("publish_release")
    assert caught.value.returncode == 3


def test_the_demo_divisions_file_is_one_import_divisions_takes():
    assert run("import_divisions", str(divisions_csv()))["counts"] == {"division": 371}
