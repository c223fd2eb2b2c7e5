"""What travels when a machine becomes a node, without any database."""

import os
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from core.domain.journal import chain, seal
from core.domain.journal.format import Signed, decode, encode
from core.exchange.addresses import sync_addresses
from core.exchange.enrolment import (
    RequestDamaged,
    ResponseRefused,
    card_supersedes,
    fingerprint,
    fingerprint_of,
    request_open,
    response_open,
)
from core.exchange.keyring import KeyDamaged, device_id_keep, key_keep, keys_keep, keys_read
from tests.enrolling import AGENT, OTHER, VILLAGE, card, county, keys_new, request


def test_a_request_is_read_as_it_was_made():
    keys = keys_new()
    opened = request_open(request(keys, hostname="村部电脑", service_point=VILLAGE))
    assert (opened.verify_key, opened.recipient) == (keys.verify_key, keys.recipient)
    assert (opened.hostname, opened.service_point) == ("村部电脑", VILLAGE)


def test_a_request_signed_by_another_key_than_it_brings_is_refused():
    mine, other = keys_new(), keys_new()
    signed = decode(request(mine), Signed)
    forged = msgspec.structs.replace(signed, payload=decode(request(other), Signed).payload)
    with pytest.raises(RequestDamaged):
        request_open(encode(forged))


def test_a_truncated_request_is_refused():
    whole = request(keys_new())
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(RequestDamaged):
            request_open(whole[:length])


@pytest.mark.parametrize(
    "fields",
    [
        {"device_id": "<script>"},
        {"addresses": ("http://10.0.0.1",)},
        {"addresses": tuple(f"tcp://10.0.0.{n}:1" for n in range(9))},
        {"hostname": "a\nb"},
        {"recipient": "age1nothing"},
        {"verify_key": b"short"},
    ],
)
def test_a_request_whose_fields_are_not_plain_is_refused(fields):
    with pytest.raises(RequestDamaged):
        request_open(request(keys_new(), **fields))


def test_a_huge_request_is_not_even_decoded():
    with pytest.raises(RequestDamaged) as refused:
        request_open(b"\0" * 1_000_000)
    assert refused.value.detail == "1000000 bytes"


def test_an_answer_is_opened_by_the_machine_that_asked():
    keys, here = keys_new(), county()
    opened = response_open(here.response(card(VILLAGE, keys)), keys)
    assert opened.card.node == VILLAGE
    assert opened.core == here.core.card
    assert opened.response.staff == (AGENT,)
    assert opened.response.root_key == here.root.verify_key


def test_an_answer_cannot_be_opened_by_another_machine():
    here = county()
    with pytest.raises(ResponseRefused):
        response_open(here.response(card(VILLAGE, keys_new())), keys_new())


