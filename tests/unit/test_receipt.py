"""The receipt's QR code proves itself to anyone who has the county's root public key."""

from dataclasses import dataclass

import pytest

from core.domain.cases.receipt import (
    MAX_TOKEN,
    PREFIX,
    ReceiptInvalid,
    base45_decode,
    base45_encode,
    receipt_from_token,
    receipt_payload,
    receipt_token,
    receipt_verify,
)
from core.domain.journal.chain import CARD, ROOT, Signer, signing_key_new
from core.domain.journal.format import NodeCard

POINT = "430321100200-01"


def number(serial: int) -> str:
    from datetime import date

    from core.domain.cases.numbering import case_number

    return case_number(service_point=POINT, day=date(2026, 11, 21), serial=serial)


@dataclass
class Node:
    signer: Signer
    signed_card: bytes
    root_key: bytes


def node(point: str = POINT, name: str = "430321100200-01") -> Node:
    root, key = Signer(ROOT, signing_key_new()), Signer(name, signing_key_new())
    card = NodeCard(
        node=name, epoch=1, serial=3, tenant="430321100000", service_point=point, name="易俗河镇某某村便民服务站",
        level="village", parent="430321100000-01", verify_key=key.verify_key, recipient="age1" + "q" * 58,
        device_id="ABCDEFG-" * 8, valid_from_ms=1, valid_to_ms=2, addresses=("tcp://192.168.100.100:22000",),
    )  # fmt: skip
    return Node(signer=key, signed_card=root.wrap(CARD, card), root_key=root.verify_key)


def payload_of(one: Node, text: str) -> str:
    return receipt_payload(number=text, signer=one.signer, signed_card=one.signed_card)


def test_a_genuine_receipt_names_its_case_and_its_machine():
    one = node()
    receipt = receipt_verify(payload_of(one, number(7)), one.root_key)
    assert receipt.number == number(7)
    assert (receipt.card.node, receipt.card.epoch, receipt.card.valid_to_ms) == (POINT, 1, 2)


def test_the_payload_fits_a_qr_code_a_phone_reads_from_paper():
    import segno

    code = segno.make(payload_of(node(), number(1)), error="l", micro=False)
    assert (code.mode, int(code.version)) == ("alphanumeric", 15)


def test_another_countys_root_key_proves_nothing():
    one, other = node(), node()
    with pytest.raises(ReceiptInvalid) as refusal:
        receipt_verify(payload_of(one, number(1)), other.root_key)
    assert refusal.value.reason == "card"


def test_a_number_that_was_not_signed_is_refused():
    one = node()
    forged = Node(signer=node().signer, signed_card=one.signed_card, root_key=one.root_key)
    with pytest.raises(ReceiptInvalid) as refusal:
        receipt_verify(payload_of(forged, number(1)), one.root_key)
    assert refusal.value.reason == "signature"


def test_a_node_cannot_sign_for_another_counter():
    one = node(point="430321100201-01", name="430321100201-01")
    with pytest.raises(ReceiptInvalid) as refusal:
        receipt_verify(payload_of(one, number(1)), one.root_key)
    assert refusal.value.reason == "place"


def test_the_core_signs_for_the_window_of_every_hall():
    one = node(point="", name="core")
    assert receipt_verify(payload_of(one, number(1)), one.root_key).card.node == "core"


@pytest.mark.parametrize("text", ["", "YZ2:ABC", PREFIX, PREFIX + "A", PREFIX + ":::", PREFIX + "a!", PREFIX + "ABC"])
def test_what_is_no_receipt_is_refused_as_such(text):
    with pytest.raises(ReceiptInvalid) as refusal:
        receipt_verify(text, node().root_key)
    assert refusal.value.reason == "format"


@pytest.mark.parametrize(("data", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581")])
def test_base45_is_that_of_rfc_9285(data, text):
    assert base45_encode(data) == text
    assert base45_decode(text) == data


def test_a_web_address_carries_the_same_proof():
    one = node()
    token = receipt_token(payload_of(one, number(7)))
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert receipt_from_token(token, one.root_key) == receipt_verify(payload_of(one, number(7)), one.root_key)


def test_an_address_signed_by_another_county_proves_nothing():
    token = receipt_token(payload_of(node(), number(7)))
    with pytest.raises(ReceiptInvalid) as refusal:
        receipt_from_token(token, node().root_key)
    assert refusal.value.reason == "card"


@pytest.mark.parametrize("token", ["", "A", "AAAA", "%%%%", "驿站", "a b", "=" * 8, "A" * (MAX_TOKEN + 1)])
def test_an_address_that_carries_no_receipt_is_refused(token):
    with pytest.raises(ReceiptInvalid) as refusal:
        receipt_from_token(token, node().root_key)
    assert refusal.value.reason == "format"


def test_the_address_fits_a_qr_code_a_phone_reads_from_paper():
    import segno

    address = "http://430321.county.example.cn/rate/" + receipt_token(payload_of(node(), number(1))) + "/"
    assert int(segno.make(address, error="l", micro=False).version) <= 18
