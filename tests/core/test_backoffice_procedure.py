"""The acts of the whole procedure on the county's case page: what is offered to whom, explained, done and refused."""

import time
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django_tenants.utils import tenant_context

from core.county.workqueue.models import CaseAccess, Task
from core.domain.cases import services
from core.domain.cases.deadlines import WorkCalendar
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.cases.writing import act_on
from core.domain.journal.bodies import MaterialDeferred
from core.domain.journal.clock import instant_date, today
from core.domain.staff.services import memberships_lend
from tenants.models import Tenant
from tests.core import offices
from tests.core.offices import CIVIL, HEALTH, officer, url, village_case
from tests.core.test_backoffice_case import DECISION, entries, form_of, opinion, status
from tests.core.test_backoffice_inbox import browser
from tests.core.test_workqueue_steps import SUPERVISOR, VISIT, visiting
from tests.domain import build

PASSED = {"opinion-department": CIVIL, "opinion-verdict": "pass", "opinion-text": ""}


@pytest.fixture
def county(tenant: Tenant) -> Tenant:
    offices.catalogue()
    return tenant


@pytest.fixture
def reviewer(county: Tenant) -> Client:
    return browser(officer("rev1", "reviewer", CIVIL))


def state_of(tenant: Tenant, case_id: UUID) -> CaseState:
    with tenant_context(tenant):
        return case_state(case_id)


