"""Who stands in for an officer who is away: appointed by the county, for some days, in their place (替岗)."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django_tenants.utils import tenant_context

from core.county.backoffice.selectors import officer_at
from core.county.registry import errors as e
from core.county.registry.models import Substitution
from core.county.registry.selectors import cards_forget
from core.county.registry.services import accounts, staff_send, substitute_appoint, substitute_end, substitutions_clear
from core.county.registry.tasks import clear_substitutions
from core.county.workqueue.models import Task
from core.county.workqueue.selectors import desk_of, staff_assignable, staff_holding, staff_on
from core.domain.cases import selectors, services
from core.domain.cases.errors import SamePerson
from core.domain.cases.state import CaseState
from core.domain.journal import clock
from core.domain.journal.bodies import MembershipValue, StaffGranted, StaffRevoked
from core.domain.journal.models import Entry
from core.domain.staff.actors import Actor
from core.domain.staff.models import Membership, User
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tenants.models import Tenant
from tests.core import offices
from tests.core.offices import CIVIL, HEALTH, officer, village_case
from tests.core.registry_places import enrol, villages_make, waiting
from tests.core.test_backoffice_inbox import browser
from tests.enrolling import OTHER, TENANT, VILLAGE

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
URLS = "core.county.urls_public"


@pytest.fixture(autouse=True)
def county(tenant: Tenant, settings, tmp_path) -> Tenant:
    settings.VAR_DIR = tmp_path
    offices.catalogue()
    villages_make()
    cards_forget()
    return tenant


@pytest.fixture
def today() -> date:
    return clock.today()


def person(code: str, role: str, tenant_code: str = "", service_point: str = "", department: str = "") -> User:
    user = user_create(code=code, name=f"{code}姓名", password="Yizhan-2026")
    membership_grant(
        user_code=code, role=role, tenant_code=tenant_code, service_point=service_point, department=department
    )
    return user


def appoint(away: str = "app1", substitute: str = "app2", since: date | None = None, days: int = 7, **more):
    since = since or clock.today()
    return substitute_appoint(
        away=away, substitute=substitute, since=since, until=since + (days - 1) * DAY, by="admin1", **more
    )


def lent(code: str = "app2") -> list[tuple[str, str, str]]:
    rows = Membership.objects.filter(user__code=code).exclude(instead_of="")
    return [(row.role, row.department, row.instead_of) for row in rows.order_by("role")]


def test_who_stands_in_has_all_posts_of_the_absent_officer_and_it_is_on_record_who_ordered_it(today):
    person("app1", "approver", department=CIVIL)
    membership_grant(user_code="app1", role="reviewer", department=CIVIL, tenant_code=TENANT)
    person("app2", "reviewer", department=HEALTH)
    row = appoint()
    assert lent() == [("approver", CIVIL, "app1"), ("reviewer", CIVIL, "app1")]
    assert (row.appointed_by, row.since, row.until, row.ended_at) == ("admin1", today, today + 6 * DAY, None)
    assert row.posts == [["approver", "", "", CIVIL], ["reviewer", TENANT, "", CIVIL]]


def test_one_post_may_be_lent_and_what_they_have_themselves_is_not_lent(today):
    away = person("app1", "approver", department=CIVIL)
    membership_grant(user_code="app1", role="reviewer", department=CIVIL)
    person("app2", "reviewer", department=CIVIL)
    person("app3", "clerk", TENANT)
    appoint()
    assert lent() == [("approver", CIVIL, "app1")]
    appoint(substitute="app3", posts=[away.memberships.get(role="reviewer").pk])
    assert lent("app3") == [("reviewer", CIVIL, "app1")]


def test_roles_over_the_platform_and_posts_in_anothers_place_are_not_lent():
    person("app1", "county_admin")
    person("app2", "clerk", TENANT)
    person("app3", "approver", department=CIVIL)
    with pytest.raises(e.NothingToLend):
        appoint()
    appoint(away="app3", substitute="app1")
    with pytest.raises(e.NothingToLend):
        appoint(away="app1", substitute="app2")
    assert lent() == []


@pytest.mark.parametrize(("change", "expected"), [
    ({"substitute": "app1"}, e.OwnSubstitute("app1")),
    ({"substitute": "nobody"}, e.StaffUnknown("nobody")),
    ({"away": "nobody"}, e.StaffUnknown("nobody")),
    ({"substitute": "shut"}, e.SubstituteShut("shut")),
    ({"days": 91}, e.SubstitutionTooLong(days=91, most=90)),
    ({"posts": []}, e.NothingToLend("app2")),
    ({"substitute": "same"}, e.NothingToLend("same")),
])  # fmt: skip
def test_a_substitution_that_makes_no_sense_is_refused_and_changes_nothing(change, expected):
    for code in ("app1", "same"):
        person(code, "approver", TENANT, VILLAGE, CIVIL)
    enrol(VILLAGE)
    for code in ("app2", "shut"):
        user_create(code=code, name=code, password="x")
    accounts.account_set_active(code="shut", active=False, by="admin1")
    before = len(waiting(VILLAGE))
    with pytest.raises(type(expected)) as refused:
        appoint(**change)
    assert refused.value == expected and len(str(refused.value)) > 8
    assert not Substitution.objects.exists() and not Membership.objects.exclude(instead_of="").exists()
    assert len(waiting(VILLAGE)) == before


def test_days_in_the_past_and_backwards_are_refused_and_ninety_are_allowed(today):
    person("app1", "approver", department=CIVIL)
    person("app2", "clerk", TENANT)
    for since, until, expected in (
        (today - DAY, today, e.SubstitutionPast(since=today - DAY, today=today)),
        (today + DAY, today, e.SubstitutionBackwards(since=today + DAY, until=today)),
    ):
        with pytest.raises(type(expected)) as refused:
            substitute_appoint(away="app1", substitute="app2", since=since, until=until, by="admin1")
        assert refused.value == expected
    assert appoint(days=90).until == today + 89 * DAY


def test_nobody_stands_in_while_they_are_away_themselves_or_twice_on_one_day(today):
    for code in ("app1", "app2", "app3"):
        person(code, "approver", TENANT, "", CIVIL if code == "app1" else HEALTH)
    appoint(away="app2", substitute="app1", since=today + 3 * DAY, days=2)
    with pytest.raises(e.SubstituteAway) as away:
        appoint()
    assert away.value == e.SubstituteAway(user="app2", since=today + 3 * DAY, until=today + 4 * DAY)
    appoint(days=3)
    with pytest.raises(e.SubstitutionOverlaps):
        appoint(since=today + 2 * DAY, days=1)
    appoint(since=today + 5 * DAY, days=2)
    assert Substitution.objects.count() == 3


def test_a_desk_and_whoever_may_be_given_a_task_are_those_of_the_day(today):
    person("app1", "approver", department=CIVIL)
    substitute = person("app2", "clerk", TENANT)
    appoint(since=today + DAY, days=2)
    for day, expected in ((today, False), (today + DAY, True), (today + 2 * DAY, True), (today + 3 * DAY, False)):
        assert (desk_of(substitute, on=day).departments == (CIVIL,)) is expected
        lists = [staff_assignable(tenant_code=TENANT, department=CIVIL, on=day),
                 staff_holding(("approver",), tenant_code=TENANT, department=CIVIL, on=day)]  # fmt: skip
        assert ["app2" in {one.code for one in people} for people in lists] == [expected, expected]
        actor = officer_at(substitute, tenant_code=TENANT, departments=frozenset({CIVIL}), on=day)
        assert actor.stands_in_for(("approver",), CIVIL) == ("app1" if expected else "")
    assert [one.code for one in staff_on(desk_of(User.objects.get(code="app1")))] == ["app1"]


def test_the_node_hears_of_it_beforehand_and_forgets_the_account_when_it_is_over(today):
    person("agent1", "village_agent", TENANT, VILLAGE)
    person("agent2", "village_agent", TENANT, OTHER)
    enrol(VILLAGE)
    appoint("agent1", "agent2", since=today + 2 * DAY, days=3)
    (sent,) = waiting(VILLAGE)
    assert isinstance(sent, StaffGranted) and sent.code == "agent2"
    assert sent.memberships == (
        MembershipValue(tenant=TENANT, service_point=VILLAGE, department="", role="village_agent",
                        since=today + 2 * DAY, until=today + 4 * DAY, instead_of="agent1"),
    )  # fmt: skip
    assert [substitutions_clear(today=today + 4 * DAY), len(waiting(VILLAGE))] == [0, 1]
    Membership.objects.exclude(instead_of="").update(since=today - 2 * DAY, until=today - DAY)
    clear_substitutions(0)
    assert waiting(VILLAGE)[-1] == StaffRevoked(code="agent2")
    assert lent("agent2") == []


def test_what_is_over_is_no_longer_sent_even_before_the_night(today):
    person("agent1", "village_agent", TENANT, VILLAGE)
    person("agent2", "village_agent", TENANT, OTHER)
    enrol(VILLAGE)
    appoint("agent1", "agent2")
    Membership.objects.exclude(instead_of="").update(since=today - 2 * DAY, until=today - DAY)
    assert staff_send(service_point=VILLAGE, by="admin1") == 1
    assert waiting(VILLAGE)[-1] == StaffRevoked(code="agent2")


def test_ending_it_early_ends_it_here_and_at_the_nodes_once():
    person("agent1", "village_agent", TENANT, VILLAGE)
    person("agent2", "village_agent", TENANT, OTHER)
    enrol(VILLAGE)
    row = appoint("agent1", "agent2")
    ended = substitute_end(substitution=row.pk, by="admin2")
    assert (ended.ended_by, ended.appointed_by) == ("admin2", "admin1") and ended.ended_at is not None
    assert lent("agent2") == []
    assert waiting(VILLAGE)[-1] == StaffRevoked(code="agent2")
    with pytest.raises(e.SubstitutionUnknown):
        substitute_end(substitution=row.pk, by="admin2")
    appoint("agent1", "agent2")


def test_a_role_taken_from_the_absent_officer_is_gone_from_who_stands_in_and_ends_it():
    away = person("app1", "approver", department=CIVIL)
    membership_grant(user_code="app1", role="reviewer", department=CIVIL)
    person("app2", "clerk", TENANT)
    row = appoint()
    posts = {post.role: post.pk for post in away.memberships.all()}
    accounts.account_withdraw(code="app1", membership=posts["approver"], by="admin2")
    row.refresh_from_db()
    assert (lent(), row.ended_at) == ([("reviewer", CIVIL, "app1")], None)
    accounts.account_withdraw(code="app1", membership=posts["reviewer"], by="admin2")
    row.refresh_from_db()
    assert (lent(), row.ended_by) == ([], "admin2")


def test_a_post_in_anothers_place_is_not_taken_away_as_if_it_were_ones_own():
    person("app1", "approver", department=CIVIL)
    person("app2", "clerk", TENANT)
    appoint()
    post = Membership.objects.exclude(instead_of="").get()
    accounts.account_withdraw(code="app2", membership=post.pk, by="admin1")
    assert lent() == [("approver", CIVIL, "app1")]


def acting(tenant: Tenant, user: User) -> Actor:
    return officer_at(user, tenant_code=tenant.code, departments=frozenset({CIVIL}))


def reviewed(tenant: Tenant, case_id: UUID, by: User) -> None:
    """Both stages are passed by this person."""
    with tenant_context(tenant):
        for _stage in range(2):
            services.opinion_record(case_id=case_id, actor=acting(tenant, by), verdict="pass")


def state_of(tenant: Tenant, case_id: UUID) -> CaseState:
    with tenant_context(tenant):
        return selectors.case_state(case_id)


def test_a_decision_of_who_stands_in_says_in_whose_place(county, settings, monkeypatch):
    case = village_case(county, settings, monkeypatch).id
    officer("app1", "approver", CIVIL)
    substitute = officer("app2", "reviewer", HEALTH)
    reviewed(county, case, officer("rev1", "reviewer", CIVIL))
    assert not desk_of(substitute).covers(county.code, frozenset({CIVIL}))
    appoint()
    assert desk_of(substitute).covers(county.code, frozenset({CIVIL}))
    with tenant_context(county):
        services.case_decide(case_id=case, actor=acting(county, substitute), granted=True)
    found = state_of(county, case)
    assert found.decision is not None
    assert (found.decision.by, found.decision.instead_of) == ("app2", "app1")
    assert [one.instead_of for stage in found.stages for one in stage.opinions.values()] == ["", ""]


def test_an_opinion_of_who_stands_in_says_in_whose_place(county, settings, monkeypatch):
    case = village_case(county, settings, monkeypatch).id
    officer("app1", "reviewer", CIVIL)
    substitute = officer("app2", "reviewer", HEALTH)
    appoint()
    reviewed(county, case, substitute)
    opinions = [one for stage in state_of(county, case).stages for one in stage.opinions.values()]
    assert [(one.by, one.instead_of) for one in opinions] == [("app2", "app1"), ("app2", "app1")]


def test_who_reviewed_does_not_decide_in_anothers_place_either(county, settings, monkeypatch):
    """The substitute was appointed before they reviewed: the two-post rule is kept for each case."""
    case = village_case(county, settings, monkeypatch).id
    officer("app1", "approver", CIVIL)
    reviewer = officer("app2", "reviewer", CIVIL)
    appoint()
    reviewed(county, case, reviewer)
    assert acting(county, reviewer).stands_in_for(("approver",), CIVIL) == "app1"
    with tenant_context(county):
        before = Entry.objects.count()
        with pytest.raises(SamePerson):
            services.case_decide(case_id=case, actor=acting(county, reviewer), granted=True)
        assert (Entry.objects.count(), selectors.case_state(case).status) == (before, "under_review")


def test_nobody_is_appointed_by_whom_a_waiting_case_could_not_be_decided(county, settings, monkeypatch):
    state = village_case(county, settings, monkeypatch)
    reviewer = officer("app2", "reviewer", CIVIL)
    officer("app1", "approver", CIVIL)
    officer("app3", "clerk", tenant_code=TENANT)
    reviewed(county, state.id, reviewer)
    assert Task.objects.get().power == "decide"
    with pytest.raises(e.ReviewedByThem) as refused:
        appoint()
    assert refused.value == e.ReviewedByThem(user="app2", department=CIVIL, cases=(state.number,))
    assert state.number in str(refused.value)
    assert not Substitution.objects.exists() and lent() == []
    appoint(substitute="app3")
    # With somebody else there who can decide it, the rule of each case is enough.
    appoint()


def address(name: str, **arguments: str) -> str:
    return reverse(f"registry:{name}", urlconf=URLS, kwargs=arguments or None)


@pytest.fixture
def admin() -> Client:
    client = browser(person("admin1", "county_admin"))
    client.cookies["django_language"] = "en"
    return client


def sent(
    user: User, since: date, until: date, substitute: str = "app2", posts: list[int] | None = None
) -> dict[str, object]:
    chosen = posts if posts is not None else [post.pk for post in user.memberships.all()]
    return {"substitute": substitute, "since": since.isoformat(), "until": until.isoformat(), "posts": chosen}


def test_the_page_appoints_shows_and_ends_it(admin, today):
    user = person("app1", "approver", department=CIVIL)
    person("app2", "clerk", TENANT)
    answer = admin.post(address("staff_change", code="app1", what="away"), sent(user, today, today + 2 * DAY))
    assert answer.status_code == 302
    row = Substitution.objects.get()
    page = admin.get(address("staff", code="app1"))
    assert [one["substitute"] for one in page.context["absences"]] == ["app2姓名"]
    assert "Stands in now" in page.content.decode() and "appointed by admin1姓名" in page.content.decode()
    there = admin.get(address("staff", code="app2"))
    assert [one["away"] for one in there.context["standing_in"]] == ["app1姓名"]
    assert [one["role"] for one in there.context["memberships"]] == ["Counter clerk"]
    listed = admin.get(address("staff_list") + "?away=1")
    assert [user.code for user, _posts, _away in listed.context["rows"]] == ["app1"]
    assert "app2姓名 stands in" in listed.content.decode()
    admin.post(address("staff_change", code="app1", what="away_end"), {"substitution": str(row.pk)})
    row.refresh_from_db()
    assert row.ended_by == "admin1"
    assert admin.get(address("staff_list")).context["away_count"] == 0


def test_a_refused_form_keeps_what_was_typed_and_says_why(admin, today):
    user = person("app1", "approver", department=CIVIL)
    person("app2", "clerk", TENANT)
    answer = admin.post(address("staff_change", code="app1", what="away"), sent(user, today - DAY, today))
    assert answer.status_code == 400
    assert answer.context["away"].data["substitute"] == "app2"
    assert "begins today" in answer.content.decode()
    empty = admin.post(address("staff_change", code="app1", what="away"), sent(user, today, today, posts=[]))
    assert "Choose at least one post" in empty.content.decode()
    assert not Substitution.objects.exists()


def test_nobody_but_the_county_administrator_appoints(today):
    user = person("app1", "approver", department=CIVIL)
    person("app2", "clerk", TENANT)
    answer = browser(user).post(address("staff_change", code="app1", what="away"), sent(user, today, today))
    assert answer.status_code == 403
    assert not Substitution.objects.exists()


def test_the_connection_stands_in_public_after_the_cases_were_looked_at(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch)
    officer("app1", "approver", CIVIL)
    officer("app2", "reviewer", CIVIL)
    appoint()
    assert connection.schema_name == "public"
