"""Workbooks of the catalogue: they say what the records say, and every faulty cell is found where it stands."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from datetime import date, datetime
from typing import Any

import msgspec
import openpyxl
import pytest
from openpyxl.workbook import Workbook

from core.county.publishing.assemble import PARTS
from core.county.publishing.demo_catalogue import demo_records
from core.county.publishing.differences import catalogue_of
from core.county.publishing.divisions_file import divisions_read
from core.county.publishing.faults import MAX_FAULTS, FileRead
from core.county.publishing.jsonfile import json_read, json_write
from core.county.publishing.layout import SHEETS
from core.county.publishing.workbook_read import MAX_ROWS, workbook_read
from core.county.publishing.workbook_write import template_write, workbook_write
from core.domain.catalogue.documents import (
    CalendarYear,
    Department,
    Division,
    Fee,
    Grant,
    Item,
    Limit,
    Material,
    PaperTemplate,
    Record,
    Result,
    Stage,
)

TOWN = Division(code="430321100000", name="易俗河镇", parent="430321000000", level="town")
ITEM = Item(
    item_code="X1", name="高龄津贴", department="11430321DEM0000140", item_type="05", exercise_level="4",
    kind="promised", legal_limit=Limit(value=30, unit="working_day"),
    promised_limit=Limit(value=5, unit="working_day", text="5个工作日"),
    materials=(Material(code="M01", name="申请书", originals=1, deferrable=True),),
    flow=(Stage(code="R1", name="审核", departments=("11430321DEM0000140",), days=5),),
)  # fmt: skip


REFUSAL = PaperTemplate(paper="refusal", title="不予受理决定书")


def book_of(*records: Record) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_write(records)))


def read(book: Workbook) -> FileRead:
    stream = io.BytesIO()
    book.save(stream)
    return workbook_read(stream.getvalue())


def column(book: Workbook, sheet: str, head: str) -> int:
    heads = [str(cell.value).rstrip(" *") for cell in book[sheet][1]]
    return heads.index(head) + 1


def set_cell(book: Workbook, sheet: str, head: str, value: Any, row: int = 2) -> None:
    book[sheet].cell(row=row, column=column(book, sheet, head)).value = value


def places(found: FileRead) -> list[tuple[str, int, str, str]]:
    return [(fault.sheet, fault.row, fault.column, fault.message_code) for fault in found.faults]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_demo_catalogue_comes_back_from_a_workbook_as_it_went_in(language):
    records = demo_records()
    found = workbook_read(workbook_write(records, language=language))
    assert found.faults == []
    assert catalogue_of(found.records) == catalogue_of(records)


def test_the_demo_catalogue_comes_back_from_json_as_it_went_in():
    found = json_read(json_write(demo_records()))
    assert (found.faults, found.records) == ([], demo_records())


RECORD_SHEETS = {"item": Item, "grant": Grant, "department": Department, "division": Division,
                 "paper": PaperTemplate, **PARTS}  # fmt: skip
#: Filled in by publishing, or a part with a sheet of its own.
ELSEWHERE = {"version", "pinyin", *PARTS}


@pytest.mark.parametrize("name", RECORD_SHEETS)
def test_every_field_of_a_record_has_a_column(name):
    sheet = next(sheet for sheet in SHEETS if sheet.name == name)
    columns = {column.name.partition(".")[0] for column in sheet.columns}
    fields = set(RECORD_SHEETS[name].__struct_fields__)
    if name == "item":
        fields -= ELSEWHERE
    elif name in PARTS:
        fields.add("item_code")
    assert fields == columns


def test_rare_values_come_back_too():
    item = msgspec.structs.replace(
        ITEM, service_objects=(), forms=("1", "9"), conditions=("一;二", "三"), fee=Fee(kind="amount", amount_fen=1050),
        result=Result(name="=1+1", kind="none"), item_type="77", visits=0, valid_from=date(2026, 1, 31),
    )  # fmt: skip
    year = CalendarYear(year=2030, days_off=(), make_up_days=(), source="国务院")
    grant = Grant(code="G", item_code="X1", mode="entrusted", powers=("accept", "decide"), divisions=("430321100000",))
    assert workbook_read(workbook_write([item, grant, year])).records == [item, grant, year]


def test_papers_joint_stages_and_pledges_come_back_too():
    other = "11430321DEM000022T"
    item = msgspec.structs.replace(
        ITEM, supplement_days=15,
        materials=(Material(code="M01", name="证明", pledgeable=True, pledge_text="本人承诺:\n属实。"),),
        flow=(Stage(code="R1", name="踏勘", departments=(other, ITEM.department), joint="final_acceptance"),),
    )  # fmt: skip
    general = PaperTemplate(
        paper="refusal", title="不予受理决定书", paragraphs=("{you}提出的{item}申请收悉。", "{reason}"), basis="{law}"
    )
    own = PaperTemplate(paper="refusal", item_code="X1", title="高龄津贴不予受理决定书", appeal="可以申请行政复议。")
    records: list[Record] = [item, general, own, PaperTemplate(paper="delivery", title="送达回证")]
    books = [workbook_write(records), workbook_write(records, language="en")]
    assert [workbook_read(book).records for book in books] == [records, records]
    assert json_read(json_write(records)).records == records


def test_two_papers_of_one_kind_for_one_item_are_one_too_many():
    book = book_of(ITEM, REFUSAL, msgspec.structs.replace(REFUSAL, item_code="X1"))
    set_cell(book, "文书", "事项编码", None, row=3)
    found = read(book)
    assert places(found) == [("文书", 3, "文书种类", "duplicate_row")]
    assert found.faults[0].text() == "refusal/ stands already in row 2."


def test_a_kind_of_paper_nobody_knows_is_named():
    book = book_of(REFUSAL)
    set_cell(book, "文书", "文书种类", "通知")
    assert places(read(book)) == [("文书", 2, "文书种类", "not_a_choice")]


def test_what_a_person_typed_is_never_written_as_a_formula():
    book = book_of(msgspec.structs.replace(ITEM, name="=HYPERLINK(1)"))
    cell = book["事项"].cell(row=2, column=column(book, "事项", "事项名称"))
    assert (cell.data_type, cell.value) == ("s", "=HYPERLINK(1)")


def test_the_template_explains_every_column_and_holds_no_record():
    book = openpyxl.load_workbook(io.BytesIO(template_write()))
    assert book.sheetnames == ["填写说明", "_words", *(sheet.zh for sheet in SHEETS)]
    assert book["_words"].sheet_state == "hidden"
    explained = {(row[0], row[1]) for row in book["填写说明"].iter_rows(values_only=True)}
    assert explained >= {(sheet.zh, column.zh) for sheet in SHEETS for column in sheet.columns}
    lists = [rule for rule in book["事项"].data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == 7
    assert places(workbook_read(template_write())) == [("", 0, "", "nothing")]


BROKEN_CELLS = [
    ("事项", "事项名称", None, "required", "This cell must not be empty."),
    ("事项", "法定时限", "三十", "not_a_number", "“三十” is not a whole number."),
    ("事项", "法定时限", "2.5", "not_a_number", "“2.5” is not a whole number."),
    ("事项", "承诺时限", -1, "negative", "-1 is less than 0."),
    ("事项", "承诺时限单位", "周", "not_a_choice", "“周” is not one of: 工作日、自然日、小时、即时."),
    ("事项", "办件类型", "快办件", "not_a_choice", "“快办件” is not one of: 即办件、承诺件."),
    ("事项", "收费金额(元)", "二十", "not_an_amount", "“二十” is not an amount in yuan, such as 20 or 20.50."),
    ("事项", "生效日期", "2026-02-30", "not_a_date", "“2026-02-30” is not a date. Write it like 2026-01-31."),
    ("事项", "事项名称", "长" * 201, "too_long", "The text has 201 characters; 200 are allowed."),
    ("事项", "事项名称", "#REF!", "cell_error", "The cell shows the error #REF! instead of a value."),
    ("材料", "可容缺", "也许", "not_a_choice", "“也许” is not one of: 是、否."),
    ("材料", "原件份数", "一份", "not_a_number", "“一份” is not a whole number."),
    ("材料", "事项编码", "X9", "item_not_here", "The item X9 is not on the sheet of items."),
    ("环节", "审查部门", None, "required", "This cell must not be empty."),
    ("行政区划", "层级", "街", "not_a_choice", "“街” is not one of: 省、市、县、乡镇、村."),
]


@pytest.mark.parametrize(("sheet", "head", "value", "code", "text"), BROKEN_CELLS)
def test_a_broken_cell_is_named_by_sheet_row_and_column(sheet, head, value, code, text):
    book = book_of(TOWN, ITEM)
    set_cell(book, sheet, head, value)
    found = read(book)
    assert places(found) == [(sheet, 2, head, code)]
    assert found.faults[0].text() == text


def test_a_code_that_excel_rounded_is_noticed():
    book = book_of(ITEM)
    set_cell(book, "事项", "基本编码", 123456789012345678)
    assert places(read(book)) == [("事项", 2, "基本编码", "digits_lost")]


def test_numbers_dates_and_words_are_read_however_excel_keeps_them():
    book = book_of(TOWN, ITEM)
    set_cell(book, "行政区划", "区划代码", 430321100000)
    set_cell(book, "行政区划", "生效日期", datetime(2024, 1, 1))  # noqa: DTZ001 - Excel knows no zone
    set_cell(book, "行政区划", "失效日期", "2025年12月31日")
    set_cell(book, "事项", "事项类型", 5)
    set_cell(book, "事项", "法定时限", 30.0)
    found = read(book)
    assert found.faults == []
    assert found.records == [
        ITEM, msgspec.structs.replace(TOWN, valid_from=date(2024, 1, 1), valid_to=date(2025, 12, 31))
    ]  # fmt: skip


def test_all_faults_of_all_rows_are_collected_at_once():
    book = book_of(TOWN, ITEM, msgspec.structs.replace(ITEM, item_code="X2"))
    set_cell(book, "事项", "事项名称", None, row=2)
    set_cell(book, "事项", "办件类型", "?", row=3)
    set_cell(book, "材料", "材料名称", None, row=3)
    set_cell(book, "行政区划", "层级", None)
    found = read(book)
    assert places(found) == [
        ("事项", 2, "事项名称", "required"),
        ("事项", 3, "办件类型", "not_a_choice"),
        ("材料", 3, "材料名称", "required"),
        ("行政区划", 2, "层级", "required"),
    ]
    assert found.broken == {"X1", "X2", "430321100000"}


def test_the_second_row_of_a_code_is_the_faulty_one():
    book = book_of(TOWN, ITEM)
    book["行政区划"].append(["430321100000", "又一个镇", "430321000000", "乡镇"])
    book["材料"].append(["X1", "M01", "又一份"])
    found = read(book)
    assert places(found) == [("材料", 3, "材料编码", "duplicate_row"), ("行政区划", 3, "区划代码", "duplicate_row")]
    assert found.faults[0].text() == "M01 stands already in row 2."


def test_unknown_double_and_missing_columns_are_named():
    book = book_of(TOWN)
    sheet = book["行政区划"]
    sheet.cell(row=1, column=column(book, "行政区划", "层级")).value = "级别"
    sheet.cell(row=1, column=8).value = "区划名称"
    assert places(read(book)) == [
        ("行政区划", 1, "级别", "column_unknown"),
        ("行政区划", 1, "区划名称", "column_twice"),
        ("行政区划", 1, "层级", "column_missing"),
    ]


def test_a_sheet_nobody_knows_is_refused_unless_it_is_empty():
    book = book_of(TOWN)
    book.create_sheet("Sheet1")
    assert read(book).faults == []
    book["Sheet1"].append(["事项"])
    assert places(read(book)) == [("Sheet1", 0, "", "sheet_unknown")]


def test_calendar_rows_name_the_day_that_is_wrong():
    book = book_of(CalendarYear(year=2026, days_off=(date(2026, 10, 1), date(2026, 10, 2)), make_up_days=()))
    set_cell(book, "工作日历", "日期", "2027-10-01", row=2)
    set_cell(book, "工作日历", "类型", None, row=3)
    assert places(read(book)) == [
        ("工作日历", 2, "日期", "year_differs"),
        ("工作日历", 3, "类型", "required"),
    ]


# --- hostile files -----------------------------------------------------------------------------------------------


def rewritten(data: bytes, changes: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, changes.get(part, old.read(part)))
        for part in changes.keys() - set(old.namelist()):
            new.writestr(part, changes[part])
    return stream.getvalue()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a workbook", b"PK" + bytes(2000)])
def test_a_file_that_is_no_workbook_is_said_to_be_none(data):
    assert places(workbook_read(data)) == [("", 0, "", "not_a_workbook")]


def test_a_workbook_cut_short_is_said_to_be_damaged():
    data = workbook_write([TOWN])
    assert places(workbook_read(data[: len(data) // 2])) == [("", 0, "", "not_a_workbook")]


def test_a_zip_bomb_is_not_unpacked():
    bomb = rewritten(workbook_write([TOWN]), {"xl/media/zeros.bin": bytes(201 * 1024 * 1024)})
    assert len(bomb) < 1024 * 1024
    assert places(workbook_read(bomb)) == [("", 0, "", "unpacked_too_large")]


def test_a_size_the_archive_lies_about_is_not_believed():
    data = bytearray(
        rewritten(workbook_write([TOWN]), {"xl/worksheets/sheet3.xml": b"<worksheet>" + bytes(10_000_000)})
    )
    at = data.rindex(b"xl/worksheets/sheet3.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    struct.pack_into("<I", data, at + 24, 100)
    assert places(workbook_read(bytes(data))) == [("", 0, "", "not_a_workbook")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_declarations_are_refused(encoding):
    xml = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'.encode(encoding)
    bomb = rewritten(workbook_write([TOWN]), {"xl/worksheets/sheet3.xml": xml})
    assert places(workbook_read(bomb)) == [("", 0, "", "workbook_hostile")]


def test_a_row_far_below_ends_the_reading():
    data = workbook_write([TOWN])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = next(name for name in archive.namelist() if b"430321100000" in archive.read(name) and "sheet12" in name)
        far = re.sub(rb'r="([A-Z]*)2"', rb'r="\g<1>9000000"', archive.read(part))
    found = workbook_read(rewritten(data, {part: far}))
    assert [(fault.row, fault.message_code) for fault in found.faults] == [(MAX_ROWS + 1, "rows_too_many")]


def test_thousands_of_faults_are_cut_and_the_reader_is_told():
    book = book_of(TOWN)
    for number in range(1200):
        book["行政区划"].append([f"4303211{number:05}", None, "430321000000", "乡镇"])
    found = read(book)
    assert len(found.faults) == MAX_FAULTS + 1
    assert found.faults[-1].text() == "There are more faults; the first 1000 are shown."


# --- JSON and CSV ------------------------------------------------------------------------------------------------


def test_a_broken_json_record_is_named_by_its_place_and_reason():
    data = b'[{"type":"division","code":"430000000000","name":"X","parent":"","level":"province"},{"type":"division"}]'
    found = json_read(data)
    assert [(fault.sheet, fault.row) for fault in found.faults] == [("division", 2)]
    assert found.faults[0].text() == "The record cannot be read: Object missing required field `code`"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{}", "not_a_list"),
        (b"[1,", "not_json"),
        (b"[]", "nothing"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 9999, "not_json"),
    ],
)
def test_json_that_is_no_list_of_records_is_refused(data, code):
    assert places(json_read(data)) == [("", 0, "", code)]


HEAD = "code,name,parent,level,valid_from,valid_to,successors\n"


def test_a_retired_division_keeps_its_dates_and_successors():
    found = divisions_read(
        (HEAD + "430321101000,郭家桥乡,430321000000,town,,2005-12-31,430321100000;430321102000\n").encode()
    )
    assert found.faults == []
    assert found.records == [
        Division(code="430321101000", name="郭家桥乡", parent="430321000000", level="town", valid_to=date(2005, 12, 31),
                 successors=("430321100000", "430321102000"))
    ]  # fmt: skip


def test_optional_columns_of_divisions_may_be_left_out_and_a_byte_order_mark_stay():
    found = divisions_read("\ufeffcode,name,parent,level\n430321100000,易俗河镇,430321000000,town\n".encode())
    assert (found.faults, found.records) == ([], [TOWN])


BROKEN_DIVISIONS = [
    ("43032110000,短,430321000000,town,,,", "code", "division_code"),
    ("430321100000,,430321000000,town,,,", "name", "required"),
    ("430321100000,某镇,430321000000,hamlet,,,", "level", "not_a_choice"),
    ("430321100000,某镇,430321000000,town,yesterday,,", "valid_from", "not_a_date"),
    ("430321100000,某镇,430321000000,town,,", "", "field_count"),
    ("430000000000,又一个省,,province,,,", "code", "duplicate_row"),
]


@pytest.mark.parametrize(("line", "head", "code"), BROKEN_DIVISIONS)
def test_a_broken_line_of_divisions_is_named_by_row_and_column(line, head, code):
    found = divisions_read((HEAD + "430000000000,湖南省,,province,,,\n" + line + "\n").encode())
    assert places(found) == [("csv", 3, head, code)]


def test_a_file_in_another_encoding_is_refused_in_words():
    assert places(divisions_read((HEAD + "430000000000,湖南省,,province,,,\n").encode("gbk"))) == [
        ("csv", 0, "", "not_utf8")
    ]


def test_departments_without_short_name_come_back():
    department = Department(uscc="11430321DEM0000140", name="湘潭县民政局", division="430321000000")
    assert workbook_read(workbook_write([department])).records == [department]
