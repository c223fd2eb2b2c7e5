"""The receipt's QR code: a case number anyone with the county's root public key can check offline. No Django here.

The payload is "YZ1:" and Base45 (RFC 9285, the alphabet QR codes hold densest) of a MessagePack array: the number's
digits, an Ed25519 signature over it by the node that opened the case, and that node's card, signed by the county's
root key, as it travels everywhere else. So one scan carries node, epoch, verification key, validity and both
signatures, and needs no list of nodes. About 450 bytes, a QR code of some 85 modules at level L.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

import msgspec

from ..journal.chain import Signer, card_open, verify
from ..journal.errors import CardRefused, SignatureInvalid
from ..journal.format import NodeCard, decode, encode
from .merge import CORE
from .numbering import InvalidCaseNumber, case_number_parse

PREFIX: Final = "YZ1:"
CONTEXT: Final = b"yizhan/receipt/1\0"
#: No genuine token is longer: a card's texts are bounded. Longer ones are refused before anything is computed.
MAX_TOKEN: Final = 2000
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}


@dataclass
class ReceiptInvalid(Exception):
    """`reason`: format, number, card, signature, place."""

    reason: str


class _Stamp(msgspec.Struct, frozen=True, array_like=True):
    number: bytes
    signature: bytes
    card: bytes


@dataclass(frozen=True)
class Receipt:
    """A genuine receipt: this case was opened by the machine of this card. Times in ms since 1970 (UTC).

    A card may be revoked or run out after it signed: the receipt stays genuine, and `card` says which machine it was.
    """

    number: str
    card: NodeCard


def receipt_payload(*, number: str, signer: Signer, signed_card: bytes) -> str:
    """What the QR code of this case holds. Raises InvalidCaseNumber."""
    case_number_parse(number)
    stamp = _Stamp(number=_number_bytes(number), signature=signer.sign(CONTEXT, number.encode()), card=signed_card)
    return PREFIX + base45_encode(encode(stamp))


def receipt_verify(payload: str, root_key: bytes) -> Receipt:
    """The receipt, proven by the county's root key (32 bytes). Raises ReceiptInvalid."""
    stamp = _stamp(payload)
    number = f"{int.from_bytes(stamp.number, 'big'):025d}"
    try:
        parts = case_number_parse(number)
    except InvalidCaseNumber as error:
        raise ReceiptInvalid("number") from error
    try:
        card = card_open(stamp.card, root_key)
    except (SignatureInvalid, CardRefused) as error:
        raise ReceiptInvalid("card") from error
    try:
        verify(card.verify_key, CONTEXT, number.encode(), stamp.signature, author=card.node)
    except SignatureInvalid as error:
        raise ReceiptInvalid("signature") from error
    # A node signs for its own counter only; the core for every one.
    if card.node != CORE and card.service_point != f"{parts.division}-{parts.station}":
        raise ReceiptInvalid("place")
    return Receipt(number=number, card=card)


def receipt_token(payload: str) -> str:
    """The payload as part of a web address: its bytes in base64url without padding (RFC 4648, section 5).

    Raises ReceiptInvalid for what is no payload.
    """
    return base64.urlsafe_b64encode(encode(_stamp(payload))).decode().rstrip("=")


def receipt_from_token(token: str, root_key: bytes) -> Receipt:
    """The receipt a web address names, proven by the county's root key (32 bytes). Raises ReceiptInvalid."""
    if len(token) > MAX_TOKEN or not token.isascii():
        raise ReceiptInvalid("format")
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise ReceiptInvalid("format") from error
    return receipt_verify(PREFIX + base45_encode(data), root_key)


def _stamp(payload: str) -> _Stamp:
    if not payload.startswith(PREFIX):
        raise ReceiptInvalid("format")
    try:
        return decode(base45_decode(payload.removeprefix(PREFIX)), _Stamp)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ReceiptInvalid("format") from error


def _number_bytes(number: str) -> bytes:
    return int(number).to_bytes(11, "big")


def base45_encode(data: bytes) -> str:
    """RFC 9285: two bytes as three characters, the least significant first; a last single byte as two."""
    text: list[str] = []
    for start in range(0, len(data), 2):
        chunk = data[start : start + 2]
        value = int.from_bytes(chunk, "big")
        for _ in range(len(chunk) + 1):
            value, digit = divmod(value, 45)
            text.append(_ALPHABET[digit])
    return "".join(text)


def base45_decode(text: str) -> bytes:
    """The bytes again. Raises ValueError on anything base45_encode does not make."""
    data = bytearray()
    for start in range(0, len(text), 3):
        chunk = text[start : start + 3]
        if len(chunk) == 1 or any(character not in _VALUES for character in chunk):
            raise ValueError("not Base45")
        value = sum(_VALUES[character] * 45**place for place, character in enumerate(chunk))
        data += value.to_bytes(len(chunk) - 1, "big") if value < 256 ** (len(chunk) - 1) else _overflow()
    return bytes(data)


def _overflow() -> bytes:
    raise ValueError("not Base45: the value does not fit")
