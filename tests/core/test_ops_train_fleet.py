"""What the county says of its machines for a train to be judged by."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.county.ops.train.reports import fleet_read
from core.county.ops.train.soaking import Report, Rollout
from core.county.registry.models import Node
from core.county.registry.services import address_set, node_revoke
from core.county.workqueue.models import Trouble, TroubleKind
from tests.core.registry_places import LATER, NOW, enrol, villages_make
from tests.enrolling import OTHER, TENANT, VILLAGE

pytestmark = pytest.mark.django_db
MS = 1_795_312_800_000
STATUS = {
    "version": "0.2.0", "release": 7, "health": 1, "made_at_ms": MS, "waiting": 5, "oldest_waiting_s": 61,
    "open_cases": 3, "held": ["core: gap"], "clock_offset_ms": -40, "disk_free": 10, "disk_total": 100,
    "rollout_outcome": "done", "rollout_version": "0.2.0", "rollout_reason": "", "rollout_at_ms": MS - 9000,
}  # fmt: skip


@pytest.fixture(autouse=True)
def places(settings, tmp_path, tenant):
    settings.VAR_DIR = tmp_path
    villages_make()


def trouble(node: str, kind: str = TroubleKind.HELD, **more: object) -> None:
    Trouble.objects.create(
        tenant_code=TENANT, kind=kind, key=f"{node}/1", node=node, reason="forked", since=NOW, **more
    )


def test_a_machine_is_said_as_its_status_and_the_registry_have_it():
    enrol(VILLAGE)
    address_set(service_point=VILLAGE, by="op", at=NOW, ring=0)
    Node.objects.filter(pk=VILLAGE).update(status=STATUS, last_seen=NOW)
    trouble(VILLAGE)
    fleet = fleet_read(at=LATER)
    assert fleet.at == LATER and fleet.nodes == (
        Report(
            node=VILLAGE, name="某村便民服务站", tenant=TENANT, level="village", ring=0, version="0.2.0", release=7,
            health=1, last_contact=NOW, made_at=datetime.fromtimestamp(MS / 1000, UTC), waiting=5, oldest_waiting_s=61,
            open_cases=3,
            held=("core: gap",), held_at_county=(f"{VILLAGE}/1: forked",), clock_offset_ms=-40, disk_free=10,
            disk_total=100,
            rollout=Rollout("done", "0.2.0", "", datetime.fromtimestamp(MS / 1000 - 9, UTC)),
        ),
    )  # fmt: skip


def test_of_a_machine_that_never_spoke_only_its_place_is_known():
    enrol(VILLAGE)
    (report,) = fleet_read(at=NOW).nodes
    assert (report.version, report.made_at, report.last_contact, report.ring) == ("", None, None, 2)


def test_a_status_of_an_older_version_says_nothing_of_what_it_does_not_know():
    enrol(VILLAGE)
    Node.objects.filter(pk=VILLAGE).update(status={"version": "0.1.0", "made_at_ms": MS, "clock_offset_ms": None})
    (report,) = fleet_read(at=NOW).nodes
    assert (report.health, report.waiting, report.held, report.rollout) == (0, 0, (), Rollout())


def test_a_revoked_machine_and_troubles_that_are_over_or_of_another_kind_are_left_out():
    enrol(VILLAGE)
    enrol(OTHER)
    node_revoke(node=OTHER, by="ysh-admin", at=LATER)
    trouble(VILLAGE, resolved_at=NOW)
    trouble(VILLAGE, kind=TroubleKind.STRANDED)
    (report,) = fleet_read(at=NOW).nodes
    assert report.node == VILLAGE and report.held_at_county == ()


def test_three_questions_are_asked_however_many_machines_there_are():
    enrol(VILLAGE)
    enrol(OTHER)
    for node in (VILLAGE, OTHER):
        trouble(node)
        address_set(service_point=node, by="op", at=NOW, ring=1)
    with CaptureQueriesContext(connection) as asked:
        assert len(fleet_read(at=NOW).nodes) == 2
    assert len(asked) == 3


def test_the_command_says_it_as_json_for_the_train_and_as_a_table_for_people():
    enrol(VILLAGE)
    enrol(OTHER)
    Node.objects.filter(pk=VILLAGE).update(status=STATUS, last_seen=NOW)
    said = io.StringIO()
    call_command("fleet", "--json", stdout=said)
    found = json.loads(said.getvalue())
    assert [one["node"] for one in found["nodes"]] == [VILLAGE, OTHER]
    assert found["nodes"][0]["made_at"] == "2026-11-22T02:00:00Z" and found["nodes"][0]["rollout"]["outcome"] == "done"
    said = io.StringIO()
    call_command("fleet", VILLAGE, stdout=said)
    lines = said.getvalue().splitlines()
    assert len(lines) == 2 and lines[1].startswith(VILLAGE) and "core: gap" in lines[1] and "done 0.2.0" in lines[1]
