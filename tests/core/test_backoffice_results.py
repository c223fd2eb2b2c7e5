"""Results nobody has fetched, in all tenants, and the county's figures: computed, never entered."""

from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from core.county.workqueue.models import CaseAccess, CaseFigure, Undelivered
from core.county.workqueue.results import Place, figures_by_tenant, undelivered_page
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.journal.clock import instant_date, today
from core.domain.journal.models import Entry, OutboxItem
from tenants.connection import connection
from tenants.models import Tenant
from tests.core import offices
from tests.core.conftest import TownMaker
from tests.core.offices import CIVIL, officer
from tests.core.test_backoffice_inbox import browser
from tests.core.test_backoffice_procedure import shift
from tests.core.test_workqueue_steps import at, deliver, granted

#: After this many days from taking in, the ten working days of a case decided on its third are over, whatever holidays.
LATE = 30
TOLD = {"urge-text": "请尽快送达", "urge-due": ""}


@pytest.fixture
def county(tenant: Tenant) -> Tenant:
    offices.catalogue()
    return tenant


def numbers(client: Client, query: str = "") -> list[str]:
    return [line.row.number for line in client.get(f"/undelivered/{query}").context["lines"]]


def urgings(tenant: Tenant, state: CaseState) -> int:
    with tenant_context(tenant):
        return len(case_state(state.id).urgings)


def test_results_past_their_day_are_listed_by_service_point_in_all_tenants(
    county, town: TownMaker, settings, monkeypatch
):
    other = town(1)
    first, second = granted(county, settings, monkeypatch), granted(other, settings, monkeypatch)
    admin = browser(officer("adm1", "county_admin"))
    assert numbers(admin) == []
    assert numbers(admin, "?all=1") == [first.number, second.number]
    shift(monkeypatch, LATE)
    answer = admin.get("/undelivered/")
    assert [line.row.number for line in answer.context["lines"]] == [first.number, second.number]
    assert [(row.tenant_code, row.service_point, row.late, row.ready) for _, _, row, _ in answer.context["places"]] == [
        (county.code, first.service_point, 1, 1), (other.code, second.service_point, 1, 1),
    ]  # fmt: skip
    assert numbers(admin, f"?tenant={other.code}&point={second.service_point}") == [second.number]
    page = answer.content.decode()
    assert "陈秀英" not in page and first.applicant.id_number not in page
    # An administrator runs the county; cases are not theirs to open.
    assert [line.url for line in answer.context["lines"]] == ["", ""]
    supervisor = browser(officer("sup1", "supervisor"))
    assert all(line.url for line in supervisor.get("/undelivered/").context["lines"])


def test_each_watches_over_their_own_tenants_and_operators_and_officers_over_none(
    county, town: TownMaker, settings, monkeypatch
):
    other = town(1)
    granted(county, settings, monkeypatch)
    second = granted(other, settings, monkeypatch)
    shift(monkeypatch, LATE)
    local = browser(officer("sup2", "supervisor", tenant_code=other.code))
    assert numbers(local) == [second.number]
    assert numbers(browser(officer("sup3", "supervisor", CIVIL))) == []
    for role, department in (("operator", ""), ("reviewer", CIVIL)):
        client = browser(officer(role, role, department))
        assert [client.get("/undelivered/").status_code, client.post("/undelivered/urge/").status_code] == [403, 403]


def test_ticked_results_are_urged_in_their_tenants_and_the_nodes_are_told(
    county, town: TownMaker, settings, monkeypatch
):
    other = town(1)
    first, second, third = (granted(one, settings, monkeypatch) for one in (county, other, other))
    shift(monkeypatch, LATE)
    admin = browser(officer("adm1", "county_admin"))
    ticked = list(Undelivered.objects.filter(case_id__in=[first.id, second.id]).values_list("pk", flat=True))
    answer = admin.post("/undelivered/urge/", {**TOLD, "result": ticked, "back": "/undelivered/?all=1"})
    assert answer["Location"] == "/undelivered/?all=1"
    assert [urgings(county, first), urgings(other, second), urgings(other, third)] == [1, 1, 0]
    with tenant_context(other):
        (urging,) = case_state(second.id).urgings.values()
        waiting = OutboxItem.objects.filter(audience=second.opened_by, entry__kind="case.urged")
        assert waiting.count() == 1
    assert (urging.level, urging.text, urging.by, urging.due) == ("urging", "请尽快送达", "adm1", None)
    rows = dict(Undelivered.objects.values_list("case_id", "urged_on"))
    assert rows == {first.id: today(), second.id: today(), third.id: None}
    assert set(CaseAccess.objects.values_list("staff_code", "act", "reason", "case_id")) == {
        ("adm1", "urge", "supervision", first.id), ("adm1", "urge", "supervision", second.id),
    }  # fmt: skip
    assert connection.schema_name == "public"


