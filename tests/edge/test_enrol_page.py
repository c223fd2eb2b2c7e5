"""What the counter says on a machine that may not take new work."""

from collections.abc import Iterator

import msgspec
import pytest
from django.test import Client

from core.domain.staff.models import User
from core.exchange.keyring import keys_keep
from edge_node import enrolment
from edge_node.identity import identity_forget, keys_folder
from tests.enrolling import VILLAGE, card, county, keys_new

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def machine(settings, tmp_path) -> Iterator[None]:
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    settings.HERE = "edge_node.identity.here"
    identity_forget()
    yield
    identity_forget()


def page(client: Client) -> tuple[int, str]:
    client.cookies["django_language"] = "en"
    answer = client.get("/")
    return answer.status_code, answer.content.decode()


def agent(client: Client) -> Client:
    client.force_login(User.objects.get(code="agent1"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_enrolled_counter_works(client):
    enrolment.response_apply(county().response(card(VILLAGE, keys_keep(keys_folder()))))
    assert page(agent(client))[0] == 200


def test_a_revoked_counter_says_so_and_what_to_do(client):
    home, keys = county(), keys_keep(keys_folder())
    mine = card(VILLAGE, keys)
    enrolment.response_apply(home.response(mine))
    enrolment.cards_apply((home.signed(msgspec.structs.replace(mine, revoked=True, serial=2)),))
    identity_forget()
    status, words = page(agent(client))
    assert status == 403
    assert "may not take new work" in words and VILLAGE in words and "enrol --again" in words


def test_a_replaced_counter_says_so(client):
    home = county()
    enrolment.response_apply(home.response(card(VILLAGE, keys_keep(keys_folder()))))
    enrolment.cards_apply((home.signed(card(VILLAGE, keys_new(), epoch=2, serial=2)),))
    identity_forget()
    status, words = page(agent(client))
    assert status == 403
    assert "Another machine" in words
