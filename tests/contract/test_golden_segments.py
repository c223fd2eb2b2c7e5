"""What version 1 wrote, today's code reads: a file for every entry kind. Never edit or remake a golden file."""

import hashlib
import json

import pytest

from core.domain.cases.merge import replay
from core.domain.cases.state import state_bytes, state_decode, state_hash
from core.domain.journal.bodies import BODY_TYPES
from core.domain.journal.chain import SEGMENT_CONTEXT, verify
from core.domain.journal.format import Entry, NodeCard, StreamName, decode, encode, segment_split
from core.domain.journal.reader import segment_check
from tests import samples
from tests.contract.make_golden import GOLDEN, MADE_AT_MS, contents, keep

KEYS = json.loads((GOLDEN / "keys.json").read_text())
NAMES = sorted(path.stem for path in GOLDEN.glob("*.seg"))
STREAM = StreamName(author=KEYS["author"], epoch=1, audience=KEYS["reader"])
CARD = NodeCard(
    node=KEYS["author"], epoch=1, serial=1, tenant="430321100000", service_point="", name="", level="county",
    parent="", verify_key=bytes.fromhex(KEYS["verify_key"]), recipient="", device_id="", valid_from_ms=0,
    valid_to_ms=2 * MADE_AT_MS,
)  # fmt: skip


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def read(name: str) -> list[Entry]:
    _, _, entries = segment_check(
        golden(f"{name}.seg"), stream=STREAM, card=CARD, last_seq=0, last_header=b"", identity=KEYS["identity"],
        now_ms=MADE_AT_MS,
    )  # fmt: skip
    return entries


def test_every_entry_kind_has_a_golden_segment():
    assert set(NAMES) == set(BODY_TYPES) | {"mixed", "full-life"}


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_segment_reads_and_says_what_it_said(name):
    entries = read(name)
    assert entries == contents()[name]
    assert entries == decode(golden(f"{name}.entries"), list[Entry])


@pytest.mark.parametrize("name", NAMES)
def test_todays_code_would_write_the_same_entries(name):
    assert encode(read(name)) == golden(f"{name}.entries")


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_header_is_signed_with_the_golden_key(name):
    header, data, signature, body = segment_split(golden(f"{name}.seg"))
    verify(CARD.verify_key, SEGMENT_CONTEXT, data, signature)
    assert (header.stream, header.first, header.version, header.made_at_ms) == (STREAM, 1, 1, MADE_AT_MS)
    assert header.body_sha256 == hashlib.sha256(body).digest()
    assert encode(header) == data


def test_a_whole_life_folds_to_the_same_bytes_as_ever():
    state = replay(read("full-life")).state
    assert state is not None
    assert state_bytes(state) == golden("full-life.state")
    assert state_decode(golden("full-life.state")) == state
    assert state_hash(golden("full-life.state")).hex() == hashlib.sha256(golden("full-life.state")).hexdigest()
    assert (state.status, state.rev, state.custodian) == ("delivered", 15, samples.VILLAGE)


def test_the_keys_say_that_they_are_for_tests():
    assert KEYS["what"].startswith("TEST KEYS")


def test_a_golden_file_is_never_overwritten():
    before = golden("mixed.seg")
    assert keep("mixed.seg", b"something else") is False
    assert golden("mixed.seg") == before
