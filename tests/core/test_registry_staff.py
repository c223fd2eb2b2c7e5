"""Accounts on their way to the nodes where they count."""

import pytest

from core.county.registry.models import StaffAtNode
from core.county.registry.selectors import cards_forget
from core.county.registry.services import accounts, node_revoke, staff_send
from core.domain.journal.bodies import MembershipValue, StaffGranted, StaffRevoked
from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tests.core.registry_places import NOW, enrol, villages_make, waiting
from tests.enrolling import OTHER, TENANT, TOWN, VILLAGE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    connection.set_schema_to_public()
    villages_make()
    cards_forget()


def person(code: str, role: str, tenant_code: str = "", service_point: str = "") -> User:
    user = user_create(code=code, name="陈大明", password="secret-word")
    membership_grant(user_code=code, role=role, tenant_code=tenant_code, service_point=service_point)
    return user


def staff_waiting(node: str) -> list[StaffGranted | StaffRevoked]:
    return [body for body in waiting(node) if isinstance(body, StaffGranted | StaffRevoked)]


def test_an_enrolled_node_gets_the_accounts_of_its_place_and_its_town():
    person("agent1", "village_agent", TENANT, VILLAGE)
    person("agent2", "village_agent", TENANT, OTHER)
    person("boss", "supervisor", TENANT)
    _, opened = enrol(VILLAGE)
    assert [value.code for value in opened.response.staff] == ["agent1", "boss"]
    assert opened.response.staff[0].memberships == (
        MembershipValue(tenant=TENANT, service_point=VILLAGE, department="", role="village_agent"),
    )


def test_county_wide_accounts_never_leave_the_core():
    person("admin1", "county_admin")
    _, opened = enrol(VILLAGE)
    assert opened.response.staff == ()
    assert staff_send(user="admin1", by="admin1") == 0


def test_only_the_hash_travels_and_only_the_memberships_that_count_there():
    user = person("agent1", "village_agent", TENANT, VILLAGE)
    membership_grant(user_code="agent1", role="clerk", tenant_code=TENANT, service_point=OTHER)
    membership_grant(user_code="agent1", role="operator")
    _, opened = enrol(VILLAGE)
    (value,) = opened.response.staff
    assert value.password == user.password != "secret-word"
    assert [one.service_point for one in value.memberships] == [VILLAGE]


def test_a_change_reaches_every_node_where_the_account_counts_and_no_other():
    for node in (TOWN, VILLAGE, OTHER):
        enrol(node)
    person("agent1", "village_agent", TENANT, VILLAGE)
    assert staff_send(user="agent1", by="admin1") == 1
    assert [body.code for body in staff_waiting(VILLAGE)] == ["agent1"]
    assert staff_waiting(TOWN) == staff_waiting(OTHER) == []


def test_what_a_node_holds_already_is_not_sent_again():
    enrol(VILLAGE)
    person("agent1", "village_agent", TENANT, VILLAGE)
    assert [staff_send(user="agent1", by="a"), staff_send(user="agent1", by="a")] == [1, 0]
    assert staff_send(service_point=VILLAGE, by="a") == 0


def test_a_role_taken_away_revokes_the_account_where_it_counts_no_more():
    enrol(VILLAGE)
    user = person("agent1", "village_agent", TENANT, VILLAGE)
    staff_send(user="agent1", by="admin1")
    accounts.account_withdraw(code="agent1", membership=user.memberships.get().pk, by="admin1")
    assert staff_waiting(VILLAGE)[-1] == StaffRevoked(code="agent1")
    assert not StaffAtNode.objects.exists()


def test_a_shut_account_is_revoked_at_its_nodes_and_comes_back_when_it_is_opened():
    person("agent1", "village_agent", TENANT, VILLAGE)
    enrol(VILLAGE)
    accounts.account_set_active(code="agent1", active=False, by="admin1")
    accounts.account_set_active(code="agent1", active=True, by="admin1")
    sent = staff_waiting(VILLAGE)
    assert [type(body) for body in sent] == [StaffRevoked, StaffGranted]


def test_a_new_password_travels_as_its_hash():
    person("agent1", "village_agent", TENANT, VILLAGE)
    enrol(VILLAGE)
    accounts.account_set_password(code="agent1", password="Zhan-2026-yi", by="admin1")
    (sent,) = staff_waiting(VILLAGE)
    assert isinstance(sent, StaffGranted)
    assert sent.password == User.objects.get(code="agent1").password


def test_a_revoked_node_is_sent_no_accounts():
    enrol(VILLAGE)
    node_revoke(node=VILLAGE, by="admin1", at=NOW)
    person("agent1", "village_agent", TENANT, VILLAGE)
    assert staff_send(user="agent1", by="admin1") == 0
    assert staff_waiting(VILLAGE) == []
