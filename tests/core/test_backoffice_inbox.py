"""The inbox page of the county's host: two towns, two departments, nobody else's work."""

import pytest
from django.test import Client
from django_tenants.utils import tenant_context

from core.county.workqueue.models import Task
from core.domain.cases import services
from core.domain.staff.models import User
from tenants.models import Tenant
from tests.core import offices
from tests.core.conftest import TownMaker
from tests.core.offices import CIVIL, HEALTH, officer, village_case
from tests.domain import build

HOST = "county.localhost"


@pytest.fixture
def county(tenant: Tenant) -> Tenant:
    offices.catalogue()
    return tenant


def browser(user: User) -> Client:
    client = Client(HTTP_HOST=HOST)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def numbers(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/inbox/{query}")
    assert response.status_code == 200
    return [line.task.number for line in response.context["lines"]]


def test_cases_of_two_towns_lie_on_one_desk_and_not_on_the_other_departments(
    county, town: TownMaker, settings, monkeypatch
):
    other = town(1)
    first = village_case(county, settings, monkeypatch)
    second = village_case(other, settings, monkeypatch)
    civil, health = browser(officer("rev1", "reviewer", CIVIL)), browser(officer("doc1", "reviewer", HEALTH))
    assert numbers(civil) == [first.number, second.number]
    assert numbers(civil, f"?tenant={other.code}") == [second.number]
    assert numbers(health) == []


def test_departments_of_one_stage_have_the_case_in_parallel_until_each_has_spoken(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch, offices.JOINT)
    civil, health = browser(officer("rev1", "reviewer", CIVIL)), browser(officer("doc1", "reviewer", HEALTH))
    assert numbers(civil) == numbers(health) == [state.number]
    with tenant_context(county):
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    assert (numbers(civil), numbers(health)) == ([], [state.number])


def test_the_page_says_the_light_in_words_and_no_applicants_name(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch)
    page = browser(officer("rev1", "reviewer", CIVIL)).get("/inbox/").content.decode()
    assert "yz-light-green" in page and "高龄津贴" in page and "易俗河镇" in page
    assert "陈秀英" not in page and build.CITIZEN not in page


def test_ticked_cases_are_taken_and_given_back(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch)
    client = browser(officer("rev1", "reviewer", CIVIL))
    task = Task.objects.get()
    answer = client.post("/inbox/assign/", {"task": [task.pk], "take": "1", "back": "/inbox/?who=unassigned"})
    assert answer["Location"] == "/inbox/?who=unassigned"
    assert Task.objects.get().assignee == "rev1"
    assert numbers(client, "?who=mine") and not numbers(client, "?who=unassigned")
    client.post("/inbox/assign/", {"task": [task.pk], "assignee": "", "back": "https://elsewhere.example/"})
    assert Task.objects.get().assignee == ""


def test_a_case_is_not_given_to_somebody_of_another_department(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch)
    client = browser(officer("rev1", "reviewer", CIVIL))
    officer("doc1", "reviewer", HEALTH)
    answer = client.post("/inbox/assign/", {"task": [Task.objects.get().pk], "assignee": "doc1"}, follow=True)
    assert Task.objects.get().assignee == ""
    assert answer.status_code == 200 and "alert-danger" in answer.content.decode()


def test_an_assignment_leads_back_to_the_inbox_and_never_to_another_site(county):
    client = browser(officer("rev1", "reviewer", CIVIL))
    answer = client.post("/inbox/assign/", {"back": "//elsewhere.example/inbox/"})
    assert answer["Location"] == "/inbox/"


def test_people_without_a_post_in_the_back_office_are_refused(county):
    assert browser(officer("clerk9", "clerk")).get("/inbox/").status_code == 403
    assert Client(HTTP_HOST=HOST).get("/inbox/").status_code == 302


def test_an_address_somebody_made_up_shows_the_first_page(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    client = browser(officer("rev1", "reviewer", CIVIL))
    assert numbers(client, "?after=yesterday_x") == [state.number]
    assert numbers(client, "?after=9999-12-31_1") == []
    assert numbers(client, "?after=2026-01-01_99999999999999999999999") == [state.number]


def test_the_overview_counts_tasks_and_tenants_for_those_who_run_the_county(
    county, town: TownMaker, settings, monkeypatch
):
    town(1)
    village_case(county, settings, monkeypatch, offices.JOINT)
    context = browser(officer("adm1", "county_admin")).get("/overview/").context
    assert (context["tenants"], dict(context["lights"])["green"]) == (2, 2)
    assert [(row.department, row.total) for _, row in context["departments"]] == [(CIVIL, 1), (HEALTH, 1)]
    assert browser(officer("rev1", "reviewer", CIVIL)).get("/overview/").status_code == 403


def test_the_first_page_of_the_host_is_the_inbox_for_officers_and_the_overview_for_administrators(county):
    assert browser(officer("rev1", "reviewer", CIVIL)).get("/")["Location"] == "/inbox/"
    assert browser(officer("adm1", "county_admin")).get("/")["Location"] == "/overview/"
