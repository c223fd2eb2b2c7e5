"""Catalogue releases as files: compressed, signed by the core, in `catalogue/` and again in each town's folder.

A full file replaces the whole catalogue, a delta takes the release before it one step on. A node applies the
shortest way it has; where a delta does not fit, the full file does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from core.domain.catalogue.documents import ReleaseBody
from core.domain.catalogue.selectors import release_number
from core.domain.catalogue.services import ReleaseMismatch, release_apply
from core.domain.journal.chain import RELEASE, Signer, unwrap
from core.domain.journal.errors import SegmentDamaged, SignatureInvalid
from core.domain.journal.format import NodeCard, encode
from core.transport import spool

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_BODY_BYTES: Final = 256 * 1024 * 1024
#: The last releases stay in the folder, so that a node that was away for one or two finds its deltas.
KEPT: Final = 3
_NAME = re.compile(r"release-(\d{6})\.(full|delta)")
_decoder = msgspec.msgpack.Decoder(ReleaseBody)


@dataclass(frozen=True, order=True)
class ReleaseFile:
    number: int
    full: bool

    @property
    def name(self) -> str:
        return f"release-{self.number:06d}.{'full' if self.full else 'delta'}"


def release_wrap(signer: Signer, body: ReleaseBody) -> bytes:
    """The release as a file, signed."""
    return signer.wrap_bytes(RELEASE, zstandard.ZstdCompressor(level=9).compress(encode(body)))


def release_open(data: bytes, card: NodeCard) -> ReleaseBody:
    """A release this card's holder signed. Raises SignatureInvalid, SegmentDamaged."""
    try:
        packed = unwrap(data, RELEASE, card.verify_key)
        size = zstandard.frame_content_size(packed)
        if not 0 <= size <= MAX_BODY_BYTES:
            raise SegmentDamaged(detail=f"release of {size} bytes")
        return _decoder.decode(zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BODY_BYTES))
    except (msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise SegmentDamaged(detail=str(error)) from error


def release_files(folder: Path) -> list[ReleaseFile]:
    """The release files that lie in a folder, oldest first."""
    found = (_NAME.fullmatch(name) for name in spool.names(folder))
    return sorted(ReleaseFile(number=int(m[1]), full=m[2] == "full") for m in found if m)


def releases_apply(folder: Path, card: NodeCard) -> int:
    """The catalogue here is the newest release in the folder; returns its number (0: nothing new).

    Files that are not the core's, or do not fit, are passed over: the next one or the full file mends it.
    """
    applied = 0
    current = release_number()
    ahead = [one for one in release_files(folder) if one.number > current]
    if not ahead:
        return 0
    newest = ahead[-1].number
    deltas = [one for one in ahead if not one.full]
    steps = deltas if [one.number for one in deltas] == list(range(current + 1, newest + 1)) and current else []
    for step in [*steps, ReleaseFile(number=newest, full=True)]:
        if release_number() >= newest or not spool.file_exists(folder, step.name):
            continue
        try:
            data = spool.file_read(folder / step.name, MAX_FILE_BYTES, folder=folder)
            release_apply(release_open(data, card))
            applied = step.number
        except (ReleaseMismatch, SignatureInvalid, SegmentDamaged, spool.SpoolError):
            continue
    return applied


def releases_republish(source: Path, target: Path, card: NodeCard) -> list[str]:
    """A town's own folder holds the core's last releases, each checked; returns the names that are new."""
    new = []
    for one in release_files(source):
        if spool.file_exists(target, one.name):
            continue
        try:
            data = spool.file_read(source / one.name, MAX_FILE_BYTES, folder=source)
            release_open(data, card)
        except (SignatureInvalid, SegmentDamaged, spool.SpoolError):
            continue
        spool.directory_make(target)
        spool.file_publish(target, one.name, data)
        new.append(one.name)
    releases_prune(target)
    return new


def releases_prune(folder: Path) -> None:
    """Only the last KEPT releases lie in the folder. For its one writer."""
    numbers = sorted({one.number for one in release_files(folder)})
    for one in release_files(folder):
        if one.number in numbers[:-KEPT]:
            spool.file_remove(folder, one.name)
