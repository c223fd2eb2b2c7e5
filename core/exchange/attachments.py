"""Scanned materials: kept in the clear here, sealed to those above, carried beside the segments.

An entry names the sealed file by its SHA-256 and proves what was inside by another; it may arrive first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

from core.domain.journal.bodies import AttachmentRef, MaterialReceived
from core.domain.journal.errors import SealBroken
from core.domain.journal.format import entry_decode
from core.domain.journal.models import Attachment, OutboxItem
from core.domain.journal.seal import seal_bytes, unseal_bytes
from core.transport import spool

from .folders import ATTACHMENTS
from .machine import Machine, Places

#: A phone's photograph of a page is 2 to 8 MB; a scan of ten pages stays below this.
MAX_BYTES: Final = 20 * 1024 * 1024
_SEALED_LIMIT: Final = MAX_BYTES + 1024 * 1024


class AttachmentTooLarge(Exception):
    """The scan has more bytes than travel well from a village."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes, {MAX_BYTES} are allowed")
        self.size = size


def _recipients() -> Sequence[str]:
    return cast("Callable[[], Sequence[str]]", import_string(settings.ATTACHMENT_RECIPIENTS))()


def _places() -> Places:
    return Places(Path(settings.VAR_DIR))


def attachment_keep(*, data: bytes, name: str, media_type: str) -> AttachmentRef:
    """The scan is durable here, in the clear and sealed to those entitled to it; the reference goes into an entry.

    Raises AttachmentTooLarge, spool.DiskFull; then nothing was kept.
    """
    if len(data) > MAX_BYTES:
        raise AttachmentTooLarge(size=len(data))
    places = _places()
    places.make()
    plain = hashlib.sha256(data).digest()
    spool.file_publish(places.blobs, plain.hex(), data)
    sealed = seal_bytes(data, _recipients())
    digest = hashlib.sha256(sealed).digest()
    spool.file_publish(places.sealed, digest.hex(), sealed)
    return AttachmentRef(sealed=digest, plain=plain, size=len(data), media_type=media_type, name=name[:200])


def attachment_plain(sealed: bytes) -> bytes | None:
    """The scan's bytes, None while they are in transit."""
    plain = Attachment.objects.filter(pk=sealed).values_list("plain_sha256", flat=True).first()
    if plain is None:
        return None
    try:
        return spool.file_read(_places().blobs / bytes(plain).hex(), MAX_BYTES)
    except FileNotFoundError:
        return None


def attachments_publish(machine: Machine) -> int:
    """Scans named by entries that wait to be sealed lie in the folders of their audiences; returns how many are new.

    Before the segments: what a reader learns of should be there, or soon be.
    """
    waiting = OutboxItem.objects.filter(seq=None, entry__kind="material.received").values_list(
        "audience", "entry__wire"
    )
    published = 0
    for audience, wire in waiting.iterator():
        if audience not in machine.plan.writes:
            continue
        body = entry_decode(bytes(wire)).body
        assert isinstance(body, MaterialReceived)
        for ref in body.attachments:
            published += _publish(machine, audience, ref.sealed.hex())
    return published


def _publish(machine: Machine, audience: str, digest: str) -> bool:
    name = f"{ATTACHMENTS}/{digest}"
    folder = machine.folder_out(audience)
    if spool.file_exists(folder, name):
        return False
    source = _source(machine, digest)
    if source is None:
        return False
    spool.file_publish(folder, name, source)
    machine.announce(audience, name)
    return True


def _source(machine: Machine, digest: str) -> Path | None:
    """The sealed scan: as it was kept, or where it was published before (a case may gain an audience later)."""
    places = [machine.places.sealed / digest]
    places += [machine.places.folders / folder / ATTACHMENTS / digest for folder in machine.plan.writes.values()]
    return next((place for place in places if place.is_file()), None)


def attachments_read(machine: Machine, authors: Iterable[str]) -> int:
    """Scans that have arrived from these authors are kept in the clear; returns how many."""
    opened = 0
    for author in authors:
        if author not in machine.plan.reads:
            continue
        folders = machine.folders_in(author)
        for row in Attachment.objects.filter(author=author, present=False).iterator():
            opened += any(_open(machine, folder, row) for folder in folders)
    return opened


def _open(machine: Machine, folder: Path, row: Attachment) -> bool:
    digest = bytes(row.sealed_sha256)
    path = folder / ATTACHMENTS / digest.hex()
    try:
        sealed = spool.file_read(path, _SEALED_LIMIT, folder=folder)
        # Spoiled on the way: not what the entry named. The true file comes again; nothing is kept of this one.
        if hashlib.sha256(sealed).digest() != digest:
            return False
        plain = unseal_bytes(sealed, machine.identity.age_identity)
    except (FileNotFoundError, spool.SpoolError, SealBroken):
        return False
    if hashlib.sha256(plain).digest() != bytes(row.plain_sha256):
        return False
    spool.file_publish(machine.places.blobs, bytes(row.plain_sha256).hex(), plain)
    Attachment.objects.filter(pk=row.pk).update(present=True)
    return True
