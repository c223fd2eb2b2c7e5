"""The counter of a town: cases its villages sent, reviewed and decided by two people there."""

import pytest
from django.test import Client

from core.domain.cases import services
from core.domain.cases.selectors import case_state
from core.domain.journal.models import Entry
from core.domain.staff.services import membership_grant, user_create
from tests import place
from tests.domain import build
from tests.edge.counter_desk import PASSWORD, desk

__all__ = ["desk"]
CLERK = build.CLERK


@pytest.fixture
def town(desk, monkeypatch):
    """A promised item the town decides, accepted at the town's window."""
    build.stand(monkeypatch, place.TOWN)
    for code, role in (("rev1", "reviewer"), ("app1", "approver"), ("both", "reviewer"), ("both", "approver")):
        user_create(code=code, name=code, password=PASSWORD)
        membership_grant(user_code=code, role=role, tenant_code=place.TOWN.tenant)
    return services.case_submit(application=build.application(build.HOUSE), actor=CLERK)


def person(code: str) -> Client:
    client = Client()
    client.post("/login/", {"username": code, "password": PASSWORD})
    return client


def acts(client: Client, state) -> list[str]:
    found: list[str] = client.get(f"/cases/{state.id}/").context["acts"]
    return found


def act(client: Client, state, name: str, **typed: str):
    return client.post(f"/cases/{state.id}/acts/{name}/", typed)


def test_reviewer_and_approver_of_a_town_bring_a_case_to_its_result(town):
    reviewer, approver = person("rev1"), person("app1")
    assert acts(reviewer, town)[0] == "opinion"
    assert "decide" not in acts(approver, town)
    act(reviewer, town, "opinion", verdict="pass")
    act(reviewer, town, "opinion", verdict="pass", text="材料属实")
    assert "opinion" not in acts(reviewer, town)
    assert acts(approver, town)[0] == "decide"
    act(approver, town, "decide", granted="yes", result_number="易民〔2026〕1号")
    state = case_state(town.id)
    assert (state.status, state.decision and state.decision.result_number) == ("completed", "易民〔2026〕1号")


def test_whoever_reviewed_is_told_why_they_may_not_decide(town):
    both = person("both")
    act(both, town, "opinion", verdict="pass")
    act(both, town, "opinion", verdict="pass")
    before = Entry.objects.count()
    answer = act(both, town, "decide", granted="yes")
    assert answer.status_code == 422
    assert "Whoever reviewed a case may not decide it (two-post rule)." in answer.content.decode()
    assert Entry.objects.count() == before


def test_a_denial_needs_its_reason(town):
    reviewer, approver = person("rev1"), person("app1")
    act(reviewer, town, "opinion", verdict="pass")
    act(reviewer, town, "opinion", verdict="pass")
    told = "Please write why it is denied: a denial must be reasoned (Art. 38)."
    assert told in act(approver, town, "decide", granted="no").content.decode()
    act(approver, town, "decide", granted="no", text="不符合条件")
    page = approver.get(f"/cases/{town.id}/result/").content.decode()
    assert "Notice of the decision: denied" in page and "行政复议" in page


def test_an_opinion_needs_a_verdict_and_a_return_its_reason(town):
    reviewer = person("rev1")
    assert "Please choose: pass, return or object." in act(reviewer, town, "opinion").content.decode()
    assert "Please fill in: Opinion." in act(reviewer, town, "opinion", verdict="return").content.decode()
    assert case_state(town.id).stages == ()


def test_a_page_part_asked_for_without_a_login_loads_the_login_page_whole(town):
    answer = Client().get("/items/?q=x", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?q=x"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/login/?next=/%3Fq%3Dx")