def test_nobody_is_urged_in_a_tenant_of_others_or_without_words_or_ticks(
    county, town: TownMaker, settings, monkeypatch
):
    other = town(1)
    state = granted(county, settings, monkeypatch)
    shift(monkeypatch, LATE)
    local = browser(officer("sup2", "supervisor", tenant_code=other.code))
    admin = browser(officer("adm1", "county_admin"))
    ticked = {"result": [Undelivered.objects.get().pk]}
    local.post("/undelivered/urge/", {**TOLD, **ticked})
    assert admin.post("/undelivered/urge/", {**TOLD, **ticked, "urge-text": " "}).status_code == 422
    assert admin.post("/undelivered/urge/", TOLD)["Location"] == "/undelivered/"
    assert admin.post("/undelivered/urge/", {**TOLD, "back": "//elsewhere.example/undelivered/"})["Location"] == (
        "/undelivered/"
    )
    assert urgings(county, state) == 0
    with tenant_context(county):
        assert not Entry.objects.filter(kind="case.urged").exists()
    assert not CaseAccess.objects.exists()


def test_a_result_handed_out_meanwhile_is_not_urged(county, settings, monkeypatch):
    state = granted(county, settings, monkeypatch)
    row = Undelivered.objects.get()
    deliver(county, state, settings, monkeypatch, days=5)
    # As if the list had been read before the delivery arrived.
    row.pk = None
    row.save()
    admin = browser(officer("adm1", "county_admin"))
    answer = admin.post("/undelivered/urge/", {**TOLD, "result": [row.pk]}, follow=True)
    assert answer.status_code == 200 and urgings(county, state) == 0
    assert not CaseAccess.objects.exists()


def test_pages_of_results_follow_each_other_without_gap_or_repetition(county):
    day = today()
    made = [
        Undelivered.objects.create(
            tenant_code=county.code, case_id=f"00000000-0000-0000-0000-{number:012d}", number=str(number),
            item_code="A", item_name="A", service_point="x", custodian="x", decided_on=day,
            due=day - timedelta(days=9 - number // 3), updated_at=1,
        )
        for number in range(7)
    ]  # fmt: skip
    place, seen, after = Place(tenants=None), [], None
    for _ in range(3):
        page = undelivered_page(place, today=day, after=after, size=3)
        seen += [row.pk for row in page.rows]
        after = page.following
    assert (seen, after) == ([row.pk for row in made], None)


def test_the_overview_computes_its_figures_from_the_cases(county, town: TownMaker, settings, monkeypatch):
    other = town(1)
    fetched, waiting = granted(county, settings, monkeypatch), granted(county, settings, monkeypatch)
    fetched_at_window = granted(other, settings, monkeypatch)
    deliver(county, fetched, settings, monkeypatch, days=4)
    deliver(other, fetched_at_window, settings, monkeypatch, days=4, how="window")
    shift(monkeypatch, 10)
    admin = browser(officer("adm1", "county_admin"))
    context = admin.get("/overview/").context
    used = sum(CaseFigure.objects.values_list("days_used", flat=True))
    total = context["total"]
    # Two visits where the result was fetched at the window on another day; all three were early.
    assert (total.decided, total.delivered, total.one_visit_share, total.early_share) == (3, 2, 50.0, 100.0)
    assert total.average_days == round(used / 3, 1)
    assert [(row.code, row.decided, row.delivered, row.one_visit) for _, row in context["by_tenant"]] == [
        (county.code, 2, 1, 1), (other.code, 1, 1, 0),
    ]  # fmt: skip
    # The town's clock never goes back, so its second case was taken in after the first one's decision.
    assert instant_date(at(waiting, 3)) == CaseFigure.objects.get(case_id=waiting.id).decided_on
    assert context["late_results"] == 0
    assert admin.get("/overview/?period=last-year").context["total"].decided == 0
    assert admin.get("/overview/?period=never").context["period"] == "month"


def test_figures_of_no_case_are_no_shares(county):
    total, rows = figures_by_tenant(since=today(), until=today())
    assert (total.decided, total.one_visit_share, total.early_share, total.average_days) == (0, None, None, None)
    assert rows == []


def test_the_figures_are_one_statement_however_many_tenants(county, town: TownMaker, settings, monkeypatch):
    for tenant in (county, town(1)):
        granted(tenant, settings, monkeypatch)
    with CaptureQueriesContext(connection) as asked:
        figures_by_tenant(since=today() - timedelta(days=30), until=today() + timedelta(days=30))
    assert ["workqueue_casefigure" in one["sql"] for one in asked].count(True) == 1
    assert len(asked) <= 2  # the other one chooses the schema
