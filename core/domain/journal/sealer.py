"""Outbox > segments: queued entries become signed, sealed files, in order, each exactly once.

A segment's bytes are durable in staging before its row is committed, and it gets its name in the folder after
that: so a crash at any moment leaves either nothing, or a row whose file can be named again, and a range is never
sealed twice with different bytes (age is not deterministic; two headers for one range would be a fork).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog
from django.db import transaction
from django.db.models import QuerySet

from core.tracing import traces_valid

from .chain import NO_PREVIOUS, Signer, header_hash, header_sign, sha256
from .clock import physical_ms
from .errors import SegmentLost
from .files import Files
from .format import (
    FORMAT_VERSION,
    MAX_ENTRIES,
    MAX_PACKED_BYTES,
    MAX_SEGMENT_BYTES,
    SegmentHeader,
    StreamName,
    encode,
    epoch_folder,
    segment_join,
    segment_name,
    trace_of,
)
from .models import OutboxItem, OutgoingStream, Segment
from .place import Here
from .rows import rows_number
from .seal import body_seal

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Desk:
    """What sealing needs: who signs under which card, who can open, where files go.

    `recipients(audience)` are age recipients, empty while none is known (then nothing is sealed for it);
    `folder(audience)` is the folder this machine alone writes for it; `staging` lies on the same file system.
    """

    signer: Signer
    card_serial: int
    recipients: Callable[[str], Sequence[str]]
    folder: Callable[[str], Path]
    staging: Path
    files: Files
    announce: Callable[[str, str], None] = lambda audience, name: None


def streams_seal(*, here: Here, desk: Desk, limit: int = 0) -> int:
    """Every queued entry this machine can address is in a named segment; returns how many entries.

    `limit` ends after about so many segments (0: none). Raises the first thing `desk.files` raised (a full disk, a
    missing folder) after every other audience had its turn; nothing is lost then, the entries stay queued.
    """
    sealed = segments = 0
    failed: Exception | None = None
    queued = set(OutboxItem.objects.filter(seq=None).values_list("audience", flat=True).distinct())
    staged = _unpublished(here).values_list("stream__audience", flat=True)
    for audience in sorted(queued.union(staged)):
        try:
            segments_publish(audience, here=here, desk=desk)
            while not limit or segments < limit:
                count = _segment_seal(audience, here=here, desk=desk)
                if not count:
                    break
                sealed, segments = sealed + count, segments + 1
        except Exception as error:  # one audience's folder must not hold up what another waits for
            failed = failed or error
    if failed is not None:
        raise failed
    return sealed


def _unpublished(here: Here) -> QuerySet[Segment]:
    return Segment.objects.filter(published=False, stream__author=here.node)


def segments_publish(audience: str, *, here: Here, desk: Desk) -> None:
    """Segments for this audience that were staged before a crash have their names. Raises SegmentLost."""
    for segment in _unpublished(here).filter(stream__audience=audience).select_related("stream").order_by("pk"):
        _segment_name(segment, desk)


def _segment_seal(audience: str, *, here: Here, desk: Desk) -> int:
    recipients = desk.recipients(audience)
    if not recipients:
        return 0
    with transaction.atomic():
        stream = _stream_lock(audience, here)
        rows = _rows_next(audience)
        if not rows:
            return 0
        first, last = stream.last_seq + 1, stream.last_seq + len(rows)
        body = body_seal(encode([msgspec.Raw(wire) for _, wire in rows]), recipients)
        header = SegmentHeader(
            version=FORMAT_VERSION,
            stream=StreamName(author=stream.author, epoch=stream.epoch, audience=stream.audience),
            first=first, last=last, count=len(rows), previous=bytes(stream.last_header) or NO_PREVIOUS,
            body_sha256=sha256(body), card_serial=desk.card_serial, made_at_ms=physical_ms(),
        )  # fmt: skip
        header_bytes, signature = header_sign(desk.signer, header)
        hashed = header_hash(header_bytes)
        desk.files.file_publish(
            desk.staging, _staged_name(audience, hashed), segment_join(header_bytes, signature, body)
        )
        rows_number(OutboxItem, "seq", [key for key, _ in rows], first, epoch=here.epoch)
        OutgoingStream.objects.filter(pk=stream.pk).update(last_seq=last, last_header=hashed)
        segment = Segment.objects.create(
            stream=stream, first=first, last=last, header_hash=hashed, made_at_ms=header.made_at_ms
        )
    _segment_name(segment, desk)
    _log.info("segment_sealed", audience=audience, epoch=stream.epoch, first=first, last=last,
              traces=traces_valid(trace_of(wire) for _, wire in rows))  # fmt: skip
    return len(rows)


def _rows_next(audience: str) -> list[tuple[int, bytes]]:
    """(outbox id, wire) of what the next segment holds: at most MAX_ENTRIES, and about MAX_PACKED_BYTES."""
    queued = OutboxItem.objects.filter(audience=audience, seq=None).order_by("id")
    rows: list[tuple[int, bytes]] = []
    size = 0
    for key, wire in queued.values_list("id", "entry__wire")[:MAX_ENTRIES].iterator(chunk_size=MAX_ENTRIES):
        size += len(wire)
        if rows and size > MAX_PACKED_BYTES:
            break
        rows.append((key, bytes(wire)))
    return rows


def _stream_lock(audience: str, here: Here) -> OutgoingStream:
    """The stream's row, locked: whoever seals for this audience waits its turn."""
    stream, _ = OutgoingStream.objects.get_or_create(author=here.node, epoch=here.epoch, audience=audience)
    return OutgoingStream.objects.select_for_update().get(pk=stream.pk)


def _staged_name(audience: str, hashed: bytes) -> str:
    return f"{audience}-{hashed.hex()[:32]}.seg"


def _segment_name(segment: Segment, desk: Desk) -> None:
    audience, epoch = segment.stream.audience, segment.stream.epoch
    staged = _staged_name(audience, bytes(segment.header_hash))
    name = f"{epoch_folder(epoch)}/{segment_name(segment.first, segment.last)}"
    folder = desk.folder(audience)
    # Its durable copy is removed only after the row says it is published, so a crash in between repeats this.
    try:
        data = desk.files.file_read(desk.staging / staged, MAX_SEGMENT_BYTES)
    except FileNotFoundError as error:
        # Never pretend: the reader would wait for this range for ever.
        raise SegmentLost(name=f"{audience} {name}") from error
    desk.files.file_publish(folder, name, data)
    Segment.objects.filter(pk=segment.pk).update(published=True)
    desk.files.file_remove(desk.staging, staged)
    desk.announce(audience, name)


def segments_prune(*, here: Here, desk: Desk, before_ms: int) -> int:
    """Segments that are secured by their reader and older than `before_ms` are gone from the folders.

    Audiences nothing is shared with now are passed over. Returns how many segments.
    """
    pruned = 0
    for stream in OutgoingStream.objects.filter(author=here.node, secured_seq__gt=0):
        if not desk.recipients(stream.audience):
            continue
        old = stream.segments.filter(
            pruned=False, published=True, last__lte=stream.secured_seq, made_at_ms__lt=before_ms
        )
        for segment in old.order_by("first"):
            name = f"{epoch_folder(stream.epoch)}/{segment_name(segment.first, segment.last)}"
            desk.files.file_remove(desk.folder(stream.audience), name)
            Segment.objects.filter(pk=segment.pk).update(pruned=True)
            pruned += 1
    return pruned
