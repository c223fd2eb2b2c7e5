"""How a machine becomes a node: what it asks, what the county answers, what both sides show. No Django here.

The request is signed by the very key it brings: it proves that the machine holds it. The response is signed by the
core and sealed to the machine's own recipient, so that it may travel by any way. Neither proves who sits at the
other end: the one-time code does that for the county, the six words, compared by two people, do it for both.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import msgspec
from mnemonic import Mnemonic

from core.domain.journal import chain
from core.domain.journal.bodies import StaffGranted
from core.domain.journal.errors import JournalError
from core.domain.journal.format import NodeCard, Signed, StreamAck, Wire, decode, encode
from core.domain.journal.seal import body_seal, body_unseal, recipient_of, seal_bytes

from .identity import Identity
from .keyring import Keys

REQUEST: Final = "enrol-request"
RESPONSE: Final = "enrol-response"
#: Where on the core's address a machine asks.
PATH: Final = "/enrol/"
#: A request is about 400 bytes; nothing larger is looked at.
MAX_REQUEST_BYTES: Final = 16 * 1024
#: A response carries the whole catalogue.
MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
WORDS: Final = 6
_DEVICE_ID = re.compile(r"([A-Z2-7]{7}-){7}[A-Z2-7]{7}")
_ADDRESS = re.compile(r"(tcp|tcp4|tcp6|quic)://[A-Za-z0-9.:\[\]_-]{1,200}")
MAX_ADDRESSES: Final = 8
#: An epoch's folder has six digits.
MAX_EPOCH: Final = 900_000


class EnrolRequest(Wire, frozen=True, kw_only=True):
    """A machine asks to be a node. `service_point` is its own idea of where it stands ("": none), `epoch` that of the
    card it has: a county restored from a backup may not know of it any more (0: none)."""

    verify_key: bytes
    recipient: str
    device_id: str
    addresses: tuple[str, ...]
    hostname: str
    made_at_ms: int
    service_point: str = ""
    epoch: int = 0


class EnrolCall(Wire, frozen=True, kw_only=True):
    """What is posted to the core: the signed request with the one-time code."""

    code: str
    request: bytes


class EnrolResponse(Wire, frozen=True, kw_only=True):
    """All a machine needs to work with no network from now on.

    `cards` are the signed cards of core, parent and children; `release` the signed file of the catalogue in force (b""
    where nothing is published yet). `down` says where the core's stream to the node goes on, where a machine before
    this one had read it, None where it begins.
    """

    card: bytes
    root_key: bytes
    cards: tuple[bytes, ...]
    staff: tuple[StaffGranted, ...]
    release: bytes
    county_url: str
    made_at_ms: int
    down: StreamAck | None = None


@dataclass
class RequestDamaged(JournalError):
    """The bytes are no request, or not signed by the key they bring."""

    detail: str
    code = "request_damaged"


@dataclass
class ResponseRefused(JournalError):
    """The answer is not for this machine's keys, was altered, or is not signed by the county it names."""

    detail: str
    code = "response_refused"


@dataclass(frozen=True)
class Opened:
    """A response that was checked: `card` is this machine's own, `core` the county's."""

    response: EnrolResponse
    card: NodeCard
    core: NodeCard


def request_make(keys: Keys, request: EnrolRequest) -> bytes:
    """The request, signed by the key it brings."""
    return chain.Signer("", keys.sign).wrap(REQUEST, request)


def request_open(data: bytes) -> EnrolRequest:
    """Raises RequestDamaged."""
    if len(data) > MAX_REQUEST_BYTES:
        raise RequestDamaged(detail=f"{len(data)} bytes")
    try:
        request = decode(decode(data, Signed).payload, EnrolRequest)
        chain.unwrap(data, REQUEST, request.verify_key)
    except (msgspec.MsgspecError, JournalError) as error:
        raise RequestDamaged(detail=str(error)) from error
    _require_plain(request)
    return request


def _require_plain(request: EnrolRequest) -> None:
    """What goes on a card, into Syncthing's configuration and onto a page is what it should be."""
    if request.device_id and not _DEVICE_ID.fullmatch(request.device_id):
        raise RequestDamaged(detail="device id")
    if len(request.addresses) > MAX_ADDRESSES or not all(_ADDRESS.fullmatch(one) for one in request.addresses):
        raise RequestDamaged(detail="addresses")
    if not 0 <= request.epoch <= MAX_EPOCH:
        raise RequestDamaged(detail="epoch")
    if len(request.hostname) > 255 or not request.hostname.isprintable():
        raise RequestDamaged(detail="host name")
    try:
        seal_bytes(b"", [request.recipient])
    except Exception as error:  # pyrage raises its own types, which share no base
        raise RequestDamaged(detail="recipient") from error


def response_make(core: Identity, response: EnrolResponse, *, recipient: str) -> bytes:
    """The answer, signed by the core, readable by `recipient` alone."""
    return body_seal(core.signer.wrap(RESPONSE, response), [recipient])


def response_open(data: bytes, keys: Keys) -> Opened:
    """The answer with its cards, all checked against the county's root key. Raises ResponseRefused.

    The root key itself is believed because only who saw this machine's request can seal to it; that nobody in
    between put their own in its place shows in the six words.
    """
    try:
        signed = body_unseal(data, keys.age)
        response = decode(decode(signed, Signed).payload, EnrolResponse)
        card = chain.card_open(response.card, response.root_key)
        core = _core_card(response)
        chain.unwrap(signed, RESPONSE, core.verify_key)
    except (msgspec.MsgspecError, JournalError) as error:
        raise ResponseRefused(detail=str(error)) from error
    if (card.verify_key, card.recipient) != (keys.verify_key, recipient_of(keys.age)):
        raise ResponseRefused(detail="the card names other keys")
    return Opened(response=response, card=card, core=core)


def _core_card(response: EnrolResponse) -> NodeCard:
    cards = (chain.card_open(card, response.root_key) for card in response.cards)
    core = next((card for card in cards if card.node == "core"), None)
    if core is None:
        raise ResponseRefused(detail="no card of the county")
    return core


def fingerprint(*, verify_key: bytes, recipient: str, device_id: str, root_key: bytes) -> str:
    """Six Chinese characters, one space between, that two people read to each other; 66 bits.

    They cover the machine's keys and the county's root key, so they differ where anybody stood in between. The
    characters are the 2,048 of BIP-39's Chinese list.
    """
    digest = hashlib.sha256(encode(["yizhan/fingerprint/1", verify_key, recipient, device_id, root_key])).digest()
    number = int.from_bytes(digest, "big")
    words = _words()
    return " ".join(words[number >> shift & 0x7FF] for shift in range(256 - 11, 256 - 11 * (WORDS + 1), -11))


def fingerprint_of(card: NodeCard, root_key: bytes) -> str:
    """The six words of a node's card."""
    return fingerprint(
        verify_key=card.verify_key, recipient=card.recipient, device_id=card.device_id, root_key=root_key
    )


def card_supersedes(new: NodeCard, held: NodeCard) -> bool:
    """Whether `new` takes the place of the card held of the same node; never a lower epoch or serial.

    A card with the same serial but a later beginning only says other things of the same keys (addresses, parent).
    """
    return (new.epoch, new.serial, new.valid_from_ms) > (held.epoch, held.serial, held.valid_from_ms)


@cache
def _words() -> list[str]:
    return list(Mnemonic("chinese_simplified").wordlist)
