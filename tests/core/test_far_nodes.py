"""What the protocol promises when machines are lost, copied, shut out, restored: with real nodes in their processes."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from django_tenants.utils import schema_context

from core.county.registry.keys import core_epoch
from core.county.registry.models import Node
from core.county.registry.services import node_revoke
from core.domain.cases.models import Case
from core.domain.cases.selectors import case_numbers_unknown
from core.domain.journal.models import Cursor, OutboxItem
from tenants.connection import connection
from tests.core import offices
from tests.core.far import County, FarNode, NodeFault, county_open
from tests.core.registry_places import SCHEMA, villages_make
from tests.core.test_registry_pages import _client, address
from tests.enrolling import TOWN, VILLAGE

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(tenant, settings, tmp_path, monkeypatch) -> Iterator[County]:
    settings.VAR_DIR = tmp_path / "core"
    settings.HERE = "core.county.registry.place.here"
    settings.SYNC_LISTEN = "tcp://127.0.0.1:22000"
    connection.set_schema_to_public()
    villages_make()
    offices.catalogue()
    with county_open(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def village(county: County) -> FarNode:
    node = county.node("village")
    assert county.enrol(node, VILLAGE) == 1
    return node


def sealed_for(node: str, kind: str = "") -> int:
    with schema_context(SCHEMA):
        items = OutboxItem.objects.filter(audience=node).exclude(seq=None)
        return items.filter(entry__kind=kind).count() if kind else items.exclude(entry__case_id=None).count()


def page_of(service_point: str) -> str:
    """The service point's page, as the county administrator sees it."""
    connection.set_schema_to_public()
    return _client("admin1", "county_admin").get(address("point", code=service_point)).content.decode()


# The courier


def test_a_village_without_a_line_sends_its_case_and_gets_the_decision_on_a_stick(county, village, tmp_path):
    shutil.rmtree(tmp_path / "exchange")
    stick = tmp_path / "stick"
    stick.mkdir()
    case = village.ask("take")["id"]
    packed = village.ask("manage", command=["courier", "--pack", str(stick), "--json"])
    assert packed["code"] == 0 and json.loads(packed["said"])["copied"] >= 2
    call_command("courier", "--unpack", str(stick))
    with schema_context(SCHEMA):
        assert Case.objects.get(pk=case).status == "accepted"
    assert county.decide(case) == "completed"
    call_command("courier", "--pack", str(stick))
    read = village.ask("manage", command=["courier", "--unpack", str(stick), "--json"])
    assert read["code"] == 0 and json.loads(read["said"])["entries"] >= 5
    assert village.ask("status")["hashes"] == county.hashes()
    assert village.ask("deliver", case=case) == "delivered"
    # Nothing came by any synced folder, and nothing was written into one by its reader.
    assert not list((village.base / "folders" / f"down-{VILLAGE}").glob("e*"))
    assert not list((tmp_path / "core" / "folders" / f"up-{VILLAGE}").glob("e*"))


def test_a_stick_may_be_read_twice_and_says_when_it_is_no_stick(county, village, tmp_path):
    village.ask("take")
    stick = tmp_path / "stick"
    stick.mkdir()
    village.ask("manage", command=["courier", "--pack", str(stick)])
    for _ in range(2):
        call_command("courier", "--unpack", str(stick))
    assert len(county.hashes()) == 1 and county.flags() == []
    with pytest.raises(CommandError) as refused:
        call_command("courier", "--unpack", str(tmp_path / "nothing"))
    assert refused.value.returncode == 2


# Revoking


def test_a_revoked_node_hears_of_it_and_of_nothing_else(county, village):
    case = village.ask("take")["id"]
    county.settle(village)
    county.decide(case)
    connection.set_schema_to_public()
    node_revoke(node=VILLAGE, by="admin", at=timezone.now())
    before = sealed_for(VILLAGE)
    county.look()
    assert sealed_for(VILLAGE) == before
    assert sealed_for(VILLAGE, "cards.changed") == 1
    village.ask("turn")
    with pytest.raises(NodeFault, match="NodeRevoked"):
        village.ask("may_work")
    # It has acknowledged its card: the core shares nothing with it any more.
    assert VILLAGE in county.ingest.machine.plan.writes
    county.look()
    county.look()
    assert Node.objects.get().card_told_at is not None
    assert VILLAGE not in county.ingest.machine.plan.writes
    assert village.ask("status")["hashes"] != county.hashes()


