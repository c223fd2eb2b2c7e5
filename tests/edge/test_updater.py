"""A node nobody can reach takes the version its county has ordered, when it is its turn, and nothing else."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.exchange.bundles import bundle_pack, bundle_sign, file_sha256, manifest_make
from core.exchange.orders import NAME, Order, OrderedBundle, order_wrap
from tests.edge.exchanging import OLD, Place, place_make
from tests.enrolling import OTHER, VILLAGE, county

from yizhan_bundle import machine  # isort: skip  # found beside the programs of ansible/bin
from yizhan_node import json_read, json_write  # isort: skip
from yizhan_updater import Updater, main  # isort: skip

NEW, MADE_AT = "2.0.0", "2026-11-22T05:00:00+00:00"
#: What a bundle's own play leaves behind here: the version it was given, and what the node remembers of the inventory.
PLAY = """
- hosts: edge
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ yizhan_version }} {{ yizhan_tree | basename }}"
        dest: "{{ proof }}"
        mode: "0644"
"""
BROKEN = """
- hosts: edge
  gather_facts: false
  tasks:
    - ansible.builtin.fail:
"""


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_make(tmp_path_factory.mktemp("node"), "")


@pytest.fixture
def place(enrolled: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A node that runs OLD and was offered nothing yet."""
    node, database = enrolled.node, tmp_path / "node.sqlite3"
    monkeypatch.setenv("PATH", f"{enrolled.tools}:{os.environ['PATH']}")
    playbook = node.releases / OLD / "venv/bin/ansible-playbook"
    playbook.unlink(missing_ok=True)
    playbook.symlink_to(Path(sys.executable).with_name("ansible-playbook"))
    (node.releases / OLD / "manifest.json").write_text(json.dumps({"made_at": "2026-11-01T00:00:00+00:00"}))
    settings = [one for one in node.settings.read_text().splitlines() if not one.startswith("YIZHAN_COUNTY_KEY=")]
    node.settings.write_text("\n".join([*settings, f"YIZHAN_COUNTY_KEY={pin(enrolled)}\n"]))
    json_write(node.root / "etc/yizhan/updater.json", {"vars": {"proof": str(tmp_path / "proof")}})
    shutil.copyfile(node.database, database)
    yield enrolled
    for left in (node.data / "folders", node.rollout):
        shutil.rmtree(left, ignore_errors=True)
    for left in (pin(enrolled), node.data / "screen.json"):
        left.unlink(missing_ok=True)
    node.rollout.mkdir()
    shutil.copyfile(database, node.database)


def pin(place: Place) -> Path:
    return place.node.root / "etc/yizhan/county.key"


def folder(place: Place, name: str) -> Path:
    made = place.node.data / "folders" / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def offer(place: Place, tmp_path: Path, *, play: str = PLAY, version: str = NEW, holds: str = NEW) -> Order:
    """The signed bundle lies in the rollout folder; returns the order that names it, for every machine."""
    codename, arch = machine()
    tree = tmp_path / "made" / f"yizhan-{holds}-{codename}-{arch}"
    (tree / "ansible").mkdir(parents=True)
    (tree / "ansible/edge.yml").write_text(play)
    manifest_make(tree, version=holds, codename=codename, arch=arch, python="3.11", made_at=MADE_AT)
    bundle_sign(tree, place.home.root)
    archive = folder(place, "rollout") / f"yizhan-{version}-{codename}-{arch}.tar.zst"
    bundle_pack(tree, archive, at=0)
    one = OrderedBundle(name=archive.name, size=archive.stat().st_size, sha256=file_sha256(archive))
    return Order(serial=10, version=version, version_made_at=MADE_AT, ordered_at_ms=1, bundles=(one,), ring=2)


def order(place: Place, said: Order, *, where: str = "catalogue") -> None:
    (folder(place, where) / NAME).write_bytes(order_wrap(place.home.root, said))


def run(place: Place) -> int:
    return Updater(place.node).run()


def facts(place: Place) -> dict[str, object]:
    return json_read(place.node.rollout / "facts.json")


def test_what_the_county_ordered_is_taken_by_the_bundles_own_play_and_only_once(place: Place, tmp_path: Path) -> None:
    order(place, offer(place, tmp_path))
    assert run(place) == 0
    assert (tmp_path / "proof").read_text() == f"{NEW} yizhan-{NEW}-{'-'.join(machine())}"
    (tmp_path / "proof").unlink()
    assert run(place) == 0
    assert not (tmp_path / "proof").exists()
    kept = json_read(place.node.rollout / "order.json")
    assert (kept["serial"], kept["version"], kept["ring"]) == (10, NEW, 2)


def test_without_an_order_nothing_is_taken_though_a_signed_bundle_lies_there(place: Place, tmp_path: Path) -> None:
    offer(place, tmp_path)
    assert run(place) == 0
    assert not (tmp_path / "proof").exists()
    assert facts(place) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ring": 1}, "2.0.0: the turn of ring 2 has not come"),
        ({"ring": -1, "nodes": (OTHER,)}, "2.0.0: the turn of ring 2 has not come"),
        ({"rings": {VILLAGE: 1}, "ring": 0}, "2.0.0: the turn of ring 1 has not come"),
        ({"withdrawn": True}, "the county has withdrawn 2.0.0"),
        ({"not_before_ms": 4_102_444_800_000}, "2.0.0: not yet, from 2100-01-01T00:00:00+00:00 on"),
    ],
)
def test_out_of_its_turn_a_node_does_nothing_and_says_why(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], words: str
) -> None:
    order(place, replace(offer(place, tmp_path), **change))
    assert run(place) == 0
    assert capsys.readouterr().out.strip() == words
    assert not (tmp_path / "proof").exists()
    assert facts(place) == {}


