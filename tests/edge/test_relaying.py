"""A town's agent hands the county's order and bundles on to its villages, and only as the county signed them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.exchange.bundles import file_sha256
from core.exchange.keyring import keys_keep
from core.exchange.orders import NAME, Order, OrderedBundle, order_wrap
from edge_node import enrolment
from edge_node.agent import Agent
from edge_node.identity import identity_forget, keys_folder
from edge_node.machine import places
from tests.edge.agents import agent_on
from tests.enrolling import TOWN, VILLAGE, County, card, county, keys_new

pytestmark = pytest.mark.django_db

BUNDLE = "yizhan-0.2.0-bookworm-amd64.tar.zst"


@pytest.fixture
def home(settings, tmp_path) -> Iterator[County]:
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    settings.HERE = "edge_node.identity.here"
    settings.DISK_FLOOR_BYTES = 0
    identity_forget()
    home = county()
    mine = card(TOWN, keys_keep(keys_folder()), level="town", device_id="")
    enrolment.response_apply(home.response(mine, cards=(card(VILLAGE, keys_new(), parent=TOWN),)))
    identity_forget()
    yield home
    identity_forget()


@pytest.fixture
def agent(home, tmp_path) -> Iterator[Agent]:
    with agent_on(tmp_path / "exchange") as one:
        yield one


def folder(name: str) -> Path:
    made = places().folders / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def offered(data: bytes = b"a bundle") -> Order:
    path = folder("rollout") / BUNDLE
    path.write_bytes(data)
    one = OrderedBundle(name=BUNDLE, size=len(data), sha256=file_sha256(path))
    return Order(serial=7, version="0.2.0", version_made_at="2026-11-22", ordered_at_ms=1, ring=0, bundles=(one,))


def give(home: County, order: Order) -> bytes:
    data = order_wrap(home.root, order)
    (folder("catalogue") / NAME).write_bytes(data)
    return data


def sweep(agent: Agent) -> None:
    agent._next_sweep = 0.0
    agent.turn(0.0)


def lying(name: str) -> list[str]:
    return sorted(path.name for path in folder(name).iterdir())


def test_what_the_county_ordered_lies_in_the_towns_own_folders_after_the_agents_turn(agent, home):
    data = give(home, offered())
    sweep(agent)
    assert lying(f"rollout-{TOWN}") == [NAME, BUNDLE]
    assert (folder(f"rollout-{TOWN}") / BUNDLE).read_bytes() == b"a bundle"
    assert (folder(f"catalogue-{TOWN}") / NAME).read_bytes() == data
    assert (folder(f"rollout-{TOWN}") / NAME).read_bytes() == data


def test_what_was_withdrawn_is_gone_there_and_villages_are_told(agent, home):
    order = offered()
    give(home, order)
    sweep(agent)
    data = give(home, replace(order, serial=8, withdrawn=True))
    (folder("rollout") / BUNDLE).unlink()
    sweep(agent)
    assert lying(f"rollout-{TOWN}") == [NAME]
    assert (folder(f"catalogue-{TOWN}") / NAME).read_bytes() == data


def test_an_order_of_another_county_and_what_it_names_are_not_handed_on(agent, home):
    give(county(), offered())
    sweep(agent)
    assert lying(f"rollout-{TOWN}") == []
    assert lying(f"catalogue-{TOWN}") == []