def test_what_a_revoked_node_still_sends_is_not_read(county, village):
    county.settle(village)
    village.ask("take")
    village.ask("turn")
    connection.set_schema_to_public()
    node_revoke(node=VILLAGE, by="admin", at=timezone.now())
    county.look()
    assert county.hashes() == {}


def test_a_revoked_node_that_never_answers_is_given_up_after_thirty_days(county, village):
    node_revoke(node=VILLAGE, by="admin", at=timezone.now())
    county.look()
    assert VILLAGE in county.ingest.machine.plan.writes
    Node.objects.update(revoked_at=timezone.now() - timedelta(days=30, minutes=1))
    county.look()
    assert VILLAGE not in county.ingest.machine.plan.writes


def test_a_revoked_node_enrolled_again_gets_what_it_missed_and_sends_what_it_kept(county, village):
    decided = village.ask("take")["id"]
    county.settle(village)
    kept = village.ask("take")["id"]
    connection.set_schema_to_public()
    node_revoke(node=VILLAGE, by="admin", at=timezone.now())
    county.decide(decided)
    county.settle(village)
    assert kept not in county.hashes()
    assert county.enrol(village, VILLAGE, again=True) == 2
    county.settle(village)
    assert kept in county.hashes()
    assert village.ask("status")["hashes"] == county.hashes()
    assert village.ask("deliver", case=decided) == "delivered"


def test_a_village_keeps_its_link_until_it_has_heard_of_its_new_one(county, village):
    county.settle(village)
    town = county.node("town")
    county.enrol(town, TOWN)
    county.look()
    devices = {one.id: one.devices for one in county.ingest.machine.plan.folders}
    assert len(devices[f"down-{VILLAGE}"]) == 2
    county.settle(village, town)
    devices = {one.id: one.devices for one in county.ingest.machine.plan.folders}
    assert len(devices[f"down-{VILLAGE}"]) == 1
    case = village.ask("take")["id"]
    county.settle(village, town)
    assert case in county.hashes()


# A machine that is lost


def test_a_replacement_gets_the_cases_and_what_the_lost_machine_never_sent_is_listed(county, village):
    first, second = village.ask("take"), village.ask("take")
    county.settle(village)
    lost = village.ask("take")
    county.decide(first["id"])
    village.stop()
    replacement = county.node("replacement")
    assert county.enrol(replacement, VILLAGE) == 2
    county.settle(replacement)
    assert set(county.hashes()) == {first["id"], second["id"]}
    assert replacement.ask("status")["hashes"] == county.hashes()
    assert replacement.ask("deliver", case=first["id"]) == "delivered"
    newest = replacement.ask("take")
    assert int(newest["number"][20:24]) == 1001
    county.settle(replacement)
    with schema_context(SCHEMA):
        unknown = case_numbers_unknown(VILLAGE, epochs_ended=[1])
    assert [(one.first, one.last) for one in unknown] == [(3, None)]
    assert int(lost["number"][20:24]) == 3
    assert "from 3 on" in page_of(VILLAGE)
    assert county.flags() == []


def test_a_rebuild_is_queued_again_by_hand_and_changes_nothing_that_is_there(county, village, capsys):
    village.ask("take")
    county.settle(village)
    connection.set_schema_to_public()
    call_command("rebuild_node", VILLAGE, "--json")
    assert json.loads(capsys.readouterr().out) == {"queued": 5}
    county.settle(village)
    assert village.ask("status")["hashes"] == county.hashes()
    assert village.ask("status")["flags"] == []


def test_a_node_refolds_its_cases_and_mends_what_differs(county, village):
    case = village.ask("take")
    assert village.ask("manage", command=["rebuild", "--json"])["code"] == 0
    village.stop()
    with sqlite3.connect(village.base / "node.sqlite3") as database:
        database.execute("UPDATE cases_case SET state_hash = x'00'")
    found = village.ask("manage", command=["rebuild", "--json"])
    assert found["code"] == 1
    assert json.loads(found["said"]) == {"cases": 1, "different": [case["number"]], "written": 0}
    assert village.ask("manage", command=["rebuild", "--write", "--json"])["code"] == 0
    assert village.ask("manage", command=["rebuild"])["code"] == 0


# Two machines with one identity


