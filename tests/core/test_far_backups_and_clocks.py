"""What lets a node forget, and what makes its times doubtful: with real nodes in their processes."""

import json
import sqlite3

import pytest
from django.core.management import CommandError, call_command
from django_tenants.utils import schema_context

from core.domain.cases.models import Case, Flag
from core.domain.journal.bodies import PolicySet
from core.domain.journal.clock import physical_ms
from core.domain.journal.place import here
from core.domain.journal.services import node_entries_send
from tenants.connection import connection
from tests.core.registry_places import SCHEMA
from tests.core.test_far_nodes import county, village
from tests.enrolling import VILLAGE

pytestmark = pytest.mark.django_db
__all__ = ["county", "village"]


# What a tested backup holds


def test_a_node_clears_away_only_what_a_tested_backup_holds_and_is_old_enough(county, village, capsys):
    village.ask("take")
    county.settle(village)
    connection.set_schema_to_public()
    call_command("backup_mark", "--json")
    mark = json.loads(capsys.readouterr().out)["mark"]
    village.ask("take")
    county.settle(village)
    segments = sorted((village.base / "folders" / f"up-{VILLAGE}" / "e000001").iterdir())
    assert len(segments) == 2
    with schema_context(SCHEMA):
        node_entries_send(node=VILLAGE, bodies=[PolicySet(name="retention_days", value="0")], actor="op", here=here())
    county.settle(village)
    assert village.ask("status")["pruned"] == 0
    connection.set_schema_to_public()
    call_command("backup_secured", mark, "--json")
    assert json.loads(capsys.readouterr().out) == {"streams": 1}
    county.settle(village)
    assert village.ask("status")["pruned"] == 1
    assert not segments[0].exists() and segments[1].exists()
    with pytest.raises(CommandError) as refused:
        call_command("backup_secured", "20200101T000000Z")
    assert refused.value.returncode == 1


# Clocks


def test_a_node_that_has_not_heard_the_countys_clock_for_too_long_marks_what_it_writes(county, village, monkeypatch):
    county.settle(village)
    certain = village.ask("take")["id"]
    village.stop()
    with sqlite3.connect(village.base / "node.sqlite3") as database:
        anchored = database.execute("SELECT anchored_here_ms FROM journal_clockstate").fetchone()[0]
        assert abs(physical_ms() - anchored) < 60_000
        database.execute("UPDATE journal_clockstate SET anchored_here_ms = ?", [anchored - 73 * 3600 * 1000])
    uncertain = village.ask("take")["id"]
    county.settle(village)
    assert set(county.flags()) == {"clock_uncertain"}
    with schema_context(SCHEMA):
        assert {str(one) for one in Flag.objects.values_list("case_id", flat=True)} == {uncertain}
        assert set(Flag.objects.values_list("applied", flat=True)) == {True}
    assert {certain, uncertain} == county.hashes().keys()


def test_a_clock_that_jumped_back_is_marked_and_time_goes_on(county, village):
    county.settle(village)
    village.stop()
    with sqlite3.connect(village.base / "node.sqlite3") as database:
        # What the node wrote last is an hour ahead of its clock now.
        database.execute("UPDATE journal_clockstate SET last_at = ?", [(physical_ms() + 3_600_000) << 16])
    case = village.ask("take")["id"]
    county.settle(village)
    with schema_context(SCHEMA):
        assert Case.objects.get(pk=case).updated_at >> 16 >= physical_ms() + 3_500_000
    assert set(county.flags()) == {"clock_uncertain"}
    assert "clock_uncertain" in village.ask("status")["flags"]
