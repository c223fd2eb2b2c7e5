"""Accounts and roles: made by the county, the same on a node, and gone when they are revoked."""

from datetime import date, timedelta

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from core.domain.journal.bodies import MembershipValue, StaffGranted
from core.domain.staff import services
from core.domain.staff.models import Membership, User
from core.domain.staff.selectors import actor_anywhere, actor_at, staff_names

pytestmark = pytest.mark.django_db

TOWN, POINT, OTHER = "430321100000", "430321100200-01", "430321100201-01"
CIVIL = "11430321DEM0000140"
FIRST, LAST = date(2026, 11, 23), date(2026, 12, 4)
DAY = timedelta(days=1)


@pytest.fixture
def user() -> User:
    return services.user_create(code="agent1", name="王芳", password="correct horse", phone="139")


def granted(**more) -> StaffGranted:
    fields = {
        "code": "agent1", "name": "王芳", "password": "argon2$hash", "phone": "139",
        "memberships": (MembershipValue(tenant=TOWN, service_point=POINT, department="", role="village_agent"),),
    }  # fmt: skip
    return StaffGranted(**(fields | more))


def roles(user: User, tenant: str = TOWN, point: str = POINT) -> set[str]:
    return set(actor_at(user, tenant_code=tenant, service_point=point).roles)


def test_the_user_model_is_ours_and_logs_in_by_code():
    assert get_user_model() is User
    assert User.USERNAME_FIELD == "code"


def test_an_account_keeps_a_hash_and_never_the_password(user):
    assert "correct horse" not in user.password
    assert check_password("correct horse", user.password)


def test_making_an_account_again_keeps_its_password_and_takes_the_new_name(user):
    again = services.user_create(code="agent1", name="王芳芳", password="something else")
    assert (again.pk, again.name, again.phone) == (user.pk, "王芳芳", "139")
    assert check_password("correct horse", again.password)


def test_an_account_without_a_password_lets_nobody_in():
    assert not services.user_create(code="x", name="x", password=None).has_usable_password()


def test_a_code_is_given_once(user):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("agent1", "another", "pw")


def test_a_new_password_replaces_the_old(user):
    services.user_set_password(code="agent1", password="battery staple")
    user.refresh_from_db()
    assert check_password("battery staple", user.password) and not check_password("correct horse", user.password)


@pytest.mark.parametrize(("place", "here", "elsewhere_in_town", "in_another_town"), [
    ({"tenant_code": TOWN, "service_point": POINT}, True, False, False),
    ({"tenant_code": TOWN}, True, True, False),
    ({}, True, True, True),
    ({"tenant_code": TOWN, "service_point": OTHER}, False, True, False),
])  # fmt: skip
def test_a_role_counts_at_its_point_its_tenants_points_or_all_of_the_county(
    user, place, here, elsewhere_in_town, in_another_town
):
    services.membership_grant(user_code="agent1", role="clerk", **place)
    assert ("clerk" in roles(user)) is here
    assert ("clerk" in roles(user, point=OTHER)) is elsewhere_in_town
    assert ("clerk" in roles(user, tenant="430321101000", point="430321101000-01")) is in_another_town
    assert actor_anywhere(user).roles == {"clerk"}


def test_granting_twice_is_granting_once_and_revoking_ends_it(user):
    for _ in range(2):
        services.membership_grant(user_code="agent1", role="clerk", tenant_code=TOWN)
    assert Membership.objects.count() == 1
    services.membership_revoke(user_code="agent1", role="clerk", tenant_code=TOWN)
    assert roles(user) == set()


def test_nobody_gets_a_role_without_an_account():
    with pytest.raises(User.DoesNotExist):
        services.membership_grant(user_code="nobody", role="clerk")


def test_an_officer_acts_for_the_departments_of_their_roles(user):
    services.membership_grant(user_code="agent1", role="reviewer", department="11430321DEM0000140")
    services.membership_grant(user_code="agent1", role="approver", department="11430321DEM0000141")
    actor = actor_at(user, tenant_code=TOWN, service_point=POINT)
    assert (actor.code, actor.departments) == ("agent1", frozenset({"11430321DEM0000140", "11430321DEM0000141"}))
    assert actor.has("reviewer", "nothing") and not actor.has("clerk")


def test_an_account_travels_with_its_hash_and_is_the_same_there(user):
    services.membership_grant(user_code="agent1", role="village_agent", tenant_code=TOWN, service_point=POINT)
    value = services.staff_value(user, user.memberships.all())
    password = user.password
    User.objects.all().delete()
    services.staff_apply(value)
    there = User.objects.get(code="agent1")
    assert (there.name, there.phone, there.password, there.is_active) == ("王芳", "139", password, True)
    assert roles(there) == {"village_agent"}


def test_what_the_county_sends_is_all_there_is(user):
    services.membership_grant(user_code="agent1", role="clerk", tenant_code=TOWN)
    for _ in range(2):
        services.staff_apply(granted())
    user.refresh_from_db()
    assert (roles(user), user.password) == ({"village_agent"}, "argon2$hash")
    services.staff_apply(granted(memberships=granted().memberships * 2))
    assert user.memberships.count() == 1
    services.staff_apply(granted(memberships=()))
    assert roles(user) == set()


