"""An agent whose node was revoked or replaced: it goes on, says so once, and resumes when it is enrolled again."""

import logging
import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from core.domain.cases.services import case_submit
from core.domain.journal.chain import status_open
from core.domain.journal.models import OutboxItem
from core.exchange.keyring import Keys, keys_keep
from edge_node import enrolment
from edge_node.agent import Agent
from edge_node.errors import NodeReplaced
from edge_node.identity import identity, identity_forget, keys_folder
from tests.domain import build
from tests.edge.agents import agent_on
from tests.enrolling import VILLAGE, County, card, county, keys_new

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def machine_folder(settings, tmp_path) -> Iterator[None]:
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    settings.HERE = "edge_node.identity.here"
    identity_forget()
    yield
    identity_forget()


@pytest.fixture
def keys(machine_folder) -> Keys:
    return keys_keep(keys_folder())


@pytest.fixture
def home(keys) -> County:
    home = county()
    enrolment.response_apply(home.response(card(VILLAGE, keys, device_id="")))
    identity_forget()
    build.catalogue()
    return home


@pytest.fixture
def agent(home, tmp_path) -> Iterator[Agent]:
    with agent_on(tmp_path / "exchange") as one:
        yield one


def hold(home: County, keys: Keys, **more: object) -> None:
    enrolment.cards_apply([home.signed(card(VILLAGE, keys, device_id="", **more))])
    identity_forget()


def test_a_revoked_node_goes_on_reporting_and_seals_nothing(agent, home, keys, caplog):
    case_submit(application=build.application(build.CARD), actor=build.AGENT)
    OutboxItem.objects.update(queued_at_ms=1)
    hold(home, keys, serial=2, revoked=True)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert agent.turn(0.0).sealed == 0
    agent.report()
    said = status_open((agent.machine.folder_out("core") / "status").read_bytes(), keys_verify(agent))
    assert (said.node, said.waiting) == (VILLAGE, OutboxItem.objects.count())
    assert not agent.is_outdated()


def keys_verify(agent: Agent) -> bytes:
    return agent.machine.identity.card.verify_key


def test_a_replaced_nodes_agent_does_nothing_and_does_not_end(agent, home):
    hold(home, keys_new(), epoch=2, serial=2)
    with pytest.raises(NodeReplaced):
        agent.turn(0.0)
    stopped = threading.Event()
    stopped.set()
    agent.run(stopped)
    assert not agent.is_outdated()


def test_a_node_enrolled_again_is_opened_anew(agent, home, keys):
    hold(home, keys, serial=2, revoked=True)
    agent.turn(0.0)
    hold(home, keys, epoch=2, serial=3)
    assert agent.is_outdated()
    # Not stopped, and it ends: agent_run opens the machine anew with its new card.
    agent.run(threading.Event())


def test_a_card_of_the_same_epoch_and_keys_is_followed_without_a_new_start(agent, home, keys):
    mine = identity().card
    enrolment.cards_apply([home.signed(replace(mine, serial=2, addresses=("tcp://10.0.0.9:22000",)))])
    identity_forget()
    agent.turn(0.0)
    assert agent.machine.identity.card.serial == 2
    assert not agent.is_outdated()