def test_an_answer_with_one_changed_byte_is_refused():
    keys = keys_new()
    whole = bytearray(county().response(card(VILLAGE, keys)))
    for place in (10, len(whole) // 2, len(whole) - 1):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        with pytest.raises(ResponseRefused):
            response_open(bytes(spoilt), keys)


def test_an_answer_sealed_by_a_stranger_with_the_countys_card_is_refused():
    """A stranger who saw the request can seal to the machine, but cannot sign as the core."""
    keys, here = keys_new(), county()
    genuine = seal.body_unseal(here.response(card(VILLAGE, keys)), keys.age)
    signed = decode(genuine, Signed)
    forged = chain.Signer("core", chain.signing_key_new()).wrap("enrol-response", msgspec.Raw(signed.payload))
    with pytest.raises(ResponseRefused):
        response_open(seal.body_seal(forged, [keys.recipient]), keys)


def test_an_answer_whose_card_names_other_keys_is_refused():
    keys, other = keys_new(), keys_new()
    wrong = card(VILLAGE, other, recipient=keys.recipient)
    with pytest.raises(ResponseRefused) as refused:
        response_open(county().response(wrong), keys)
    assert refused.value.detail == "the card names other keys"


def test_the_fingerprint_is_six_characters_and_the_same_on_both_sides():
    keys, here = keys_new(), county()
    mine = card(VILLAGE, keys, device_id="D")
    words = fingerprint_of(mine, here.root.verify_key)
    assert words == fingerprint(
        verify_key=keys.verify_key, recipient=keys.recipient, device_id="D", root_key=here.root.verify_key
    )
    assert [len(word) for word in words.split(" ")] == [1] * 6


def test_the_fingerprint_of_known_keys_never_changes():
    """Two versions of the software must show the same six characters."""
    words = fingerprint(verify_key=bytes(32), recipient="age1x", device_id="D", root_key=bytes(range(32)))
    assert words == "女 欢 训 巩 符 负"


@pytest.mark.parametrize("part", ["verify_key", "recipient", "device_id", "root_key"])
def test_every_key_is_in_the_fingerprint(part):
    parts = {"verify_key": bytes(32), "recipient": "age1x", "device_id": "D", "root_key": bytes(32)}
    other = parts | {part: b"\1" * 32 if isinstance(parts[part], bytes) else "other"}
    assert fingerprint(**parts) != fingerprint(**other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("newer", "takes_its_place"),
    [
        ({"epoch": 3, "serial": 1}, True),
        ({"epoch": 2, "serial": 6}, True),
        ({"epoch": 2, "serial": 5, "valid_from_ms": 2}, True),
        ({"epoch": 2, "serial": 5}, False),
        ({"epoch": 2, "serial": 4, "valid_from_ms": 9}, False),
        ({"epoch": 1, "serial": 9, "valid_from_ms": 9}, False),
    ],
)
def test_a_card_of_a_lower_epoch_or_serial_never_takes_the_place_of_the_one_held(newer, takes_its_place):
    keys = keys_new()
    held = card(OTHER, keys, epoch=2, serial=5)
    assert card_supersedes(msgspec.structs.replace(held, **newer), held) is takes_its_place


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path):
    folder = tmp_path / "keys"
    assert keys_read(folder) is None
    keys = keys_keep(folder)
    assert keys_keep(folder) == keys == keys_read(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert sorted(os.listdir(folder)) == ["age.key", "sign.key"]


def test_of_many_that_make_a_key_at_once_all_get_the_same(tmp_path: Path):
    start, found = threading.Barrier(8), []

    def take() -> None:
        start.wait()
        found.append(key_keep(tmp_path, "one.key", lambda: os.urandom(32)))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {(tmp_path / "one.key").read_bytes()}
    assert os.listdir(tmp_path) == ["one.key"]


def test_an_empty_key_file_is_named_and_never_replaced(tmp_path: Path):
    keys_keep(tmp_path)
    (tmp_path / "sign.key").write_bytes(b"")
    with pytest.raises(KeyDamaged) as damaged:
        keys_keep(tmp_path)
    assert damaged.value.path == tmp_path / "sign.key"
    assert (tmp_path / "sign.key").read_bytes() == b""


def test_private_keys_stay_out_of_what_is_printed():
    keys, here = keys_new(), county()
    assert keys.age not in repr(keys)
    assert here.core.age_identity not in repr(here.core)


def test_a_machine_has_a_device_id_without_syncthing_and_keeps_it(tmp_path: Path):
    first = device_id_keep(tmp_path / "syncthing")
    assert first == device_id_keep(tmp_path / "syncthing")
    assert [len(group) for group in first.split("-")] == [7] * 8


def test_addresses_on_the_card_are_those_others_can_call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.gethostname", lambda: "village-pc")
    assert sync_addresses("tcp://10.1.2.3:22001") == ("tcp://10.1.2.3:22001",)
    assert sync_addresses("tcp://0.0.0.0:22001") == ("tcp://village-pc:22001",)
    assert sync_addresses("tcp://0.0.0.0:22001", ["tcp://gov.example:1"]) == ("tcp://gov.example:1",)