def shift(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """The county's clock is so many days ahead from now on."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + days * 24 * 3600 * 10**9)


def acts(client: Client, tenant: Tenant, state: CaseState) -> set[str]:
    return set(client.get(url(tenant, state.id)).context["offer"].acts)


def test_a_return_names_what_is_wrong_and_why(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    before = entries(county)
    told = opinion(verdict="return", text="银行账号与户名不符")
    answer = reviewer.post(url(county, state.id, "opinion"), told)
    assert answer.status_code == 422 and form_of(answer, "opinion").errors.keys() == {"returned"}
    assert entries(county) == before
    assert (
        reviewer.post(url(county, state.id, "opinion"), {**told, "opinion-returned": ["M01", "bank"]}).status_code
        == 302
    )
    stage = state_of(county, state.id).stages[0]
    assert (stage.opinions[CIVIL].returned, stage.opinions[CIVIL].text) == (("M01", "bank"), "银行账号与户名不符")
    page = reviewer.get(url(county, state.id)).content.decode()
    assert "身份证" in page and "银行账号" in page
    assert list(Task.objects.values_list("power", flat=True)) == ["wait"]


def test_codes_ticked_beside_a_pass_are_not_a_return(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    assert reviewer.post(url(county, state.id, "opinion"), {**PASSED, "opinion-returned": ["M01"]}).status_code == 302
    assert state_of(county, state.id).stages[0].opinions[CIVIL].returned == ()


def test_an_application_nobody_answered_can_only_be_accepted_and_counts_from_its_first_day(
    county, reviewer, settings, monkeypatch
):
    state = village_case(county, settings, monkeypatch, build.PERMIT)
    assert {"accept", "refuse", "supplement"} <= acts(reviewer, county, state)
    shift(monkeypatch, 12)
    assert acts(reviewer, county, state) & {"accept", "refuse", "supplement"} == {"accept"}
    before = entries(county)
    answer = reviewer.post(url(county, state.id, "refuse"), {"refuse-reason": "不属于本部门"})
    assert answer.status_code == 409 and entries(county) == before
    page = reviewer.get("/inbox/")
    assert [line.deemed for line in page.context["lines"]] == [True]
    assert reviewer.post(url(county, state.id, "accept")).status_code == 302
    now = state_of(county, state.id)
    assert (now.status, now.deemed_from) == ("accepted", instant_date(state.opened_at))
    ledgers = reviewer.get(url(county, state.id)).context["ledgers"]
    assert [len(ledger.notes) for ledger in ledgers] == [1, 1]
    assert all(ledger.days[0].day.day == now.deemed_from for ledger in ledgers)


def test_the_law_allows_one_notice_and_the_page_says_so(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch, build.PERMIT)
    lacking = {"supplement-lacking": ["M02"], "supplement-text": "缺照片"}
    assert reviewer.post(url(county, state.id, "supplement"), lacking).status_code == 302
    assert reviewer.post(url(county, state.id, "supplement-in")).status_code == 302
    assert acts(reviewer, county, state) & {"accept", "refuse", "supplement"} == {"accept", "refuse"}
    before = entries(county)
    answer = reviewer.post(url(county, state.id, "supplement"), lacking)
    assert answer.status_code == 409 and entries(county) == before


def test_a_case_is_closed_once_the_day_of_its_notice_has_gone_by_and_not_before(
    county, reviewer, settings, monkeypatch
):
    state = village_case(county, settings, monkeypatch, build.PERMIT)
    reviewer.post(url(county, state.id, "supplement"), {"supplement-lacking": ["M02"], "supplement-text": "缺照片"})
    before = entries(county)
    assert "lapse" not in acts(reviewer, county, state)
    assert reviewer.post(url(county, state.id, "lapse"), {"lapse-reason": ""}).status_code == 409
    assert entries(county) == before
    shift(monkeypatch, 60)
    assert [line.task.power for line in reviewer.get("/inbox/").context["lines"]] == ["lapse"]
    assert reviewer.post(url(county, state.id, "lapse"), {"lapse-reason": "逾期未补正"}).status_code == 302
    assert status(county, state.id)[0] == "lapsed"
    assert not Task.objects.exists()


def test_the_leading_department_calls_the_others_together_before_it_speaks_for_all(county, settings, monkeypatch):
    state = visiting(settings, monkeypatch, county)
    civil, health = browser(officer("rev1", "reviewer", CIVIL)), browser(officer("doc1", "reviewer", HEALTH))
    assert civil.post(url(county, state.id, "accept")).status_code == 302
    assert acts(health, county, state) & {"appoint", "opinion"} == {"appoint"}
    assert acts(civil, county, state) & {"appoint", "opinion"} == set()
    before = entries(county)
    spoken = {**PASSED, "opinion-department": HEALTH}
    assert health.post(url(county, state.id, "opinion"), spoken).status_code == 409
    assert entries(county) == before
    meeting = {
        "appoint-day": "2026-12-01",
        "appoint-time": "09:30",
        "appoint-place": "某村一组",
        "appoint-text": "带图纸",
    }
    assert health.post(url(county, state.id, "appoint"), meeting).status_code == 302
    appointment = state_of(county, state.id).stages[0].appointment
    assert appointment is not None
    assert (appointment.day, appointment.time, appointment.place, appointment.text) == (
        date(2026, 12, 1), "09:30", "某村一组", "带图纸",
    )  # fmt: skip
    assert "某村一组" in civil.get(url(county, state.id)).content.decode()
    assert health.post(url(county, state.id, "opinion"), spoken).status_code == 302
    stage = state_of(county, state.id).stages[0]
    assert set(stage.opinions) == {HEALTH, CIVIL}
    picture = civil.get(url(county, state.id)).context["picture"]
    assert (picture.stages[0].standing, len(picture.stages[0].opinions)) == ("done", 1)
    assert state.item_code == VISIT


def test_a_special_procedure_stops_the_clock_and_is_seen_in_both_ledgers(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    stop = {"stop-procedure": "publicity", "stop-expected_days": "7", "stop-text": "公示七日"}
    before = entries(county)
    assert reviewer.post(url(county, state.id, "stop"), {**stop, "stop-expected_days": "0"}).status_code == 422
    assert entries(county) == before
    assert reviewer.post(url(county, state.id, "stop"), stop).status_code == 302
    assert status(county, state.id)[0] == "suspended"
    assert {"resume", "opinion"} & acts(reviewer, county, state) == {"resume"}
    papers = [paper.name for paper in reviewer.get(url(county, state.id)).context["papers"]]
    assert papers == ["receipt", "special_procedure"]
    answer = reviewer.get(url(county, state.id, "papers/special_procedure"))
    assert answer.status_code == 200 and "公示七日" in answer.content.decode()
    assert CaseAccess.objects.latest("at").act == "paper"
    assert reviewer.get(url(county, state.id, "papers/delivery"))["Location"] == url(county, state.id)
    assert reviewer.get(url(county, state.id, "papers/poem")).status_code == 404
    assert reviewer.post(url(county, state.id, "resume")).status_code == 302
    page = reviewer.get(url(county, state.id))
    assert [len(ledger.notes) for ledger in page.context["ledgers"]] == [1, 1]


def test_more_days_are_asked_by_one_person_and_granted_by_another(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    asked = {"extend-ask-days": "11", "extend-ask-reason": "需实地核查"}
    assert reviewer.post(url(county, state.id, "extend-ask"), asked).status_code == 422
    assert reviewer.post(url(county, state.id, "extend-ask"), {**asked, "extend-ask-days": "10"}).status_code == 302
    assert not {"extend", "extend-decline", "extend-ask"} & acts(reviewer, county, state)
    legal = state_of(county, state.id).updated_at
    decider = browser(officer("app1", "approver", CIVIL))
    assert [line.task.power for line in decider.get("/inbox/").context["lines"]] == ["review", "approve"]
    assert {"extend", "extend-decline"} <= acts(decider, county, state)
    assert decider.post(url(county, state.id, "extend")).status_code == 302
    extended = state_of(county, state.id)
    assert [(one.days, one.by, one.reason) for one in extended.extensions] == [(10, "app1", "需实地核查")]
    assert extended.updated_at > legal and "extend-ask" not in acts(reviewer, county, state)
    notes = {ledger.code: len(ledger.notes) for ledger in reviewer.get(url(county, state.id)).context["ledgers"]}
    assert notes == {"promised": 0, "legal": 1}


def test_whoever_asked_for_more_days_may_not_grant_them_but_take_the_request_back(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    both = browser(officer("app1", "approver", CIVIL))
    both.post(url(county, state.id, "extend-ask"), {"extend-ask-days": "5", "extend-ask-reason": "情况复杂"})
    assert {"extend", "extend-decline"} & acts(both, county, state) == {"extend-decline"}
    before = entries(county)
    assert both.post(url(county, state.id, "extend")).status_code == 409
    assert entries(county) == before
    told = {"extend-decline-reason": "可按期办结"}
    assert both.post(url(county, state.id, "extend-decline"), told).status_code == 302
    assert state_of(county, state.id).extension_asked is None


def owing(county: Tenant, settings: object, monkeypatch: pytest.MonkeyPatch, due: date) -> CaseState:
    """A case through its stages to which a photograph was to follow by that day."""
    state = village_case(county, settings, monkeypatch, build.PERMIT)
    with tenant_context(county):
        with transaction.atomic():
            act_on(state.id, build.REVIEWER).append(MaterialDeferred(material="M02", due=due, commitment="承诺补交"))
        services.case_accept(case_id=state.id, actor=build.REVIEWER)
        for _ in range(2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    return state


def test_nothing_is_granted_while_something_is_to_follow_and_the_page_says_what_and_when(county, settings, monkeypatch):
    due = today() + timedelta(days=3)
    state = owing(county, settings, monkeypatch, due)
    decider = browser(officer("app2", "approver", CIVIL))
    page = decider.get(url(county, state.id))
    assert [(one.name, one.due, one.missed) for one in page.context["standing"].owed] == [("照片", due, False)]
    before = entries(county)
    answer = decider.post(url(county, state.id, "decide"), DECISION)
    assert answer.status_code == 409 and entries(county) == before
    denied = {**DECISION, "decide-granted": "no", "decide-text": "不符合条件"}
    assert decider.post(url(county, state.id, "decide"), denied).status_code == 302


def test_a_case_whose_material_did_not_come_may_be_ended_for_that(county, settings, monkeypatch):
    state = owing(county, settings, monkeypatch, today() + timedelta(days=3))
    reviewer = browser(officer("rev2", "reviewer", CIVIL))
    assert "terminate" not in acts(reviewer, county, state)
    shift(monkeypatch, 4)
    page = reviewer.get(url(county, state.id))
    assert page.context["offer"].causes == ("deferral_missed",)
    ended = {"terminate-cause": "deferral_missed", "terminate-reason": "逾期未补交照片"}
    assert reviewer.post(url(county, state.id, "terminate"), ended).status_code == 302
    now = state_of(county, state.id)
    assert (now.status, now.cause, now.reason) == ("terminated", "deferral_missed", "逾期未补交照片")


def test_a_case_is_ended_with_its_cause_by_an_approver_and_withdrawn_by_word_of_the_applicant(
    county, reviewer, settings, monkeypatch
):
    first, second = (village_case(county, settings, monkeypatch) for _ in range(2))
    assert {"withdraw", "terminate"} & acts(reviewer, county, first) == {"withdraw"}
    assert reviewer.post(url(county, first.id, "withdraw"), {"withdraw-reason": " "}).status_code == 422
    assert reviewer.post(url(county, first.id, "withdraw"), {"withdraw-reason": "本人申请撤回"}).status_code == 302
    decider = browser(officer("app1", "approver", CIVIL))
    offered = decider.get(url(county, second.id)).context["offer"].causes
    assert offered == ("applicant_gone", "impossible", "other")
    ended = {"terminate-cause": "applicant_gone", "terminate-reason": "申请人死亡"}
    assert decider.post(url(county, second.id, "terminate"), ended).status_code == 302
    assert [status(county, one.id)[0] for one in (first, second)] == ["withdrawn", "terminated"]


def test_granting_over_an_objection_needs_words(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch, offices.JOINT)
    doctor = replace(build.REVIEWER, code="doc1", departments=frozenset({HEALTH}))
    with tenant_context(county):
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
        services.opinion_record(case_id=state.id, actor=doctor, verdict="object", text="收入超标")
    decider = browser(officer("app2", "approver", CIVIL))
    before = entries(county)
    answer = decider.post(url(county, state.id, "decide"), DECISION)
    assert answer.status_code == 422 and form_of(answer, "decide").errors.keys() == {"text"}
    assert entries(county) == before
    told = {**DECISION, "decide-text": "已复核,收入合格"}
    assert decider.post(url(county, state.id, "decide"), told).status_code == 302


def test_a_supervisor_urges_and_the_department_answers_on_the_same_page(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    supervisor = browser(officer("sup1", "supervisor"))
    urged = {"urge-level": "supervision", "urge-department": CIVIL, "urge-due": "2026-12-01", "urge-text": "限期办结"}
    assert supervisor.post(url(county, state.id, "urge"), urged).status_code == 302
    assert reviewer.get(url(county, state.id)).context["offer"].levels == ("reminder", "urging")
    page = reviewer.get("/inbox/?urged=1")
    assert ([line.task.urged for line in page.context["lines"]], page.context["urged"]) == ([2], 1)
    before = entries(county)
    assert reviewer.post(url(county, state.id, "urge"), urged).status_code == 422
    assert entries(county) == before
    (key,) = state_of(county, state.id).urgings
    answer = {"answer-urging": str(UUID(key)), "answer-text": "已安排本周办结"}
    assert reviewer.post(url(county, state.id, "answer"), answer).status_code == 302
    page = reviewer.get(url(county, state.id))
    (line,) = page.context["urgings"]
    assert (line.waits, line.answer.text if line.answer else "") == (False, "已安排本周办结")
    assert reviewer.get("/inbox/").context["urged"] == 0


def test_an_urging_of_another_department_is_not_ours_to_answer(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch, offices.JOINT)
    with tenant_context(county):
        services.case_urge(case_id=state.id, actor=SUPERVISOR, level="urging", text="请尽快", department=HEALTH)
    health = browser(officer("doc1", "reviewer", HEALTH))
    assert ["answer" in acts(one, county, state) for one in (reviewer, health)] == [False, True]


def test_a_substitute_signs_in_the_place_of_the_officer_who_is_away(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    away = officer("rev1", "reviewer", CIVIL)
    substitute = browser(officer("sub1", "reviewer", HEALTH))
    memberships_lend(away.memberships.all(), substitute="sub1", instead_of="rev1", since=today(), until=today())
    page = substitute.get(url(county, state.id))
    assert page.context["offer"].stands_in_for == ("rev1",)
    assert "rev1姓名" in page.content.decode()
    assert substitute.post(url(county, state.id, "opinion"), PASSED).status_code == 302
    assert state_of(county, state.id).stages[0].opinions[CIVIL].instead_of == "rev1"


def test_the_days_of_handing_out_stand_in_a_ledger_of_their_own(county, reviewer, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    with tenant_context(county):
        for _ in range(2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
        decided = services.case_decide(case_id=state.id, actor=build.APPROVER, granted=True)
    assert decided.decision is not None
    ledgers = reviewer.get(url(county, state.id)).context["ledgers"]
    assert [ledger.code for ledger in ledgers] == ["delivery", "promised", "legal"]
    handing = ledgers[0].value
    assert (handing.limit, handing.used, handing.light) == (10, 0, "green")
    assert handing.due_on == WorkCalendar().working_day_after(instant_date(decided.decision.at), 10)


def test_whoever_gave_an_opinion_that_was_replaced_since_still_may_not_decide(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    both = browser(officer("app2", "approver", CIVIL))
    both.post(
        url(county, state.id, "opinion"),
        {**opinion(verdict="return", text="照片不清"), "opinion-returned": ["M01"]},
    )
    with tenant_context(county):
        for _ in range(2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    offer = both.get(url(county, state.id)).context["offer"]
    assert (offer.same_person, "decide" in offer.acts) == (True, False)
