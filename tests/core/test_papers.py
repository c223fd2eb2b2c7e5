"""Papers on the core: at a hall's window, in the back office, and their codes checked under every host name."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory
from django_tenants.utils import tenant_context

from core.counter.papers import paper_of
from core.counter.verifying import COUNTY, UNKNOWN
from core.counter.views.papers import paper_response
from core.county.known import case_known, tenant_of_number
from core.county.registry.keys import core_identity
from core.domain.cases import services
from core.domain.cases.numbering import case_number
from core.domain.cases.receipt import receipt_payload
from core.domain.cases.state import CaseState
from core.domain.journal.clock import today
from core.domain.journal.place import here
from tenants.connection import connection
from tenants.models import Tenant
from tests.core.offices import CIVIL, catalogue, officer, village_case
from tests.domain import build

HALL = "yisuhe.localhost"
OFFICER = build.REVIEWER


@pytest.fixture
def case(tenant: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> CaseState:
    """A village's case, now the county's; the connection stands in public."""
    settings.VAR_DIR = tmp_path
    settings.LANGUAGE_CODE = "en"
    catalogue()
    officer("rev1", "reviewer", CIVIL)
    return village_case(tenant, settings, monkeypatch)


def code_of(number: str) -> str:
    identity = core_identity()
    return receipt_payload(number=number, signer=identity.signer, signed_card=identity.signed_card)


@pytest.mark.parametrize("host", [HALL, django_settings.COUNTY_HOST])
def test_a_code_is_proven_under_every_host_name_without_a_login(case: CaseState, host: str) -> None:
    page = Client(headers={"host": host}).post("/verify/", {"payload": code_of(case.number)})
    text = page.content.decode()
    assert page.status_code == 200
    assert "yz-verdict-yes" in text
    assert "The county has this case." in text
    assert "陈秀英" not in text


def test_the_county_looks_in_the_one_schema_the_number_belongs_to(case: CaseState, tenant: Tenant) -> None:
    assert tenant_of_number(case.number) == tenant
    known = case_known(case.number, "")
    assert (known.where, known.status, known.revoked) == (COUNTY, case.status, False)
    assert connection.schema_name == "public"


def test_a_number_of_no_tenant_is_unknown_and_public_is_not_asked(case: CaseState) -> None:
    number = case_number(service_point="430399100000-01", day=today(), serial=1)
    assert tenant_of_number(number) is None
    assert case_known(number, "").where == UNKNOWN


def test_a_number_whose_schema_is_gone_is_unknown(case: CaseState, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(schema_name="t_gone")
    assert case_known(case.number, "").where == UNKNOWN


def test_the_back_office_prints_a_notice_in_the_departments_name(case: CaseState, tenant: Tenant) -> None:
    connection.set_tenant(tenant)
    state = services.clock_stop(
        case_id=case.id, actor=OFFICER, procedure="hearing", text="申请人要求听证。", expected_days=15
    )
    request = RequestFactory().get("/")
    with tenant_context(tenant):
        response = paper_response(request, state, "special_procedure", here=here(), back="/back/")
        assert paper_response(request, state, "delivery", here=here(), back="/back/") is None
    assert response is not None
    connection.set_schema_to_public()
    assert isinstance(response, TemplateResponse)
    text = response.render().content.decode()
    assert "湘潭县民政局" in text
    assert "特别程序告知书" in text
    assert "申请人要求听证。" in text
    assert 'href="/back/"' in text


def test_an_officer_of_the_county_issues_for_the_department_and_not_through_the_hall(
    case: CaseState, tenant: Tenant
) -> None:
    connection.set_tenant(tenant)
    state = services.clock_stop(case_id=case.id, actor=OFFICER, procedure="testing", text="检测。", expected_days=7)
    paper = paper_of("special_procedure", state, here=here(), today=today())
    assert paper is not None
    assert (paper.office, paper.through) == ("湘潭县民政局", "")