@pytest.mark.parametrize("change", [{"ring": -1, "nodes": (VILLAGE,)}, {"ring": 0, "rings": {VILLAGE: 0}}])
def test_a_node_whose_turn_it_is_takes_it(place: Place, tmp_path: Path, change: dict[str, object]) -> None:
    order(place, replace(offer(place, tmp_path), **change))
    assert run(place) == 0
    assert (tmp_path / "proof").exists()


def test_a_forged_order_is_refused_in_words_once_and_hides_no_true_one(place: Place, tmp_path: Path) -> None:
    said = offer(place, tmp_path)
    (folder(place, "rollout") / NAME).write_bytes(order_wrap(county().root, said))
    assert run(place) == 0
    assert (facts(place)["outcome"], facts(place)["reason"], facts(place)["trigger"]) == (
        "refused", "the order is not the county's", "pull",
    )  # fmt: skip
    assert not (tmp_path / "proof").exists()
    (place.node.rollout / "facts.json").unlink()
    assert run(place) == 0
    assert facts(place) == {}
    order(place, said)
    assert run(place) == 0
    assert (tmp_path / "proof").exists()


def test_an_oversized_order_is_refused_in_words(place: Place, tmp_path: Path) -> None:
    offer(place, tmp_path)
    (folder(place, "catalogue") / NAME).write_bytes(bytes(1024 * 1024 + 1))
    assert run(place) == 0
    assert facts(place)["outcome"] == "refused"
    assert str(facts(place)["reason"]).startswith("the order cannot be read: ")
    assert not (tmp_path / "proof").exists()


def test_an_old_order_brought_again_does_not_bring_back_what_was_withdrawn(place: Place, tmp_path: Path) -> None:
    said = offer(place, tmp_path)
    order(place, replace(said, serial=11, withdrawn=True))
    assert run(place) == 0
    order(place, said)
    assert run(place) == 0
    assert (facts(place)["outcome"], facts(place)["reason"]) == (
        "refused", "the order is older than one seen before: 10, 11 is known",
    )  # fmt: skip
    assert not (tmp_path / "proof").exists()


def test_a_file_that_is_not_what_was_ordered_is_left_alone(place: Place, tmp_path: Path) -> None:
    said = offer(place, tmp_path)
    archive = folder(place, "rollout") / said.bundles[0].name
    archive.write_bytes(bytes(len(archive.read_bytes())))
    order(place, said)
    assert run(place) == 0
    assert (facts(place)["outcome"], facts(place)["reason"]) == (
        "refused", f"{archive.name} is not what the county ordered",
    )  # fmt: skip


def test_a_bundle_that_holds_another_version_than_ordered_is_refused(place: Place, tmp_path: Path) -> None:
    order(place, offer(place, tmp_path, holds="6.6.6"))
    assert run(place) == 0
    assert facts(place)["outcome"] == "refused"
    assert not (tmp_path / "proof").exists()


def test_a_version_that_is_not_newer_than_what_runs_is_not_taken(place: Place, tmp_path: Path) -> None:
    (place.node.releases / OLD / "manifest.json").write_text(json.dumps({"made_at": MADE_AT}))
    order(place, offer(place, tmp_path))
    assert run(place) == 0
    assert not (tmp_path / "proof").exists()


def test_a_bundle_that_failed_is_tried_again_only_when_the_county_says_so(place: Place, tmp_path: Path) -> None:
    said = offer(place, tmp_path, play=BROKEN)
    order(place, said)
    assert run(place) == 1
    assert (facts(place)["outcome"], facts(place)["reason"]) == ("refused", "the play failed before the switch")
    assert run(place) == 0
    order(place, replace(said, serial=12))
    assert run(place) == 0
    order(place, replace(said, serial=13, attempt=1))
    assert run(place) == 1


def test_while_a_case_is_open_on_a_screen_nothing_is_taken(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(place, offer(place, tmp_path))
    (place.node.data / "screen.json").write_text("{}")
    monkeypatch.setattr(sys, "argv", ["yizhan-updater"])
    assert main(place.node) == 2
    assert facts(place)["reason"] == "a case is open on a screen here"
    assert not (tmp_path / "proof").exists()


def test_the_key_root_has_pinned_counts_also_when_the_database_is_another_countys_or_gone(
    place: Place, tmp_path: Path
) -> None:
    said = offer(place, tmp_path)
    pin(place).write_text(county().root.verify_key.hex() + "\n")
    order(place, said)
    assert run(place) == 0
    assert facts(place)["reason"] == "the order is not the county's"
    pin(place).write_text(place.home.root.verify_key.hex() + "\n")
    place.node.database.unlink()
    for leftover in place.node.data.glob("node.sqlite3-*"):
        leftover.unlink()
    assert run(place) == 0
    assert (tmp_path / "proof").exists()
    assert not place.node.database.exists()


def test_a_damaged_pin_lets_nothing_in(place: Place, tmp_path: Path) -> None:
    pin(place).write_text("no key\n")
    order(place, offer(place, tmp_path))
    assert run(place) == 0
    assert not (tmp_path / "proof").exists()
