"""Limits the county sets: here at once, at each machine by an entry, at a new machine from its first day."""

import pytest
from django.test import Client
from django.urls import reverse

from core.county.registry.models import PolicyValue
from core.county.registry.policies import KINDS
from core.county.registry.selectors import cards_forget
from core.domain.journal.bodies import PolicySet
from core.domain.journal.policy import POLICIES, policy
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tests.core.registry_places import enrol, villages_make, waiting
from tests.enrolling import VILLAGE

pytestmark = pytest.mark.django_db
PAGE = reverse("registry:policies", urlconf="core.county.urls_public")


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    connection.set_schema_to_public()
    villages_make()
    cards_forget()


@pytest.fixture
def admin() -> Client:
    user = user_create(code="admin1", name="周海燕", password="Yizhan-2026")
    membership_grant(user_code="admin1", role="county_admin")
    client = Client(HTTP_HOST="county.localhost", headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def told(node: str) -> list[PolicySet]:
    return [body for body in waiting(node) if isinstance(body, PolicySet)]


def current() -> dict[str, str]:
    return {kind.name: str(policy(kind.name)) for kind in KINDS}


def test_every_policy_a_machine_knows_can_be_set_by_the_county():
    assert {kind.name for kind in KINDS} == set(POLICIES)


def test_a_limit_set_on_the_page_counts_here_and_is_on_its_way_to_every_machine(admin):
    enrol(VILLAGE)
    answer = admin.post(PAGE, current() | {"supplement_days": "20"}, follow=True)
    assert "1 limit was changed" in answer.text
    assert policy("supplement_days") == 20
    assert told(VILLAGE) == [PolicySet(name="supplement_days", value="20")]
    assert PolicyValue.objects.get().set_by == "admin1"


def test_a_machine_that_is_enrolled_later_hears_of_it_too(admin):
    admin.post(PAGE, current() | {"rating_follow_up_days": "3"})
    enrol(VILLAGE)
    assert told(VILLAGE) == [PolicySet(name="rating_follow_up_days", value="3")]


@pytest.mark.parametrize(("name", "value"), [("supplement_days", "0"), ("supplement_days", "61"),
                                             ("retention_days", "6"), ("clock_max_age_hours", "x")])  # fmt: skip
def test_a_value_that_makes_no_sense_changes_nothing(admin, name, value):
    enrol(VILLAGE)
    before = current()
    answer = admin.post(PAGE, before | {name: value})
    assert answer.status_code == 422
    assert current() == before and told(VILLAGE) == [] and not PolicyValue.objects.exists()


def test_sending_the_same_values_again_tells_nobody_anything(admin):
    enrol(VILLAGE)
    assert "Nothing was changed." in admin.post(PAGE, current(), follow=True).text
    assert told(VILLAGE) == []


def test_the_page_is_the_administrators_alone():
    user = user_create(code="op1", name="王强", password="Yizhan-2026")
    membership_grant(user_code="op1", role="operator")
    client = Client(HTTP_HOST="county.localhost")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(PAGE).status_code == 403
