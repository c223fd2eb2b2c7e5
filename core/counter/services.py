"""What the counter itself keeps: forms that are being filled in, and the scans that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import UploadedFile

from core.domain.cases.models import DraftIntake
from core.domain.journal.bodies import AttachmentRef
from core.domain.journal.clock import physical_ms
from core.domain.journal.place import Here
from core.domain.staff.actors import Actor
from core.exchange.attachments import MAX_BYTES, attachment_keep

#: What a scan may be: pictures of a camera or scanner, and PDF. Anything else is refused by name.
SCAN_TYPES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"%PDF-": "application/pdf",
}
MAX_SCANS = 12  #: of one material


class ScanRefused(Exception):
    """A file that is no scan. `reason`: type, size, count."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


def scan_type(head: bytes) -> str:
    """The media type by the first bytes ("" for no scan): the name and the browser's word prove nothing."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in SCAN_TYPES.items() if head.startswith(magic)), "")


def scans_keep(files: Iterable[UploadedFile[Any]], *, held: int = 0) -> tuple[AttachmentRef, ...]:
    """The files are kept as scans, all or none. Raises ScanRefused, spool.DiskFull."""
    uploads = list(files)
    if held + len(uploads) > MAX_SCANS:
        raise ScanRefused(uploads[-1].name or "", "count")
    read: list[tuple[str, str, bytes]] = []
    for upload in uploads:
        name = upload.name or ""
        if (upload.size or 0) > MAX_BYTES:
            raise ScanRefused(name, "size")
        data = upload.read()
        kind = scan_type(data[:16])
        if not kind:
            raise ScanRefused(name, "type")
        read.append((name, kind, data))
    return tuple(attachment_keep(data=data, name=name, media_type=kind) for name, kind, data in read)


def draft_save(
    *,
    draft_id: UUID,
    item_code: str,
    values: Mapping[str, str],
    files: Mapping[str, Iterable[AttachmentRef]],
    actor: Actor,
    here: Here,
) -> None:
    """What was typed so far is kept; somebody else's draft of this id is left alone."""  # fmt: skip
    data: dict[str, Any] = {
        "values": dict(values),
        "files": {code: [msgspec.to_builtins(ref) for ref in refs] for code, refs in files.items()},
    }
    kept = {"item_code": item_code, "data": data, "saved_at_ms": physical_ms(), "service_point": here.service_point}
    if not DraftIntake.objects.filter(pk=draft_id, clerk=actor.code).update(**kept):
        DraftIntake.objects.get_or_create(pk=draft_id, defaults={**kept, "clerk": actor.code})


def draft_discard(*, draft_id: UUID, actor: Actor) -> None:
    """The draft is gone."""
    DraftIntake.objects.filter(pk=draft_id, clerk=actor.code).delete()
