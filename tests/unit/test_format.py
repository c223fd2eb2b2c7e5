"""The wire form: what is written is what is read, and what is not understood says why."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.journal import format as f
from core.domain.journal.bodies import BODY_TYPES, COMMUTING, CaseSubmitted, MaterialReceived
from core.domain.journal.errors import NeedsUpgrade, SegmentDamaged
from tests import samples


def packed(*entries):
    return f.encode(list(entries))


def test_there_is_a_sample_of_every_kind():
    assert set(samples.BODIES) == set(BODY_TYPES)


@pytest.mark.parametrize("kind", sorted(BODY_TYPES))
def test_every_kind_of_entry_comes_back_as_it_went(kind):
    entry = samples.sample(kind)
    wire = f.encode(entry)
    assert f.entry_decode(wire) == entry
    assert f.encode(f.entry_decode(wire)) == wire
    assert f.entries_decode(packed(entry)) == [entry]
    assert entry.kind == kind


def test_ids_travel_as_sixteen_bytes():
    assert samples.CASE.bytes in f.encode(samples.sample("case.submitted"))


def test_commuting_kinds_are_materials_ratings_urgings_and_notes():
    assert {"material.received", "case.rated", "rating.followed", "case.urged", "note.added"} == COMMUTING


def test_an_entry_of_an_older_version_is_read_with_the_defaults_of_what_was_added():
    entry = samples.sample("case.submitted")
    fields = msgspec.msgpack.decode(f.encode(entry))
    assert len(fields) == 10
    old = f.entries_decode(msgspec.msgpack.encode([fields[:8]]))[0]
    assert old == entry
    assert (old.trace, old.clock_uncertain) == ("", False)


def test_an_entry_and_a_body_of_a_newer_version_are_read_without_what_was_added():
    entry = samples.sample("case.submitted")
    fields = msgspec.msgpack.decode(f.encode(entry))
    fields[7]["added_later"] = {"a": 1}
    assert f.entries_decode(msgspec.msgpack.encode([[*fields, "added later"]])) == [entry]


def test_a_body_with_a_field_left_out_takes_its_default():
    fields = msgspec.msgpack.decode(f.encode(samples.sample("note.added")))
    fields[7] = {"k": "material.received", "material": "M01", "how": "copy"}
    body = f.entries_decode(msgspec.msgpack.encode([fields]))[0].body
    assert isinstance(body, MaterialReceived)
    assert (body.count, body.attachments, body.note) == (1, (), "")


def test_an_unknown_tag_waits_for_an_upgrade_and_names_the_kind():
    known = msgspec.msgpack.decode(f.encode(samples.sample("case.submitted")))
    future = [*known[:7], {"k": "case.teleported", "where": [1, 2]}, *known[8:]]
    with pytest.raises(NeedsUpgrade) as refused:
        f.entries_decode(msgspec.msgpack.encode([known, future]))
    assert refused.value.detail == "case.teleported"


def test_a_known_tag_with_a_field_missing_is_damage():
    fields = msgspec.msgpack.decode(f.encode(samples.sample("case.refused")))
    fields[7] = {"k": "case.refused"}
    with pytest.raises(SegmentDamaged):
        f.entries_decode(msgspec.msgpack.encode([fields]))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entries_are_damage(body):
    try:
        entries = f.entries_decode(body)
    except SegmentDamaged:
        return
    assert entries == []


def test_deep_nesting_is_damage_and_no_crash():
    with pytest.raises(SegmentDamaged):
        f.entries_decode(b"\x91" * 100_000)


@pytest.mark.parametrize("numbers", [{"rev": -1}, {"rev": 1 << 31}, {"at": -1}, {"at": 1 << 62}, {"release": 1 << 31}])
def test_numbers_no_table_holds_are_damage(numbers):
    with pytest.raises(SegmentDamaged):
        f.entries_decode(packed(samples.entry(1, CaseSubmitted(), **({"rev": 1} | numbers))))


def header(**more):
    stream = f.StreamName(author=samples.VILLAGE, epoch=1, audience="core")
    fields: dict[str, Any] = {"version": 1, "stream": stream, "first": 1, "last": 3, "count": 3, "previous": bytes(32),
              "body_sha256": bytes(32), "card_serial": 1, "made_at_ms": 1}  # fmt: skip
    return f.SegmentHeader(**(fields | more))


def file_of(**more):
    return f.segment_join(f.encode(header(**more)), b"s" * 64, b"sealed")


def test_a_segment_file_is_magic_version_length_header_signature_body():
    head = f.encode(header())
    data = file_of()
    assert data == b"YZSG\x01" + len(head).to_bytes(4, "big") + head + b"s" * 64 + b"sealed"
    assert f.segment_split(data) == (header(), head, b"s" * 64, b"sealed")


@pytest.mark.parametrize("length", [0, 3, 8, 20, 100])
def test_a_truncated_file_is_damage(length):
    with pytest.raises(SegmentDamaged):
        f.segment_split(file_of()[:length])


def test_a_header_length_beyond_the_file_is_damage():
    with pytest.raises(SegmentDamaged):
        f.segment_split(b"YZSG\x01\xff\xff\xff\xff" + bytes(200))


def test_a_format_from_the_future_waits_for_an_upgrade():
    data = file_of()
    with pytest.raises(NeedsUpgrade):
        f.segment_split(data[:4] + b"\x02" + data[5:])
    with pytest.raises(NeedsUpgrade):
        f.segment_split(file_of(version=2))


def test_a_format_no_longer_read_is_damage():
    data = file_of()
    with pytest.raises(SegmentDamaged):
        f.segment_split(data[:4] + b"\x00" + data[5:])


@pytest.mark.parametrize("numbers", [
    {"count": 2}, {"first": 0, "last": 2}, {"first": 3, "last": 1, "count": -1}, {"count": 0, "last": 0},
    {"last": 501, "count": 501},
])  # fmt: skip
def test_numbers_that_do_not_add_up_are_damage(numbers):
    with pytest.raises(SegmentDamaged):
        f.segment_split(file_of(**numbers))


def test_a_segments_name_says_its_numbers():
    assert f.segment_name(1, 500) == "000000000001-000000000500.seg"
    assert f.segment_name_parse("000000000001-000000000500.seg") == (1, 500)
    assert f.epoch_folder(3) == "e000003"


@pytest.mark.parametrize("name", [
    "1-500.seg", "000000000001-000000000500.tmp", "000000000001_000000000500.seg", "acks",
    "00000000000١-000000000500.seg",
    "000000000001-000000000500.seg.part", "-000000000001-000000000500.seg",
])  # fmt: skip
def test_other_names_are_no_segments(name):
    assert f.segment_name_parse(name) is None


def test_equal_values_have_equal_bytes_whatever_order_their_keys_came_in():
    one, two = ({"b": "2", "a": "1"}, {"a": "1", "b": "2"})
    opened = samples.BODIES["case.opened"]
    assert f.encode(msgspec.structs.replace(opened, form=one)) == f.encode(msgspec.structs.replace(opened, form=two))
