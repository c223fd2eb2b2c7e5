"""docs/journal-protocol.md is true to the code."""

import re
from pathlib import Path

import msgspec
import pytest

from core.domain.cases import merge
from core.domain.journal import errors
from core.domain.journal import format as f
from core.domain.journal.bodies import BODY_TYPES, COMMUTING, Agent, AttachmentRef, LimitValue, MembershipValue, Party
from core.domain.journal.chain import SEGMENT_CONTEXT, header_hash

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/journal-protocol.md").read_text()
GOLDEN = ROOT / "tests/contract/golden"
WIRE = (f.Entry, f.StreamName, f.SegmentHeader, f.NodeCard, f.Signed, f.StreamAck, f.Acks, f.NodeStatus)


def fields(kind: type) -> str:
    names = [f"`{one.name}`" + ("" if one.required else "?") for one in msgspec.structs.fields(kind)]
    return ", ".join(names) or "none"


@pytest.mark.parametrize("tag", sorted(BODY_TYPES))
def test_every_entry_kind_stands_in_it_with_its_fields(tag):
    star = " *" if tag in COMMUTING else ""
    assert f"| `{tag}`{star} | {fields(BODY_TYPES[tag])} |" in TEXT


@pytest.mark.parametrize("kind", WIRE, ids=lambda kind: kind.__name__)
def test_every_array_stands_in_it_in_its_order(kind):
    assert f"| {kind.__name__} | {fields(kind)} |" in TEXT


@pytest.mark.parametrize(
    "kind", [Party, Agent, LimitValue, AttachmentRef, MembershipValue], ids=lambda kind: kind.__name__
)
def test_every_value_inside_a_body_stands_in_it(kind):
    assert f"{kind.__name__} ({fields(kind)}" in re.sub(r"\s+", " ", TEXT)


def test_every_reason_a_stream_is_held_for_stands_in_it():
    codes = {one.code for one in errors.JournalError.__subclasses__() if one.__module__ == errors.__name__}
    held = codes - {"gap", "entry_too_large", "segment_lost"}
    table = TEXT.split("| reason | what was found |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == held


@pytest.mark.parametrize(
    "reason", [merge.NOT_CUSTODIAN, merge.CONFLICT, merge.ILLEGAL, merge.UNKNOWN_CASE, merge.NOT_A_CASE]
)
def test_every_flag_of_the_merge_stands_in_it(reason):
    assert f"`{reason}`" in TEXT


def test_its_numbers_are_the_codes():
    mib = 1024 * 1024
    for words, value in (
        ("| entries in a segment | 500 |", f.MAX_ENTRIES == 500),
        ("| an entry, packed | 1 MiB |", mib == f.MAX_ENTRY_BYTES),
        ("| packed entries after which a segment ends | 8 MiB |", 8 * mib == f.MAX_PACKED_BYTES),
        ("| a body, unpacked | 16 MiB (", 16 * mib == f.MAX_BODY_BYTES),
        ("| a segment file | 32 MiB |", 32 * mib == f.MAX_SEGMENT_BYTES),
        ("| `at` | below 2^62 (the year 4199) |", f.MAX_INSTANT == 1 << 62),
    ):
        assert words in TEXT and value
    assert SEGMENT_CONTEXT == b"yizhan/segment/1\0"


def test_its_example_is_the_golden_file():
    shown = "".join(re.findall(r"[0-9a-f]+", re.sub(r"   .*", "", "\n".join(TEXT.split("```")[1].splitlines()[2:10]))))
    header, data, signature, body = f.segment_split((GOLDEN / "note.added.seg").read_bytes())
    assert shown.replace("0000c420c413", "00" * 32 + "c420c413", 1) == data.hex()
    assert signature.hex().startswith("3fea2b33a54379da") and signature.hex().endswith("2491be9b06")
    assert (len(data), len(body), header.made_at_ms) == (106, 397, 1795219200000)
    assert header_hash(data).hex() in TEXT
    entry = "".join(
        re.findall(r"[0-9a-f]+", re.sub(r"   .*", "", re.sub(r"^  ", "", TEXT.split("```")[3], flags=re.M)))
    )
    assert entry == (GOLDEN / "note.added.entries").read_bytes().hex()