def test_a_copied_disk_is_found_out_held_said_and_mended_by_new_keys(county, village, tmp_path):
    village.ask("take")
    county.settle(village)
    copy = village.copied_to(tmp_path / "copy")
    county.nodes.append(copy)
    mine, theirs = village.ask("take")["id"], copy.ask("take")["id"]
    county.settle(village)
    # The copy now writes other bytes under the same numbers.
    copy.ask("turn")
    county.look()
    with schema_context(SCHEMA):
        assert Cursor.objects.get(author=VILLAGE).held_reason == "fork"
    assert mine in county.hashes() and theirs not in county.hashes()
    copy.ask("turn")
    assert copy.ask("status")["refused"] == ["core: fork"]
    village.ask("turn")
    assert village.ask("status")["refused"] == ["core: fork"]
    assert copy.ask("bar")["is_copied"] and village.ask("bar")["is_copied"]
    assert "manage.py enrol --again --new-keys" in page_of(VILLAGE)
    # The way out: one of them gets keys of its own, and what only it held is sent once more.
    assert county.enrol(copy, VILLAGE, again=True, new_keys=True) == 2
    county.settle(copy, rounds=4)
    assert {mine, theirs} <= county.hashes().keys()
    assert copy.ask("status")["hashes"] == county.hashes()
    assert copy.ask("status")["refused"] == []
    # Both had given their next case the same number.
    assert county.flags() == ["number_reused"]
    # The other one is told that it is not the village's machine any more.
    with pytest.raises(NodeFault, match="NodeReplaced"):
        village.ask("turn")
        village.ask("may_work")


# A county restored from a backup


def test_a_county_restored_from_last_nights_backup_has_everything_again(county, village, tmp_path, capsys):
    early = village.ask("take")["id"]
    county.settle(village)
    backup = transaction.savepoint()
    late, decided = village.ask("take")["id"], early
    county.settle(village)
    county.decide(decided)
    county.settle(village)
    delivered = village.ask("deliver", case=decided)
    county.settle(village)
    assert delivered == "delivered"
    whole = county.hashes()
    assert village.ask("status")["hashes"] == whole
    transaction.savepoint_rollback(backup)
    assert county.hashes().keys() == {early}
    connection.set_schema_to_public()
    call_command("recover", "--json")
    assert json.loads(capsys.readouterr().out)["epoch"] == 2
    assert core_epoch() == 2
    # The core's process is started anew.
    county.ingest.machine.seen.clear()
    county.settle(village, rounds=4)
    assert county.hashes() == whole
    assert village.ask("status")["hashes"] == whole
    assert late in whole and county.flags() == [] and village.ask("status")["flags"] == []
    # And it goes on: in the new epoch decisions go down as before.
    assert county.decide(late) == "completed"
    county.settle(village)
    assert village.ask("deliver", case=late) == "delivered"
    assert village.ask("status")["cursors"]["core/2"] >= 5


def test_a_second_restore_of_the_same_backup_begins_a_higher_epoch_again(county, village, tmp_path, capsys):
    case = village.ask("take")["id"]
    county.settle(village)
    connection.set_schema_to_public()
    call_command("recover", "--json")
    county.decide(case)
    county.settle(village)
    # The keys, too, are last night's, and so is the folder: only the village knows of the second epoch.
    (tmp_path / "core" / "keys" / "core.epoch").unlink()
    shutil.rmtree(tmp_path / "core" / "folders" / f"down-{VILLAGE}")
    connection.set_schema_to_public()
    capsys.readouterr()
    call_command("recover", "--json")
    assert json.loads(capsys.readouterr().out)["epoch"] == 3
    with pytest.raises(CommandError) as refused:
        call_command("recover", "--epoch", "2")
    assert refused.value.returncode == 2


def test_a_machine_the_restored_county_has_forgotten_is_enrolled_above_its_own_epoch(county, village):
    county.settle(village)
    backup = transaction.savepoint()
    for epoch in (2, 3):
        assert county.enrol(village, VILLAGE, again=True) == epoch
    case = village.ask("take")["id"]
    county.settle(village)
    transaction.savepoint_rollback(backup)
    connection.set_schema_to_public()
    call_command("recover")
    assert county.enrol(village, VILLAGE, again=True) == 4
    county.settle(village)
    assert village.ask("status")["hashes"] == county.hashes()
    assert list(county.hashes()) == [case]


def test_nodes_take_no_lower_epoch_of_the_county(county, village, tmp_path):
    county.settle(village)
    old = (tmp_path / "core" / "folders" / f"down-{VILLAGE}" / "core.card").read_bytes()
    connection.set_schema_to_public()
    call_command("recover")
    county.settle(village)
    inbox = village.base / "inbox" / f"down-{VILLAGE}"
    inbox.mkdir(parents=True)
    (inbox / "core.card").write_bytes(old)
    case = village.ask("take")["id"]
    county.settle(village)
    county.decide(case)
    county.settle(village)
    assert village.ask("deliver", case=case) == "delivered"
