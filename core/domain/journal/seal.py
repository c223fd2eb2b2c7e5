"""Sealing: MessagePack, compressed with zstd, encrypted with age to its readers. No Django here.

age (age-encryption.org/v1, X25519 recipients) authenticates the body; the segment's signature says who wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyrage
import zstandard

from .errors import SealBroken, SegmentDamaged
from .format import MAX_BODY_BYTES

#: Level 3 is zstd's own default: higher ones cost more time than the link saves on segments of this size.
LEVEL: Final = 3


def identity_new() -> str:
    """A fresh age identity (private; the text form AGE-SECRET-KEY-1...)."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """The public recipient (age1...) of an identity."""
    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def seal_bytes(data: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypted so that any of `recipients` can open it. Raises ValueError where there is none."""
    if not recipients:
        raise ValueError("a sealed thing needs a reader")
    return bytes(pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(one) for one in recipients]))


def unseal_bytes(data: bytes, identity: str) -> bytes:
    """Raises SealBroken where the bytes are not sealed to this identity, or were altered."""
    try:
        return bytes(pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(identity)]))
    except pyrage.DecryptError as error:
        raise SealBroken(detail=str(error)) from error


def body_seal(packed: bytes, recipients: Sequence[str]) -> bytes:
    return seal_bytes(zstandard.ZstdCompressor(level=LEVEL).compress(packed), recipients)


def body_unseal(data: bytes, identity: str) -> bytes:
    """The packed entries. Raises SealBroken, SegmentDamaged (also for a body that would grow beyond its limit)."""
    compressed = unseal_bytes(data, identity)
    try:
        # The size the frame announces, before any of it is unpacked; -1 where it announces none.
        size = zstandard.frame_content_size(compressed)
        if not 0 <= size <= MAX_BODY_BYTES:
            raise SegmentDamaged(detail=f"body of {size} bytes")
        return zstandard.ZstdDecompressor().decompress(compressed, max_output_size=MAX_BODY_BYTES)
    except zstandard.ZstdError as error:
        raise SegmentDamaged(detail=str(error)) from error
