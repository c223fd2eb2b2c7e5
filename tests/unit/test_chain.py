"""Signatures: who wrote it, as what, and what it follows."""

import pytest
from msgspec.structs import replace

from core.domain.journal import chain
from core.domain.journal.errors import CardRefused, SignatureInvalid
from core.domain.journal.format import Acks, NodeCard, NodeStatus, SegmentHeader, StreamName, encode

ROOT = chain.Signer("root", bytes([1]) * 32)
NODE = chain.Signer("430321100200-01", bytes([2]) * 32)
CARD = NodeCard(
    node="430321100200-01", epoch=2, serial=7, tenant="430321100000", service_point="430321100200-01", name="某村",
    level="village", parent="430321100000-01", verify_key=NODE.verify_key, recipient="age1", device_id="",
    valid_from_ms=1000, valid_to_ms=2000,
)  # fmt: skip
HEADER = SegmentHeader(
    version=1, stream=StreamName(author="430321100200-01", epoch=2, audience="core"), first=1, last=1, count=1,
    previous=chain.NO_PREVIOUS, body_sha256=bytes(32), card_serial=7, made_at_ms=1,
)  # fmt: skip


def test_a_header_verifies_under_its_authors_key_only():
    data, signature = chain.header_sign(NODE, HEADER)
    chain.verify(NODE.verify_key, chain.SEGMENT_CONTEXT, data, signature)
    with pytest.raises(SignatureInvalid) as refused:
        chain.verify(ROOT.verify_key, chain.SEGMENT_CONTEXT, data, signature, author="x")
    assert refused.value.author == "x"


@pytest.mark.parametrize("spoil", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: bytes([d[0] ^ 1]) + d[1:]])
def test_an_altered_header_does_not_verify(spoil):
    data, signature = chain.header_sign(NODE, HEADER)
    with pytest.raises(SignatureInvalid):
        chain.verify(NODE.verify_key, chain.SEGMENT_CONTEXT, spoil(data), signature)


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_key_that_is_none_verifies_nothing(key):
    with pytest.raises(SignatureInvalid):
        chain.verify(key, b"", b"", bytes(64))


def test_a_signed_thing_cannot_pass_for_another_kind():
    acks = encode(Acks(reader="core", made_at_ms=1, streams=()))
    signature = NODE.sign(chain._context(chain.ACKS), acks)
    with pytest.raises(SignatureInvalid):
        chain.verify(NODE.verify_key, chain._context(chain.STATUS), acks, signature)
    with pytest.raises(SignatureInvalid):
        chain.status_open(NODE.wrap(chain.ACKS, Acks(reader="core", made_at_ms=1, streams=())), NODE.verify_key)
    # Nor a segment's header for anything else.
    data, signature = chain.header_sign(NODE, HEADER)
    with pytest.raises(SignatureInvalid):
        chain.verify(NODE.verify_key, chain._context(chain.CARD), data, signature)


def test_acks_and_status_come_back_as_they_were_signed():
    acks = Acks(reader="430321100200-01", made_at_ms=5, streams=())
    assert chain.acks_open(NODE.wrap(chain.ACKS, acks), NODE.verify_key) == acks
    status = NodeStatus(
        node="430321100200-01", epoch=2, made_at_ms=1, version="0.1", release=1, waiting=0, oldest_waiting_s=0,
        open_cases=0, disk_free=1, disk_total=2,
    )  # fmt: skip
    assert chain.status_open(NODE.wrap(chain.STATUS, status), NODE.verify_key) == status


def test_a_card_is_one_the_root_key_signed():
    assert chain.card_open(ROOT.wrap(chain.CARD, CARD), ROOT.verify_key) == CARD
    with pytest.raises(SignatureInvalid):
        chain.card_open(NODE.wrap(chain.CARD, CARD), ROOT.verify_key)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x90", ROOT.wrap("card", 5)])
def test_bytes_that_are_no_card_are_refused(data):
    with pytest.raises(CardRefused):
        chain.card_open(data, ROOT.verify_key)


@pytest.mark.parametrize(("card", "epoch", "at_ms", "reason"), [
    (CARD, 2, 999, "expired"),
    (CARD, 2, 2001, "expired"),
    (CARD, 1, 1500, "epoch 1, the card says 2"),
    (CARD, 3, 1500, "epoch 3, the card says 2"),
    (replace(CARD, revoked=True), 2, 1500, "revoked"),
])  # fmt: skip
def test_a_card_holds_for_its_epoch_and_its_days_until_it_is_revoked(card, epoch, at_ms, reason):
    chain.card_require_valid(CARD, epoch=2, at_ms=1000)
    chain.card_require_valid(CARD, epoch=2, at_ms=2000)
    with pytest.raises(CardRefused) as refused:
        chain.card_require_valid(card, epoch=epoch, at_ms=at_ms)
    assert refused.value.reason == reason


def test_the_next_header_names_the_hash_of_this_one():
    data, _ = chain.header_sign(NODE, HEADER)
    assert chain.header_hash(data) == chain.sha256(data)
    assert len(chain.NO_PREVIOUS) == 32
