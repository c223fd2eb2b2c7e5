"""What a node says of itself to the county: what waits, when it falls due, whom it met, how its battery is."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from core.domain.cases.models import Case
from core.domain.cases.services import case_submit
from core.domain.journal.chain import status_open
from core.domain.journal.format import NodeStatus
from core.domain.journal.models import OutboxItem, OutgoingStream
from core.domain.journal.place import CORE
from core.exchange.keyring import keys_keep
from core.exchange.status import battery_percent, network_read
from core.transport.copying import CopyCarrier, cut_set
from core.transport.syncthing import Peer
from edge_node import enrolment
from edge_node.agent import Agent
from edge_node.identity import identity_forget, keys_folder
from tests.domain import build
from tests.edge.agents import agent_on
from tests.enrolling import VILLAGE, card, county

pytestmark = pytest.mark.django_db
SOON = date(2020, 1, 3)


@pytest.fixture
def agent(settings, tmp_path) -> Iterator[Agent]:
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    settings.HERE = "edge_node.identity.here"
    identity_forget()
    keys, home = keys_keep(keys_folder()), county()
    enrolment.response_apply(home.response(card(VILLAGE, keys, device_id="")))
    identity_forget()
    build.catalogue()
    with agent_on(tmp_path / "exchange") as one:
        yield one
    identity_forget()


def said(agent: Agent) -> NodeStatus:
    agent.report()
    data = (agent.machine.folder_out(CORE) / "status").read_bytes()
    return status_open(data, agent.machine.identity.signer.verify_key)


def test_it_names_the_days_on_which_what_waits_falls_due(agent):
    states = [case_submit(application=build.application(build.CARD), actor=build.AGENT) for _ in range(4)]
    # The card is decided on the spot: the last one stays so.
    Case.objects.filter(pk__in=[one.id for one in states[:3]]).update(status="accepted")
    Case.objects.filter(pk=states[0].id).update(promised_due=None, legal_due=SOON)
    Case.objects.filter(pk=states[2].id).update(is_open=False)
    later = Case.objects.get(pk=states[1].id).promised_due
    assert later is not None
    status = said(agent)
    # What is decided or closed waits too, and falls due no more; without a promise the law's day counts.
    assert status.waiting_cases == 4
    assert status.waiting_due == ((SOON.toordinal(), 1), (later.toordinal(), 1))


def test_what_the_county_has_acknowledged_waits_no_longer(agent):
    case_submit(application=build.application(build.CARD), actor=build.AGENT)
    # Not sealed yet, and counted: this may be the last the county hears for days.
    assert said(agent).up_seq == OutboxItem.objects.count() > 0
    OutboxItem.objects.update(queued_at_ms=1)
    assert agent.turn(0.0).sealed
    status = said(agent)
    assert (status.waiting_cases, status.up_seq) == (1, OutboxItem.objects.count())
    OutgoingStream.objects.filter(audience=CORE).update(applied_seq=status.up_seq)
    status = said(agent)
    assert (status.waiting_cases, status.waiting_due) == (0, ())


def test_it_remembers_when_it_last_met_the_next_hop(agent, tmp_path):
    agent.machine.plan = replace(agent.machine.plan, peers=(Peer("DEVICE", CORE),))
    agent.machine.carrier.apply(agent.machine.plan.peers, agent.machine.plan.folders)
    other = CopyCarrier(tmp_path / "exchange", "DEVICE")
    met = dict(said(agent).contacts)[CORE]
    cut_set(tmp_path / "exchange", "DEVICE", cut=True)
    status = said(agent)
    assert (status.connected, status.contacts) == ((), ((CORE, met),))
    assert network_read(agent.machine.places.base)["contacts"] == {CORE: met}
    other.close()


def test_it_says_what_became_of_the_last_version_and_how_it_is(agent, tmp_path, monkeypatch):
    monkeypatch.setenv("YIZHAN_ROLLOUT_DIR", str(tmp_path))
    assert (said(agent).rollout_outcome, said(agent).health) == ("", 0)
    (tmp_path / "facts.json").write_text(json.dumps({
        "version": "0.1.0", "wanted": "0.2.0", "outcome": "rolled_back", "reason": "web: no answer",
        "ended_at": "2026-11-22T02:15:00+00:00",
    }))  # fmt: skip
    status = said(agent)
    assert (status.rollout_outcome, status.rollout_version, status.rollout_reason, status.rollout_at_ms) == (
        "rolled_back", "0.2.0", "web: no answer", 1795313700000,
    )  # fmt: skip


def test_the_battery_is_read_where_there_is_one(tmp_path):
    assert battery_percent(tmp_path) is None
    for name, kind, charge in (("AC", "Mains", ""), ("BAT0", "Battery", "37\n"), ("BAT1", "Battery", "broken")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "type").write_text(f"{kind}\n")
        (tmp_path / name / "capacity").write_text(charge)
    assert battery_percent(tmp_path) == 37
