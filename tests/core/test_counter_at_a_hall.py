"""The counter's pages under a hall's own host name: the same screens, the core's own window."""

import pytest
from django.test import Client

from core.domain.cases import services
from core.domain.cases.models import Case
from core.domain.cases.receipt import receipt_verify
from core.domain.cases.selectors import case_state
from core.domain.catalogue.services import release_apply
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tests.conftest import TENANT_CODE
from tests.domain import build

HOST = "yisuhe.localhost"
PASSWORD = "ein langes Wort"
#: A department with no part in the item.
OTHER = "11430321MB1234567A"


@pytest.fixture
def window(tenant, settings, tmp_path):
    """A clerk of the town's hall, logged in at its window; the connection stands in the town's schema."""
    settings.HERE = "core.county.registry.place.here"
    settings.LANGUAGE_CODE = "en"
    settings.VAR_DIR = tmp_path
    connection.set_schema_to_public()
    release_apply(build.release())
    user_create(code="clerk1", name="窗口人员", password=PASSWORD)
    membership_grant(user_code="clerk1", role="clerk", tenant_code=TENANT_CODE)
    client = Client(headers={"host": HOST})
    assert client.post("/login/", {"username": "clerk1", "password": PASSWORD}).status_code == 302
    connection.set_tenant(tenant)
    return client


def typed(**more: str) -> dict[str, str]:
    return {
        "id_number": build.CITIZEN, "name": "陈秀英", "f_bank": "6217", "m_M01": "received", "outcome": "accept",
        "draft": "01900000-0000-7000-8000-000000000001", **more,
    }  # fmt: skip


def test_the_hall_s_first_page_names_the_hall_and_has_no_network_bar(window):
    page = window.get("/").content.decode()
    assert "易俗河镇政务服务大厅" in page
    assert "yz-net" not in page


def test_an_application_taken_in_at_the_hall_stands_in_the_towns_schema_with_a_receipt(window, tenant):
    answer = window.post(f"/intake/{build.HOUSE}/", typed())
    connection.set_tenant(tenant)
    state = case_state(Case.objects.get().pk)
    assert answer["Location"] == f"/cases/{state.id}/receipt/"
    assert (state.status, state.custodian, state.service_point) == ("accepted", "core", f"{TENANT_CODE}-00")
    receipt = window.get(answer["Location"])
    assert receipt.status_code == 200 and "<svg" in receipt.content.decode()


def test_the_halls_receipt_verifies_by_the_countys_root_key(window, tenant, monkeypatch):
    import segno

    from core.county.registry.keys import core_identity

    payloads, make = [], segno.make

    def seen(payload, **more):
        payloads.append(payload)
        return make(payload, **more)

    monkeypatch.setattr(segno, "make", seen)
    window.get(window.post(f"/intake/{build.HOUSE}/", typed())["Location"])
    receipt = receipt_verify(payloads[0], core_identity().root_key)
    assert receipt.card.node == "core"


def test_a_clerk_of_one_town_has_no_role_at_another(window, town):
    other = town(7)
    with connection.cursor() as cursor:
        cursor.execute("SELECT domain FROM tenants_domain WHERE tenant_id = %s", [other.pk])
        host = cursor.fetchone()[0]
    client = Client(headers={"host": host})
    client.post("/login/", {"username": "clerk1", "password": PASSWORD})
    assert client.get("/").status_code == 403


def test_the_console_s_first_page_is_the_first_one_the_person_may_open(window):
    connection.set_schema_to_public()
    membership_grant(user_code="clerk1", role="county_admin")
    client = Client(headers={"host": "county.localhost"})
    client.post("/login/", {"username": "clerk1", "password": PASSWORD})
    answer = client.get("/")
    assert answer.status_code == 302
    assert client.get(answer["Location"]).status_code == 200


def test_a_hall_on_the_core_is_told_what_waits_of_its_own_cases_only(window, tenant):
    own = services.case_submit(application=build.application(build.HOUSE), actor=build.CLERK)
    services.case_urge(case_id=own.id, actor=build.CLERK, level="urging", text="请尽快")
    cards = window.get("/to-do/", headers={"HX-Request": "true"}).context["cards"]
    assert [(card.kind, card.count) for card in cards] == [("urgings", 1)]
    connection.set_tenant(tenant)
    Case.objects.filter(pk=own.id).update(service_point="430321100200-01")
    assert window.get("/to-do/", headers={"HX-Request": "true"}).context["cards"] == []


def test_the_reviewer_of_one_department_is_not_offered_to_decide_as_the_approver_of_another(window, tenant):
    connection.set_schema_to_public()
    for code in ("rev1", "rev2"):
        user_create(code=code, name=code, password=PASSWORD)
        membership_grant(user_code=code, role="reviewer", tenant_code=TENANT_CODE, department=build.USCC)
    membership_grant(user_code="rev2", role="approver", tenant_code=TENANT_CODE, department=OTHER)
    connection.set_tenant(tenant)
    state = services.case_submit(application=build.application(build.PERMIT), actor=build.CLERK)
    one, other = (Client(headers={"host": HOST}) for _ in range(2))
    for client, code in ((one, "rev1"), (other, "rev2")):
        client.post("/login/", {"username": code, "password": PASSWORD})
    assert one.post(f"/cases/{state.id}/acts/accept/").status_code == 302
    for _ in range(2):
        assert "opinion" in other.get(f"/cases/{state.id}/").context["acts"]
        assert one.post(f"/cases/{state.id}/acts/opinion/", {"verdict": "pass"}).status_code == 302
    assert "decide" not in other.get(f"/cases/{state.id}/").context["acts"]
    other.post(f"/cases/{state.id}/acts/decide/", {"granted": "yes"})
    connection.set_tenant(tenant)
    assert case_state(state.id).status == "under_review"


def test_every_act_of_the_counter_is_on_the_halls_case_page_too(window, tenant):
    connection.set_schema_to_public()
    for code, role in (("rev1", "reviewer"), ("app1", "approver")):
        user_create(code=code, name=code, password=PASSWORD)
        membership_grant(user_code=code, role=role, tenant_code=TENANT_CODE, department=build.USCC)
    connection.set_tenant(tenant)
    state = services.case_submit(application=build.application(build.HOUSE), actor=build.CLERK)

    def of(code: str) -> Client:
        client = Client(headers={"host": HOST})
        client.post("/login/", {"username": code, "password": PASSWORD})
        return client

    reviewer, approver = of("rev1"), of("app1")
    stop = {"procedure": "hearing", "text": "听证", "expected_days": "5"}
    assert reviewer.post(f"/cases/{state.id}/acts/stop/", stop).status_code == 302
    assert reviewer.post(f"/cases/{state.id}/acts/resume/").status_code == 302
    for verdict in ("pass", "pass"):
        assert reviewer.post(f"/cases/{state.id}/acts/opinion/", {"verdict": verdict}).status_code == 302
    assert approver.get(f"/cases/{state.id}/").context["acts"][0] == "decide"
    assert approver.post(f"/cases/{state.id}/acts/decide/", {"granted": "yes"}).status_code == 302
    connection.set_tenant(tenant)
    assert case_state(state.id).status == "completed"
    assert [row.waiting.id for row in window.get("/to-deliver/").context["rows"]] == [state.id]
