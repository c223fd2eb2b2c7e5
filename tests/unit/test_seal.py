"""Sealing: only its readers open it, and only as it was closed."""

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.journal import seal
from core.domain.journal.errors import SealBroken, SegmentDamaged
from core.domain.journal.format import MAX_BODY_BYTES

MINE, OTHER = seal.identity_new(), seal.identity_new()
READERS = [seal.recipient_of(MINE)]


def test_what_was_sealed_opens_for_each_of_its_readers():
    sealed = seal.body_seal(b"entries", [seal.recipient_of(OTHER), *READERS])
    assert seal.body_unseal(sealed, MINE) == seal.body_unseal(sealed, OTHER) == b"entries"


def test_a_seal_without_a_reader_is_refused():
    with pytest.raises(ValueError, match="needs a reader"):
        seal.seal_bytes(b"x", [])


def test_whoever_is_no_reader_cannot_open_it():
    with pytest.raises(SealBroken):
        seal.body_unseal(seal.body_seal(b"entries", READERS), OTHER)


def test_the_sealed_bytes_do_not_show_what_is_inside():
    assert b"entries" not in seal.seal_bytes(b"entries" * 10, READERS)


@pytest.mark.parametrize("length", [0, 1, 10, 100, -1])
def test_a_truncated_seal_is_broken(length):
    with pytest.raises(SealBroken):
        seal.body_unseal(seal.body_seal(b"entries" * 100, READERS)[:length], MINE)


@settings(max_examples=50)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_single_altered_byte_breaks_the_seal(position, flip):
    sealed = bytearray(seal.body_seal(b"entries", READERS))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(SealBroken):
        seal.body_unseal(bytes(sealed), MINE)


def test_sealed_bytes_that_are_not_zstd_are_damage():
    with pytest.raises(SegmentDamaged):
        seal.body_unseal(seal.seal_bytes(b"not a frame", READERS), MINE)


def test_a_truncated_frame_inside_a_good_seal_is_damage():
    frame = zstandard.ZstdCompressor().compress(b"entries" * 1000)
    with pytest.raises(SegmentDamaged):
        seal.body_unseal(seal.seal_bytes(frame[:-4], READERS), MINE)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked():
    bomb = zstandard.ZstdCompressor(level=1).compress(bytes(MAX_BODY_BYTES + 1))
    assert len(bomb) < 2000
    with pytest.raises(SegmentDamaged) as refused:
        seal.body_unseal(seal.seal_bytes(bomb, READERS), MINE)
    assert refused.value.detail == f"body of {MAX_BODY_BYTES + 1} bytes"


def test_a_frame_that_hides_its_size_is_refused():
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    frame = packer.compress(b"x" * 100) + packer.flush()
    with pytest.raises(SegmentDamaged):
        seal.body_unseal(seal.seal_bytes(frame, READERS), MINE)
