"""The catalogue's pages: for the county administrator only, with every fault in its place and nothing half saved."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from msgspec.structs import replace

from core.county.publishing import selectors
from core.county.publishing.demo_catalogue import demo_records
from core.county.publishing.jsonfile import json_read
from core.county.publishing.models import Release
from core.county.publishing.services import draft_put, release_publish
from core.county.publishing.workbook_read import workbook_read
from core.domain.catalogue.documents import Basis, CalendarYear, Grant, Situation
from core.domain.catalogue.selectors import item_get
from core.domain.staff.services import membership_grant, user_create
from tests.core.publishing import BUREAU, OFFICE, broken_book, catalogue, drafted, item, published

HOUSE_PLOT = "11430321DEM00007334430120001001"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def var_dir(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path


def client_of(role: str) -> Client:
    user = user_create(code=f"the-{role}", name="周海燕", password="only-for-tests")
    membership_grant(user_code=user.code, role=role)
    client = Client(headers={"host": "county.localhost", "accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Client:
    return client_of("county_admin")


PAGES = [
    "", "problems/", "items/", "items/?q=高龄", "items/new/", "items/edit/X1/", "items/withdraw/X1/", "grants/",
    "grants/new/", "grants/edit/G1/", "calendar/", "calendar/2026/", "calendar/2027/", "import/", "changes/",
    "releases/", "papers/", "papers/?item=X1", "papers/edit/refusal/", "papers/edit/delivery/X1",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_with_a_draft_and_a_release(admin, page):
    published()
    draft_put([item("X1", days=3), item("X3", "老年人优待证")], by="admin1")
    assert admin.get(f"/catalogue/{page}").status_code == 200


@pytest.mark.parametrize(
    "page",
    [
        "",
        "items/",
        "items/new/",
        "grants/",
        "papers/",
        "papers/edit/receipt/",
        "calendar/",
        "import/",
        "changes/",
        "releases/",
    ],
)
def test_every_page_opens_before_anything_was_imported(admin, page):
    assert admin.get(f"/catalogue/{page}").status_code == 200


@pytest.mark.parametrize("page", ["", "items/edit/X1/", "export/json/", "changes/"])
def test_a_clerk_may_not_open_the_catalogue(page):
    published()
    assert client_of("clerk").get(f"/catalogue/{page}").status_code == 403


def test_a_faulty_workbook_is_answered_row_by_row_and_changes_nothing(admin):
    draft_put(catalogue(), by="admin1")
    before = selectors.draft_records()
    data = broken_book(catalogue(), ("事项", 2, "办件类型", "快办件"), ("材料", 3, "材料名称", None))
    answer = admin.post("/catalogue/import/", {"file": SimpleUploadedFile("items.xlsx", data), "act": "import"})
    assert answer.status_code == 422
    found = [(fault.sheet, fault.row, fault.column) for fault, _ in answer.context["faults"]]
    assert found == [("事项", 2, "办件类型"), ("材料", 3, "材料名称")]
    assert selectors.draft_records() == before


def test_a_workbook_is_imported_and_the_changes_are_shown(admin):
    draft_put(catalogue(), by="admin1")
    data = broken_book(catalogue(), ("事项", 2, "事项名称", "高龄老人津贴"))
    answer = admin.post("/catalogue/import/", {"file": SimpleUploadedFile("items.xlsx", data), "act": "check"})
    assert (answer.status_code, answer.context["dry_run"]) == (200, True)
    assert drafted("X1").name == "高龄津贴"
    admin.post("/catalogue/import/", {"file": SimpleUploadedFile("items.xlsx", data), "act": "import"})
    assert drafted("X1").name == "高龄老人津贴"


def test_template_and_exports_are_files_the_import_takes_back(admin):
    draft_put(catalogue(), by="admin1")
    book = admin.get("/catalogue/export/xlsx/")
    assert book.headers["Content-Disposition"].startswith('attachment; filename="catalogue-')
    assert {one.key for one in workbook_read(book.content).records} == {one.key for one in catalogue()}
    assert len(json_read(admin.get("/catalogue/export/json/").content).records) == 9
    template = openpyxl.load_workbook(io.BytesIO(admin.get("/catalogue/template.xlsx").content))
    assert len(template.sheetnames) == 14


def filled(page: Any) -> dict[str, Any]:
    """What a browser would send back if nothing was typed."""
    data: dict[str, Any] = {}
    formsets = [page.context[name] for name in ("materials", "stages", "situations", "basis")]
    forms = [
        page.context["page_form"],
        *(one.management_form for one in formsets),
        *(f for one in formsets for f in one),
    ]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False and value != "":
                data[bound.html_name] = value
    return data


def test_an_item_is_edited_with_its_materials_and_keeps_its_other_parts(admin):
    draft_put(catalogue(), by="admin1")
    data = filled(admin.get("/catalogue/items/edit/X1/"))
    data |= {"promised_value": "3", "stages-0-days": "3"}
    data |= {"materials-1-name": "身份证", "materials-1-copies": "1", "materials-1-form": "either"}
    assert admin.post("/catalogue/items/edit/X1/", data).status_code == 302
    saved = drafted("X1")
    assert (saved.promised_limit.value, saved.flow[0].days) == (3, 3)
    assert [(one.code, one.name, one.copies, one.form) for one in saved.materials] == [
        ("M01", "申请书", 0, "paper"), ("M02", "身份证", 1, "either"),
    ]  # fmt: skip
    data["materials-0-DELETE"] = "on"
    admin.post("/catalogue/items/edit/X1/", data)
    assert [one.name for one in drafted("X1").materials] == ["身份证"]


def test_every_demo_item_is_the_same_after_its_page_was_saved_unchanged(admin):
    draft_put(demo_records(), by="admin1")
    before = {one.key: one for one in selectors.draft_records("item")}
    for code in [*sorted(before)[::8], HOUSE_PLOT, "11430321DEM00001404430511001001"]:
        answer = admin.post(f"/catalogue/items/edit/{code}/", filled(admin.get(f"/catalogue/items/edit/{code}/")))
        assert answer.status_code == 302
    assert {one.key: one for one in selectors.draft_records("item")} == before


def test_joint_acts_pledges_situations_and_basis_are_edited_on_the_page(admin):
    draft_put(catalogue(), by="admin1")
    other = replace(OFFICE, uscc="11430321DEM000022T", name="湘潭县人力资源和社会保障局", short_name="县人社局")
    draft_put([other], by="admin1")
    data = filled(admin.get("/catalogue/items/edit/X1/")) | {
        "supplement_days": "15", "situations-0-name": "首次申领", "basis-0-title": "老年人权益保障法",
        "basis-0-article": "第三十三条", "materials-0-pledgeable": "on",
        "materials-0-pledge_text": "本人承诺\r\n属实。",
        "materials-0-situations": "S1", "stages-0-departments": [BUREAU, other.uscc], "stages-0-lead": other.uscc,
        "stages-0-joint": "site_inspection",
    }  # fmt: skip
    assert admin.post("/catalogue/items/edit/X1/", data).status_code == 302
    saved = drafted("X1")
    assert (saved.supplement_days, saved.situations) == (15, (Situation(code="S1", name="首次申领"),))
    assert saved.basis == (Basis(title="老年人权益保障法", article="第三十三条"),)
    assert (saved.materials[0].pledge_text, saved.materials[0].situations) == ("本人承诺\n属实。", ("S1",))
    assert (saved.flow[0].joint, saved.flow[0].departments) == ("site_inspection", (other.uscc, BUREAU))


def test_a_joint_act_of_one_department_is_refused(admin):
    draft_put(catalogue(), by="admin1")
    data = filled(admin.get("/catalogue/items/edit/X1/")) | {"stages-0-joint": "site_inspection"}
    answer = admin.post("/catalogue/items/edit/X1/", data)
    assert answer.status_code == 422
    assert answer.context["page_form"].non_field_errors() == [
        "flow.R1: The stage 审核 is a joint act, but names fewer than two departments."
    ]
    assert drafted("X1") == item("X1")


def test_a_department_that_is_not_of_the_stage_cannot_lead_it(admin):
    other = replace(OFFICE, uscc="11430321DEM000022T", name="湘潭县人力资源和社会保障局")
    draft_put([*catalogue(), other], by="admin1")
    data = filled(admin.get("/catalogue/items/edit/X1/")) | {"stages-0-lead": other.uscc}
    answer = admin.post("/catalogue/items/edit/X1/", data)
    assert (answer.status_code, list(answer.context["stages"].errors[0])) == (422, ["lead"])


def test_opening_and_saving_an_item_unchanged_changes_nothing(admin):
    published()
    admin.post("/catalogue/items/edit/X1/", filled(admin.get("/catalogue/items/edit/X1/")))
    assert selectors.draft_difference().changes == ()


def test_a_promise_longer_than_the_law_is_refused_at_its_field(admin):
    draft_put(catalogue(), by="admin1")
    data = filled(admin.get("/catalogue/items/edit/X1/")) | {"promised_value": "31"}
    answer = admin.post("/catalogue/items/edit/X1/", data)
    assert answer.status_code == 422
    assert list(answer.context["page_form"].errors) == ["promised_value"]
    assert drafted("X1") == item("X1")


def test_a_new_item_cannot_replace_one_unseen(admin):
    draft_put(catalogue(), by="admin1")
    data = filled(admin.get("/catalogue/items/edit/X1/")) | {"item_code": "X2"}
    answer = admin.post("/catalogue/items/new/", data)
    assert (answer.status_code, list(answer.context["page_form"].errors)) == (422, ["item_code"])
    assert admin.post("/catalogue/items/new/", data | {"item_code": "X9"}).status_code == 302
    assert drafted("X9").department == BUREAU


def test_withdrawing_an_item_takes_its_grants_along(admin):
    draft_put(catalogue(), by="admin1")
    admin.post("/catalogue/items/withdraw/X1/")
    assert (selectors.draft_holds("item", "X1"), selectors.draft_holds("grant", "G1")) == (False, False)


def test_a_front_loaded_grant_that_decides_is_refused(admin):
    draft_put(catalogue(), by="admin1")
    data = {"code": "G2", "item_code": "X1", "mode": "front_loaded", "powers": ["accept", "decide"], "level": "village",
            "below": "430321000000"}  # fmt: skip
    answer = admin.post("/catalogue/grants/new/", data)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["powers"])
    assert admin.post("/catalogue/grants/new/", data | {"powers": ["accept"]}).status_code == 302
    assert isinstance(grant := selectors.draft_get("grant", "G2"), Grant)
    assert grant.powers == ("accept",)


def test_the_calendar_is_taken_over_and_edited_by_hand(admin):
    admin.post("/catalogue/calendar/2025/take/")
    year = selectors.draft_get("calendar", "2025")
    assert isinstance(year, CalendarYear)
    assert len(year.days_off) == 18
    answer = admin.post("/catalogue/calendar/2025/", {"days_off": "2025-10-01\n2025-10-04", "make_up_days": ""})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["days_off"])
    admin.post("/catalogue/calendar/2025/", {"days_off": "2025-10-01", "make_up_days": "", "source": "国务院"})
    year = selectors.draft_get("calendar", "2025")
    assert isinstance(year, CalendarYear)
    assert year.source == "国务院"
    assert admin.post("/catalogue/calendar/2099/take/", follow=True).status_code == 200
    assert not selectors.draft_holds("calendar", "2099")


@pytest.mark.parametrize("page", ["", "calendar/"])
def test_a_year_that_is_not_in_force_is_named_with_the_day_until_which_limits_are_exact(admin, page, monkeypatch):
    monkeypatch.setattr(selectors, "today", lambda: date(2026, 10, 31))
    published()
    answer = admin.get(f"/catalogue/{page}")
    body = " ".join(answer.content.decode().split())
    assert "The calendar of 2027 is not in force yet." in body
    assert "Limits are exact until 31 December 2026" in body
    assert (answer.context["outlook"].urgent, "alert-info" in body) == (False, True)
    monkeypatch.setattr(selectors, "today", lambda: date(2026, 11, 1))
    assert "alert-warning" in admin.get(f"/catalogue/{page}").content.decode()
    draft_put([CalendarYear(year=2027, days_off=(), make_up_days=())], by="admin1")
    assert "2027 is in the draft: publish it" in admin.get(f"/catalogue/{page}").content.decode()
    release_publish(by="admin1", note="2027")
    assert "not in force yet" not in admin.get(f"/catalogue/{page}").content.decode()


def test_publishing_needs_the_confirmation_and_the_draft_that_was_shown(admin):
    draft_put(catalogue(), by="admin1")
    page = admin.get("/catalogue/changes/")
    mark = page.context["form"]["mark"].value()
    assert admin.post("/catalogue/publish/", {"mark": mark, "note": "初版"}).status_code == 422
    draft_put([item("X1", days=4)], by="admin2")
    admin.post("/catalogue/publish/", {"mark": mark, "note": "初版", "sure": "on"})
    assert Release.objects.count() == 0
    mark = selectors.draft_mark()
    admin.post("/catalogue/publish/", {"mark": mark, "note": "初版", "sure": "on"})
    assert [(one.number, one.made_by, one.note) for one in Release.objects.all()] == [(1, "the-county_admin", "初版")]


def test_a_recall_is_shown_before_it_is_done(admin):
    published()
    draft_put([item("X1", days=3)], by="admin1")
    release_publish(by="admin1")
    page = admin.get("/catalogue/releases/2/recall/")
    assert [(one.sort, one.key) for one in page.context["change"].changes] == [("changed", "X1")]
    assert item_get("X1").promised_limit.value == 3
    admin.post("/catalogue/releases/2/recall/", {"note": "期限有误", "sure": "on"})
    assert item_get("X1").promised_limit.value == 5
    assert admin.get("/catalogue/releases/1/recall/").status_code == 404
