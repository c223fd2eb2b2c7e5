"""A restored county takes back its own words and nobody else's."""

from pathlib import Path

import pytest

from core.domain.journal import bodies as b
from core.domain.journal.errors import SegmentDamaged, SignatureInvalid
from core.domain.journal.seal import identity_new, recipient_of
from core.exchange.courier import Still
from core.exchange.folders import Plan
from core.exchange.identity import Identity
from core.exchange.machine import Machine, Places
from core.exchange.returned import own_entries
from tests.domain.remote import Remote
from tests.samples import CORE, VILLAGE, entry


@pytest.fixture
def written(tmp_path: Path) -> tuple[Machine, Remote]:
    """The core, and the stream it wrote for a village."""
    age = identity_new()
    core = Remote(node=CORE, folder=tmp_path / "down", reader=VILLAGE, recipient=recipient_of(age))
    me = Identity(node=CORE, signer=core.signer, age_identity=age, card=core.card, signed_card=b"", root_key=b"")
    plan = Plan(CORE, (), (), {}, {}, "", "")
    return Machine(identity=me, places=Places(tmp_path), cards=lambda node: None, plan=plan, carrier=Still()), core


def decided(number: int = 1):
    return entry(number, b.CaseDecided(granted=True, department="D"), rev=7, author=CORE)


def test_the_countys_own_segment_is_believed_wherever_it_lay(written):
    machine, core = written
    assert own_entries(machine, core.write(decided()).read_bytes(), VILLAGE) == [decided()]


def test_a_segment_somebody_else_signed_is_not(written, tmp_path):
    machine, core = written
    forger = Remote(node=CORE, folder=tmp_path / "forged", reader=VILLAGE, recipient=core.recipient)
    with pytest.raises(SignatureInvalid):
        own_entries(machine, forger.write(decided()).read_bytes(), VILLAGE)


def test_a_body_that_was_put_under_another_header_is_not(written):
    machine, core = written
    first, second = core.write(decided()).read_bytes(), core.write(decided(2)).read_bytes()
    length = int.from_bytes(first[5:9], "big")
    with pytest.raises(SegmentDamaged):
        own_entries(machine, first[: 9 + length + 64] + second[9 + int.from_bytes(second[5:9], "big") + 64 :], VILLAGE)


def test_what_was_written_for_another_node_is_not_taken_from_this_one(written):
    machine, core = written
    with pytest.raises(SegmentDamaged):
        own_entries(machine, core.write(decided()).read_bytes(), "430321100201-01")
