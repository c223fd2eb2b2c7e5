"""A node goes back to its former version: nothing written is lost, nothing published is said twice."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.edge.exchanging import NEW, OLD, REPO, Place, place_make

from yizhan_node import json_read, json_write  # isort: skip  # found beside the programs of ansible/bin
from yizhan_carry import CarryFailed, applied, carry, triggers, triggers_restore  # isort: skip
from yizhan_switch import Refused, begin, confirm, gate, go, needed, said  # isort: skip
from yizhan_undo import last_reopen, undo  # isort: skip

TAKE, TURN, STATUS = {"do": "take"}, {"do": "turn"}, {"do": "status"}
REVERSIBLE, ONE_WAY = "tests.edge.later_journal", "tests.edge.later_journal_oneway"
#: The journal's last migration in the former version.
BEFORE = sorted(path.stem for path in (REPO / "core/domain/journal/migrations").glob("0*.py"))[-1]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Place:
    made = place_make(tmp_path, getattr(request, "param", REVERSIBLE))
    monkeypatch.setenv("PATH", f"{made.tools}:{os.environ['PATH']}")
    return made


def columns(place: Place) -> list[str]:
    with closing(sqlite3.connect(place.node.database)) as database:
        return [row[1] for row in database.execute("PRAGMA table_info(journal_entry)")]


def streams(place: Place) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(place.node.database)) as database:
        return database.execute("SELECT audience, last_seq FROM journal_outgoingstream ORDER BY audience").fetchall()


def switched(place: Place) -> None:
    """The new version runs and has migrated; nobody has confirmed it."""
    begin(place.node, NEW, deadman_seconds=600, trigger="push")
    go(place.node)
    place.migrate(NEW)


@pytest.mark.parametrize("place", [REVERSIBLE, ONE_WAY], indirect=True)
def test_what_was_accepted_and_sent_since_the_switch_is_there_after_the_rollback(place: Place) -> None:
    before = place.work(OLD, TAKE, TURN, STATUS)
    switched(place)
    assert "more" in columns(place)
    since = place.work(NEW, TAKE, TURN, TAKE, STATUS)
    published, positions = place.segments(), streams(place)

    assert undo(place.node, reason="the web does not answer") == ""

    assert "more" not in columns(place)
    assert place.node.version() == OLD
    after = place.work(OLD, STATUS)[0]
    assert after["hashes"] == since[-1]["hashes"]
    assert len(after["hashes"]) == 3
    assert before[-1]["hashes"].items() <= after["hashes"].items()
    # The third case was accepted and not sent yet: it still waits.
    assert after["unsealed"] == since[-1]["unsealed"] > 0
    assert (place.segments(), streams(place)) == (published, positions)


@pytest.mark.parametrize("place", [REVERSIBLE, ONE_WAY], indirect=True)
def test_after_a_rollback_streams_and_case_numbers_go_on_where_the_later_version_left_them(place: Place) -> None:
    first = place.work(OLD, TAKE, TURN)[0]
    switched(place)
    second = place.work(NEW, TAKE, TURN)[0]
    published, (_, position) = place.segments(), streams(place)[0]
    undo(place.node, reason="")

    third, done = place.work(OLD, TAKE, TURN)

    assert len({one["number"] for one in (first, second, third)}) == 3
    assert done["sealed"] > 0
    assert set(published) < set(place.segments())
    assert streams(place)[0][1] > position
    ranges = [tuple(map(int, name.removesuffix(".seg").split("-")[-2:])) for name in place.segments()]
    assert [first for first, _ in ranges][1:] == [last + 1 for _, last in ranges][:-1]


@pytest.mark.parametrize("place", [ONE_WAY], indirect=True)
def test_the_later_versions_database_is_kept_beside_the_one_put_together(place: Place) -> None:
    switched(place)
    undo(place.node, reason="")
    kept = list(place.node.data.glob("node.sqlite3.undone-*"))
    assert len(kept) == 1
    assert ("journal", "0099_entries_say_more") in applied(kept[0])
    with closing(sqlite3.connect(place.node.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("place", [REVERSIBLE, ONE_WAY], indirect=True)
def test_entries_cannot_be_changed_after_a_rollback_though_the_later_version_made_their_table_anew(
    place: Place,
) -> None:
    before = triggers(place.node.database)
    assert len(before) == 2
    switched(place)
    assert triggers(place.node.database) == {}
    undo(place.node, reason="")
    assert triggers(place.node.database) == before


@pytest.mark.parametrize("place", [ONE_WAY], indirect=True)
def test_a_database_that_cannot_be_read_is_left_as_it_is_rather_than_set_back(place: Place) -> None:
    place.work(OLD, TAKE, TURN)
    switched(place)
    backup = Path(json_read(place.node.rollout / "pending.json")["backup"])
    for leftover in place.node.data.glob("node.sqlite3-*"):
        leftover.unlink()
    place.node.database.write_bytes(b"nothing of a database" * 1000)
    with pytest.raises(CarryFailed):
        carry(backup=backup, live=place.node.database, kept=place.node.data / "kept")
    assert place.node.database.read_bytes().startswith(b"nothing")


def test_a_rollback_cut_short_anywhere_is_finished_at_the_next_boot(place: Place) -> None:
    switched(place)
    # The power went right after the migrations were undone: link, units and record still say the new version.
    done = place.node.manage(NEW, "migrate", "journal", BEFORE)
    assert done.returncode == 0, done.stderr
    (place.tools / "said").unlink()

    assert undo(place.node, reason="the power went", at_boot=True) == ""

    assert place.node.version() == OLD
    assert (place.node.units / "yizhan-web.service").read_text() == OLD
    assert not [line for line in place.said if " start " in line or " restart " in line]
    facts = json_read(place.node.rollout / "facts.json")
    assert (facts["outcome"], facts["version"], facts["reason"]) == ("rolled_back", OLD, "the power went")
    assert undo(place.node, reason="once more") == ""
    assert json_read(place.node.rollout / "facts.json")["reason"] == "the power went"


def test_a_switch_that_was_only_begun_is_undone_without_touching_a_service(place: Place) -> None:
    begin(place.node, NEW, deadman_seconds=600, trigger="pull")
    before = place.said
    undo(place.node, reason="the play was cut short")
    assert [line for line in place.said[len(before) :] if "yizhan-web" in line] == []
    assert place.node.version() == OLD


def test_the_timer_is_armed_before_anything_is_exchanged_and_stopped_by_the_confirmation(place: Place) -> None:
    begin(place.node, NEW, deadman_seconds=600, trigger="push")
    assert any("systemd-run" in line and "--on-active=600" in line for line in place.said)
    assert place.node.version() == OLD
    go(place.node)
    place.migrate(NEW)
    confirm(place.node)
    assert place.said[-2] == "systemctl --quiet stop yizhan-deadman.timer"
    assert (place.node.version(), place.node.previous.read_text()) == (NEW, f"{OLD}\n")
    assert json_read(place.node.rollout / "facts.json")["outcome"] == "done"
    assert not needed(place.node, NEW)


def test_nobody_confirms_what_has_been_undone_meanwhile(place: Place) -> None:
    switched(place)
    undo(place.node, reason="nobody confirmed in time")
    with pytest.raises(Refused):
        confirm(place.node)
    assert place.node.version() == OLD
    assert json_read(place.node.rollout / "facts.json")["outcome"] == "rolled_back"


def test_an_operator_takes_a_confirmed_version_back_too(place: Place) -> None:
    switched(place)
    confirm(place.node)
    place.work(NEW, TAKE)
    assert last_reopen(place.node)
    assert undo(place.node, reason="the operator asked for it") == ""
    assert "more" not in columns(place)
    assert len(place.work(OLD, STATUS)[0]["hashes"]) == 1
    assert not last_reopen(place.node)


def test_a_version_that_fails_where_the_former_one_did_not_fails_the_gate(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(place)
    record = json_read(place.node.rollout / "pending.json")
    monkeypatch.setattr("yizhan_switch.GATE_PAUSE_SECONDS", 0.0)
    # Its migration made the table of entries anew, and what protected them is gone.
    assert list(gate(place.node, 0)) == ["database"]
    triggers_restore(place.node.database, record["triggers"])
    assert gate(place.node, 60) == {}
    # Even where they failed before: without tables nobody can work.
    json_write(place.node.rollout / "pending.json", record | {"failing": {"database": "before too"}})
    assert place.node.manage(NEW, "migrate", "journal", BEFORE).returncode == 0
    assert list(gate(place.node, 0)) == ["database"]


def test_facts_have_one_shape_whoever_asked_and_whatever_came_of_it(place: Place) -> None:
    shapes = {}

    def note(name: str) -> None:
        facts = json_read(place.node.rollout / "facts.json")
        shapes[name] = {key: type(value).__name__ for key, value in facts.items()}

    for trigger in ("push", "pull"):
        said(place.node, "refused", to=NEW, trigger=trigger, reason="a case is open on a screen here")
        note(f"{trigger} refused")
        said(place.node, "unchanged", to=OLD, trigger=trigger, reason="")
        note(f"{trigger} unchanged")
        begin(place.node, NEW, deadman_seconds=600, trigger=trigger)
        go(place.node)
        undo(place.node, reason="the web does not answer")
        note(f"{trigger} rolled back")
    begin(place.node, NEW, deadman_seconds=600, trigger="pull")
    go(place.node)
    confirm(place.node)
    note("done")
    words = ("version", "previous", "wanted", "outcome", "reason", "trigger", "started_at", "ended_at")
    assert len(shapes) == 7
    for name, shape in shapes.items():
        assert shape == dict.fromkeys(words, "str") | {"steps": "list"}, name
    # The county's own machine says it in the same words.
    core = yaml.safe_load((REPO / "ansible/roles/core_app/tasks/facts.yml").read_text())
    assert set(core[0]["vars"]["core_app_facts"]) == {*words, "steps"}


UNITS = REPO / "ansible/roles/node_units/templates"


@pytest.mark.parametrize("unit", ["web", "agent", "sync", "migrate"])
def test_every_service_of_a_node_is_bounded_and_hardened_and_comes_back_by_itself(unit: str) -> None:
    text = (UNITS / f"yizhan-{unit}.service.j2").read_text()
    lines = set(text.splitlines())
    assert {'{% include "hardening.j2" %}'} <= lines
    for setting in ("MemoryMax=", "TasksMax="):
        assert setting in text
    if unit != "migrate":
        assert {"Restart=always", "StartLimitIntervalSec=0", "WantedBy=multi-user.target"} <= lines
    if unit in ("web", "agent"):
        # They tell systemd that they are alive; Syncthing cannot, and the agent's self-test asks it.
        assert "Type=notify" in lines
        assert "WatchdogSec=" in text
