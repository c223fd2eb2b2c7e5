"""Signatures and the chain of headers: who wrote a segment and what it follows. No Django here.

Ed25519 (RFC 8032). Every signature covers a context string, so that no signed thing can pass for another kind.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .errors import CardRefused, SignatureInvalid
from .format import Acks, NodeCard, NodeStatus, SegmentHeader, Signed, decode, encode

NO_PREVIOUS: Final = bytes(32)
SEGMENT_CONTEXT: Final = b"yizhan/segment/1\0"
ROOT: Final = "root"
CARD: Final = "card"
ACKS: Final = "acks"
STATUS: Final = "status"
RELEASE: Final = "release"
#: A bundle of the program itself, signed by the county's root key (core/exchange/bundles.py).
ROLLOUT: Final = "rollout"
#: Who may take which version of the program by itself, and when (core/exchange/orders.py).
ORDER: Final = "order"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def header_hash(header_bytes: bytes) -> bytes:
    return sha256(header_bytes)


class Signer:
    """An Ed25519 private key that signs for one name."""

    def __init__(self, name: str, key: bytes) -> None:
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(key)

    @property
    def verify_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, context: bytes, data: bytes) -> bytes:
        return self._key.sign(context + data)

    def wrap(self, kind: str, value: object) -> bytes:
        """The value, signed, as bytes that travel."""
        return self.wrap_bytes(kind, encode(value))

    def wrap_bytes(self, kind: str, payload: bytes) -> bytes:
        """The payload as it is, signed."""
        signature = self.sign(_context(kind), payload)
        return encode(Signed(kind=kind, signer=self.name, payload=payload, signature=signature))


def signing_key_new() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()


def _context(kind: str) -> bytes:
    return b"yizhan/" + kind.encode() + b"/1\0"


def verify(verify_key: bytes, context: bytes, data: bytes, signature: bytes, *, author: str = "") -> None:
    """Raises SignatureInvalid unless `signature` is the key's over context + data."""
    try:
        Ed25519PublicKey.from_public_bytes(verify_key).verify(signature, context + data)
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid(author=author) from error


def unwrap(data: bytes, kind: str, verify_key: bytes) -> bytes:
    """The payload of a signed thing of this kind. Raises SignatureInvalid, msgspec.MsgspecError."""
    signed = decode(data, Signed)
    if signed.kind != kind:
        raise SignatureInvalid(author=signed.signer)
    verify(verify_key, _context(kind), signed.payload, signed.signature, author=signed.signer)
    return signed.payload


def card_open(data: bytes, root_key: bytes) -> NodeCard:
    """A node card the county's root key has signed. Raises SignatureInvalid, CardRefused on bytes that are no card."""
    try:
        return decode(unwrap(data, CARD, root_key), NodeCard)
    except msgspec.MsgspecError as error:
        raise CardRefused(node="", reason=str(error)) from error


def acks_open(data: bytes, verify_key: bytes) -> Acks:
    return decode(unwrap(data, ACKS, verify_key), Acks)


def status_open(data: bytes, verify_key: bytes) -> NodeStatus:
    return decode(unwrap(data, STATUS, verify_key), NodeStatus)


def card_require_valid(card: NodeCard, *, epoch: int, at_ms: int) -> None:
    """Raises CardRefused where the card is revoked, of another epoch, or not valid at `at_ms`.

    The time is the reader's own: what a node writes about its time proves nothing about its card.
    """
    if card.revoked:
        raise CardRefused(node=card.node, reason="revoked")
    if epoch != card.epoch:
        raise CardRefused(node=card.node, reason=f"epoch {epoch}, the card says {card.epoch}")
    if not card.valid_from_ms <= at_ms <= card.valid_to_ms:
        raise CardRefused(node=card.node, reason="expired")


def header_sign(signer: Signer, header: SegmentHeader) -> tuple[bytes, bytes]:
    """The header's bytes and its signature."""
    data = encode(header)
    return data, signer.sign(SEGMENT_CONTEXT, data)