def test_a_revoked_account_logs_in_no_more_and_keeps_its_name(user):
    request = RequestFactory().post("/")
    assert authenticate(request, username="agent1", password="correct horse") == user
    services.staff_revoke(code="agent1")
    assert authenticate(request, username="agent1", password="correct horse") is None
    assert staff_names({"agent1", "gone"}) == {"agent1": "王芳", "gone": "gone"}
    services.staff_apply(granted())
    assert User.objects.get(code="agent1").is_active


@pytest.fixture
def substitute(user) -> User:
    """Stands in for agent1, an approver, from FIRST to LAST."""
    standing_in = services.user_create(code="agent2", name="李四", password="battery staple")
    post = services.membership_grant(user_code="agent1", role="approver", tenant_code=TOWN, department=CIVIL)
    services.memberships_lend([post], substitute="agent2", instead_of="agent1", since=FIRST, until=LAST)
    return standing_in


@pytest.mark.parametrize(("day", "expected"), [
    (FIRST - DAY, set()), (FIRST, {"approver"}), (LAST, {"approver"}), (LAST + DAY, set()),
])  # fmt: skip
def test_a_post_lent_counts_from_its_first_to_its_last_day(substitute, day, expected):
    actors = [actor_at(substitute, tenant_code=TOWN, service_point=POINT, on=day), actor_anywhere(substitute, on=day)]
    assert [actor.roles for actor in actors] == [expected, expected]


def test_without_a_day_a_post_counts_by_todays_date_in_china(substitute, monkeypatch):
    for day, expected in ((FIRST - DAY, set()), (FIRST, {"approver"}), (LAST + DAY, set())):
        monkeypatch.setattr("core.domain.staff.selectors.today", lambda day=day: day)
        assert roles(substitute) == expected


def test_the_officer_who_is_away_keeps_the_post(substitute, user):
    assert actor_at(user, tenant_code=TOWN, service_point=POINT, on=FIRST).posts == {("approver", CIVIL, "")}


def test_who_stands_in_says_for_whom_unless_the_post_is_their_own_too(substitute):
    def in_place_of() -> tuple[str, str]:
        actor = actor_at(substitute, tenant_code=TOWN, service_point=POINT, on=FIRST)
        return actor.stands_in_for(("approver",), CIVIL), actor.stands_in_for(("reviewer",), CIVIL)

    assert in_place_of() == ("agent1", "")
    services.membership_grant(user_code="agent2", role="approver", tenant_code=TOWN, department=CIVIL)
    assert in_place_of() == ("", "")


def test_a_post_lent_travels_with_its_days_and_ends_by_itself_there(substitute):
    value = services.staff_value(substitute, substitute.memberships.all())
    assert value.memberships == (
        MembershipValue(tenant=TOWN, service_point="", department=CIVIL, role="approver", since=FIRST, until=LAST,
                        instead_of="agent1"),
    )  # fmt: skip
    User.objects.all().delete()
    services.staff_apply(value)
    there = User.objects.get(code="agent2")
    days = [FIRST - DAY, FIRST, LAST, LAST + DAY]
    on = [actor_at(there, tenant_code=TOWN, service_point=POINT, on=day) for day in days]
    assert [actor.has("approver") for actor in on] == [False, True, True, False]
    assert on[1].stands_in_for(("approver",), CIVIL) == "agent1"


def test_a_post_taken_away_is_lent_to_nobody_and_ones_own_stays(substitute):
    services.membership_grant(user_code="agent2", role="approver", tenant_code=TOWN, department=CIVIL)
    place = {"tenant_code": TOWN, "department": CIVIL}
    assert services.membership_revoke(user_code="agent1", role="approver", **place) == ("agent2",)
    assert list(Membership.objects.values_list("user__code", "instead_of", "since")) == [("agent2", "", None)]


def test_posts_given_back_are_the_absent_officers_alone(substitute):
    services.memberships_return(substitute="agent2", instead_of="agent1", since=FIRST)
    assert list(Membership.objects.values_list("user__code", flat=True)) == ["agent1"]


@pytest.mark.parametrize("days", [
    {"since": LAST, "until": FIRST, "instead_of": "agent1"}, {"since": None, "until": LAST, "instead_of": ""},
    {"since": None, "until": None, "instead_of": "agent1"}, {"since": FIRST, "until": None, "instead_of": "agent1"},
])  # fmt: skip
def test_the_database_keeps_no_post_lent_without_days_and_none_that_ends_before_it_begins(user, days):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, tenant_code=TOWN, role="clerk", **days)
    assert not Membership.objects.exists()


def test_the_same_post_is_lent_once_a_day(substitute):
    post = Membership.objects.get(user__code="agent1")
    with pytest.raises(IntegrityError), transaction.atomic():
        services.memberships_lend([post], substitute="agent2", instead_of="agent1", since=FIRST, until=FIRST)
    assert Membership.objects.count() == 2
