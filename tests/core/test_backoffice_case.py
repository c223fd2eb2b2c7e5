"""One case at the county: who may open it, what they may do, what is on record of it."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django_tenants.utils import tenant_context

from core.county.backoffice.forms import ActForm
from core.county.backoffice.views import case as case_views
from core.county.workqueue.models import CaseAccess, Task
from core.domain.cases import models, selectors, services
from core.domain.cases.intake import Handed
from core.domain.journal.bodies import AttachmentRef
from core.domain.journal.models import Attachment, Entry, OutboxItem
from core.domain.staff.services import membership_grant
from tenants.connection import connection
from tenants.models import Tenant
from tests.core import offices
from tests.core.offices import CIVIL, HEALTH, officer, url, village_case
from tests.core.test_backoffice_inbox import browser
from tests.domain import build


@pytest.fixture
def county(tenant: Tenant) -> Tenant:
    offices.catalogue()
    return tenant


@pytest.fixture
def reviewer(county: Tenant) -> Client:
    return browser(officer("rev1", "reviewer", CIVIL))


def status(tenant: Tenant, case_id: UUID) -> tuple[str, str]:
    with tenant_context(tenant):
        case = models.Case.objects.get(pk=case_id)
    return case.status, case.custodian


def opinion(department: str = CIVIL, verdict: str = "pass", text: str = "") -> dict[str, str]:
    return {"opinion-department": department, "opinion-verdict": verdict, "opinion-text": text}


DECISION = {"decide-granted": "yes", "decide-result_number": "潭民〔2026〕1号", "decide-text": "", "decide-basis": ""}


def form_of(answer: Any, act: str) -> ActForm:
    """The form of an act as the page shows it."""
    form: ActForm = next(panel.form for panel in answer.context["panels"] if panel.act == act)
    return form


def entries(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return Entry.objects.count()


def test_an_officer_of_the_department_opens_the_case_and_the_audit_says_so(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    answer = reviewer.get(url(county, state.id), REMOTE_ADDR="10.1.2.3")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "陈秀英" in page and "身份证" in page and "6217" in page
    row = CaseAccess.objects.get()
    assert (row.staff_code, row.tenant_code, row.case_id, row.act, row.reason, row.address) == (
        "rev1", county.code, state.id, "open", "task", "10.1.2.3",
    )  # fmt: skip
    assert connection.schema_name == "public"


@pytest.mark.parametrize(
    ("role", "department", "tenant_code", "expected"),
    [
        ("reviewer", HEALTH, "", 404),
        ("reviewer", CIVIL, "430321999000", 404),
        ("supervisor", "", "430321999000", 404),
        ("county_admin", "", "", 403),
        ("clerk", "", "430321100000", 403),
        ("supervisor", "", "", 200),
    ],
)
def test_a_case_is_shown_to_its_departments_and_to_supervision_only(
    county, settings, monkeypatch, role, department, tenant_code, expected
):
    state = village_case(county, settings, monkeypatch)
    client = browser(officer("who", role, department, tenant_code=tenant_code))
    answer = client.get(url(county, state.id))
    assert answer.status_code == expected
    assert CaseAccess.objects.count() == (1 if expected == 200 else 0)
    if expected != 200:
        assert "陈秀英" not in answer.content.decode()
        before = entries(county)
        assert client.post(url(county, state.id, "opinion"), opinion()).status_code == expected
        assert entries(county) == before


def test_a_case_of_one_town_is_not_found_in_another(county, town, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    assert reviewer.get(url(town(1), state.id)).status_code == 404
    assert reviewer.get(f"/inbox/430321999000/{state.id}/").status_code == 404
    assert not CaseAccess.objects.exists()


def test_supervision_sees_who_entered_the_case_and_may_only_urge(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    reviewer.get(url(county, state.id))
    answer = browser(officer("sup1", "supervisor")).get(url(county, state.id))
    assert answer.context["offer"].acts == {"urge"}
    assert [line.row.staff_code for line in answer.context["accesses"]] == ["sup1", "rev1"]
    assert CaseAccess.objects.latest("at").reason == "supervision"


def test_the_line_of_a_case_from_opinion_to_decision_gives_it_back_to_the_village(
    county, reviewer, settings, monkeypatch
):
    state = village_case(county, settings, monkeypatch)
    for _stage in range(2):
        answer = reviewer.post(url(county, state.id, "opinion"), opinion(text="情况属实"))
        assert answer["Location"] == url(county, state.id)
    assert Task.objects.get().power == "decide"
    decider = browser(officer("app1", "approver", CIVIL))
    assert decider.post(url(county, state.id, "decide"), DECISION).status_code == 302
    assert status(county, state.id) == ("completed", state.opened_by)
    assert not Task.objects.exists()
    with tenant_context(county):
        waiting = OutboxItem.objects.filter(audience=state.opened_by, entry__author="core").order_by("pk")
        kinds = list(waiting.values_list("entry__kind", flat=True))
        decision = selectors.case_state(state.id).decision
    assert kinds[-3:] == ["case.decided", "case.completed", "case.forwarded"]
    assert decision is not None and (decision.by, decision.result_number) == ("app1", "潭民〔2026〕1号")
    # The page stays readable to the department, with nothing left to do on it.
    page = decider.get(url(county, state.id))
    assert page.status_code == 200 and page.context["offer"].acts == {"note", "urge"}


def test_whoever_reviewed_may_not_decide_and_is_told_who_may(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    both = browser(officer("app1", "approver", CIVIL))
    officer("app2", "approver", CIVIL)
    for _stage in range(2):
        both.post(url(county, state.id, "opinion"), opinion())
    page = both.get(url(county, state.id))
    assert page.context["offer"].same_person and "decide" not in page.context["offer"].acts
    assert "app2姓名" in page.content.decode()
    before = entries(county)
    answer = both.post(url(county, state.id, "decide"), DECISION)
    assert answer.status_code == 409 and "alert-danger" in answer.content.decode()
    assert (entries(county), status(county, state.id)[0]) == (before, "under_review")


def test_another_departments_approver_neither_decides_nor_speaks_for_it(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch, offices.JOINT)
    doctor = browser(officer("doc1", "approver", HEALTH))
    answer = doctor.post(url(county, state.id, "opinion"), opinion(CIVIL))
    assert answer.status_code == 422
    assert doctor.post(url(county, state.id, "opinion"), opinion(HEALTH)).status_code == 302
    browser(officer("rev1", "reviewer", CIVIL)).post(url(county, state.id, "opinion"), opinion())
    before = entries(county)
    assert doctor.post(url(county, state.id, "decide"), DECISION).status_code == 409
    assert (entries(county), status(county, state.id)[0]) == (before, "under_review")


def test_a_post_in_another_department_gives_no_power_in_this_one(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    client = browser(officer("rev1", "reviewer", CIVIL))
    membership_grant(user_code="rev1", role="approver", department=HEALTH)
    with tenant_context(county):
        for _stage in range(2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
        models.Case.objects.get(pk=state.id)
    page = client.get(url(county, state.id))
    assert "decide" not in page.context["offer"].acts


def test_an_objection_needs_reasons_and_keeps_what_was_typed(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    before = entries(county)
    answer = reviewer.post(url(county, state.id, "opinion"), opinion(verdict="object"))
    assert answer.status_code == 422
    assert form_of(answer, "opinion").errors["text"]
    assert entries(county) == before


def test_a_denial_needs_reasons(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    with tenant_context(county):
        for _stage in range(2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    decider = browser(officer("app9", "approver", CIVIL))
    assert decider.post(url(county, state.id, "decide"), {**DECISION, "decide-granted": "no"}).status_code == 422
    told = {**DECISION, "decide-granted": "no", "decide-text": "不符合年龄条件"}
    assert decider.post(url(county, state.id, "decide"), told).status_code == 302
    with tenant_context(county):
        decision = selectors.case_state(state.id).decision
    assert decision is not None and (decision.granted, decision.text) == (False, "不符合年龄条件")


def test_the_county_accepts_refuses_and_asks_for_what_is_missing(county, reviewer, settings, monkeypatch):
    states = [village_case(county, settings, monkeypatch, build.PERMIT) for _ in range(3)]
    assert reviewer.post(url(county, states[0].id, "accept")).status_code == 302
    assert reviewer.post(url(county, states[1].id, "refuse"), {"refuse-reason": ""}).status_code == 422
    assert reviewer.post(url(county, states[1].id, "refuse"), {"refuse-reason": "不属于本部门"}).status_code == 302
    lacking = {"supplement-lacking": ["M02"], "supplement-text": "照片需近期免冠"}
    assert reviewer.post(url(county, states[2].id, "supplement"), lacking).status_code == 302
    assert [status(county, one.id)[0] for one in states] == ["accepted", "refused", "awaiting_supplement"]
    assert reviewer.post(url(county, states[2].id, "supplement-in")).status_code == 302
    assert status(county, states[2].id)[0] == "submitted"


def test_a_second_click_is_told_that_the_case_has_moved_on(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch, build.PERMIT)
    reviewer.post(url(county, state.id, "accept"))
    before = entries(county)
    answer = reviewer.post(url(county, state.id, "accept"))
    assert answer.status_code == 409 and "alert-danger" in answer.content.decode()
    assert entries(county) == before


def test_a_note_changes_nothing_but_the_timeline(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    before = status(county, state.id)
    reviewer.post(url(county, state.id, "note"), {"note-text": "已电话核实"})
    assert status(county, state.id) == before
    assert "已电话核实" in reviewer.get(url(county, state.id)).content.decode()


def test_an_act_nobody_knows_is_no_page(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    assert reviewer.post(url(county, state.id, "forget")).status_code == 404
    assert reviewer.get(url(county, state.id, "accept")).status_code == 405


def test_a_scan_is_shown_once_it_is_here_and_only_in_its_case(county, reviewer, settings, monkeypatch):
    ref = AttachmentRef(sealed=b"s" * 32, plain=b"p" * 32, size=3, media_type="text/html", name="<b>.html")
    real = build.application
    monkeypatch.setattr(
        build, "application", lambda item: real(item, materials={"M01": Handed(how="received", attachments=(ref,))})
    )
    state = village_case(county, settings, monkeypatch)
    monkeypatch.setattr(build, "application", real)
    other = village_case(county, settings, monkeypatch)
    scan = f"scan/{ref.sealed.hex()}"
    with tenant_context(county):
        # The village's act was played in the core's own tables; at the county its scan would still be under way.
        Attachment.objects.filter(pk=ref.sealed).update(present=False)
    monkeypatch.setattr(case_views, "attachment_plain", lambda sealed: None)
    assert reviewer.get(url(county, state.id, scan)).status_code == 404
    page = reviewer.get(url(county, state.id)).content.decode()
    assert ref.sealed.hex() not in page and "&lt;b&gt;.html" in page
    with tenant_context(county):
        Attachment.objects.filter(pk=ref.sealed).update(present=True)
    monkeypatch.setattr(case_views, "attachment_plain", lambda sealed: b"<script>")
    assert ref.sealed.hex() in reviewer.get(url(county, state.id)).content.decode()
    answer = reviewer.get(url(county, state.id, scan))
    # What a village scanned is downloaded, not run, unless it is a picture or a PDF.
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("application/octet-stream", "attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert reviewer.get(url(county, other.id, scan)).status_code == 404
    assert CaseAccess.objects.filter(act="attachment").count() == 3
