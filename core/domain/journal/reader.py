"""Segments > entries: what a reader checks, in the protocol's order, before anything is applied.

Header version known > author card known, valid, epoch current > signature > chain follows the cursor > unseal >
decode > apply + cursor, one transaction a segment. A fault holds this one stream, visibly; the file is copied to
quarantine; the stream goes on by itself when the true file is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import DataError, IntegrityError, transaction

from . import errors
from .chain import NO_PREVIOUS, SEGMENT_CONTEXT, card_require_valid, header_hash, sha256, verify
from .clock import physical_ms
from .files import Files
from .format import (
    MAX_SEGMENT_BYTES,
    Entry,
    NodeCard,
    SegmentHeader,
    StreamName,
    entries_decode,
    epoch_folder,
    segment_name,
    segment_name_parse,
    segment_split,
)
from .models import Cursor, QuarantinedFile, ReadSegment
from .place import CORE
from .seal import body_unseal

#: Applies entries inside the reader's transaction; StreamName says whose they are.
Apply = Callable[[StreamName, list[Entry]], None]


@dataclass(frozen=True)
class ReadDesk:
    """What reading needs. `card(node)` is the card held for an author, None where none is; `identity` is this
    machine's age identity; `archive` and `quarantine` are folders outside every synced one."""

    reader: str
    identity: str
    card: Callable[[str], NodeCard | None]
    archive: Path
    quarantine: Path
    files: Files
    apply: Apply
    #: File stamps already looked at, so that a sweep opens only what is new.
    seen: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


@dataclass
class Progress:
    """What one look at a stream brought."""

    segments: int = 0
    entries: int = 0
    held: str = ""


def stream_read(*, author: str, folder: Path, desk: ReadDesk, limit: int = 0) -> Progress:
    """Everything in order that lies in the author's folder is applied; `limit` segments at most (0: all).

    Never raises for what the folder holds: a fault is written to the cursor (held_reason) and quarantine.
    """
    progress = Progress()
    card = desk.card(author)
    if card is None or card.revoked:
        return progress
    cursor, _ = Cursor.objects.get_or_create(author=author, epoch=card.epoch, audience=desk.reader)
    sub = epoch_folder(card.epoch)
    ranges = {name: span for name in desk.files.names(folder, sub) if (span := segment_name_parse(name))}
    if fork := _fork_found(cursor, ranges, folder / sub, desk):
        _hold(cursor, fork[1], fork[0], folder / sub, desk)
        progress.held = fork[1].code
        return progress
    if cursor.held_reason == errors.StreamForked.code:
        progress.held = cursor.held_reason
        return progress
    by_first = {first: name for name, (first, _) in ranges.items()}
    while not limit or progress.segments < limit:
        name = by_first.get(cursor.last_seq + 1)
        if name is None:
            break
        try:
            count = _segment_read(name, folder / sub, card, cursor, desk)
        except errors.JournalError as error:
            _hold(cursor, error, name, folder / sub, desk)
            progress.held = error.code
            break
        except FileNotFoundError:
            break
        progress.segments += 1
        progress.entries += count
    return progress


def segment_check(
    data: bytes, *, stream: StreamName, card: NodeCard, last_seq: int, last_header: bytes, identity: str, now_ms: int
) -> tuple[SegmentHeader, bytes, list[Entry]]:
    """(header, its hash, entries) of a segment that may be applied next. Raises every JournalError of errors.py."""
    header, header_bytes, signature, body = segment_split(data)
    if header.stream != stream:
        raise errors.StreamMisplaced(expected=str(stream), found=str(header.stream))
    if header.card_serial != card.serial:
        raise errors.CardUnknown(node=stream.author, serial=header.card_serial)
    card_require_valid(card, epoch=header.stream.epoch, at_ms=now_ms)
    verify(card.verify_key, SEGMENT_CONTEXT, header_bytes, signature, author=stream.author)
    if header.first != last_seq + 1:
        raise errors.SegmentGap(expected=last_seq + 1, found=header.first)
    if header.previous != (last_header or NO_PREVIOUS):
        raise errors.ChainBroken(expected=last_header.hex(), found=header.previous.hex())
    if sha256(body) != header.body_sha256:
        raise errors.SegmentDamaged(detail="the body is not the one that was signed")
    entries = entries_decode(body_unseal(body, identity))
    if len(entries) != header.count:
        raise errors.SegmentDamaged(detail=f"{len(entries)} entries, {header.count} announced")
    for entry in entries:
        # Only the county passes on what others wrote: a node answers for its own acts alone.
        if stream.author not in (CORE, entry.author):
            raise errors.AuthorNotEntitled(author=stream.author, found=entry.author)
    return header, header_hash(header_bytes), entries


def _segment_read(name: str, place: Path, card: NodeCard, cursor: Cursor, desk: ReadDesk) -> int:
    """One segment is applied and the cursor stands behind it; returns its number of entries."""
    stream = StreamName(author=cursor.author, epoch=cursor.epoch, audience=cursor.audience)
    data = _file_bytes(name, place, desk)
    header, hashed, entries = segment_check(
        data, stream=stream, card=card, last_seq=cursor.last_seq, last_header=bytes(cursor.last_header),
        identity=desk.identity, now_ms=physical_ms(),
    )  # fmt: skip
    if segment_name(header.first, header.last) != name:
        raise errors.SegmentDamaged(detail="the name is not the header's")
    # The archive first: from here on the author's side may delete or rewrite the file without harm.
    desk.files.file_publish(desk.archive / cursor.author / epoch_folder(cursor.epoch), name, data)
    try:
        with transaction.atomic():
            desk.apply(stream, entries)
            cursor.last_seq, cursor.last_header, cursor.read_at_ms = header.last, hashed, physical_ms()
            cursor.held_reason = cursor.held_detail = ""
            cursor.save()
            ReadSegment.objects.create(cursor=cursor, first=header.first, last=header.last, header_hash=hashed)
            QuarantinedFile.objects.filter(author=cursor.author, name=name, resolved=False).update(resolved=True)
    except (DataError, IntegrityError, ValueError) as error:
        # Rolled back: a signed segment whose values no table takes (too long, NUL) stops its own stream only.
        cursor.refresh_from_db()
        raise errors.SegmentDamaged(detail=f"{type(error).__name__}: {error}") from error
    return header.count


def _file_bytes(name: str, place: Path, desk: ReadDesk) -> bytes:
    try:
        return desk.files.file_read(place / name, MAX_SEGMENT_BYTES, folder=place.parent)
    except FileNotFoundError:
        raise
    except Exception as error:  # a link, a pipe, too large: hostile or broken, never ours
        raise errors.SegmentDamaged(detail=str(error)) from error


def _fork_found(
    cursor: Cursor, ranges: dict[str, tuple[int, int]], place: Path, desk: ReadDesk
) -> tuple[str, errors.StreamForked] | None:
    """A file that says something else about sequence numbers already read, and has the author's signature."""
    card = desk.card(cursor.author)
    for name, (first, _) in ranges.items():
        if first > cursor.last_seq:
            continue
        try:
            stat = (place / name).lstat()
        except FileNotFoundError:
            continue
        stamp, key = (stat.st_mtime_ns, stat.st_size), (cursor.author, f"{cursor.epoch}/{name}")
        if desk.seen.get(key) == stamp:
            continue
        known = ReadSegment.objects.filter(cursor=cursor, first=first).first()
        try:
            header, header_bytes, signature, _ = segment_split(_file_bytes(name, place, desk))
            assert card is not None
            verify(card.verify_key, SEGMENT_CONTEXT, header_bytes, signature, author=cursor.author)
        except errors.JournalError:
            # Spoiled on the way after it was read: the archive has the true one. Nothing to hold, nothing lost.
            desk.seen[key] = stamp
            continue
        if known is None or bytes(known.header_hash) != header_hash(header_bytes):
            return name, errors.StreamForked(first=header.first, last=header.last)
        desk.seen[key] = stamp
    return None


def _hold(cursor: Cursor, error: errors.JournalError, name: str, place: Path, desk: ReadDesk) -> None:
    """The stream stands still with the reason; the file is kept aside once."""
    detail = f"{name}: {error!r}"[:2000]
    if (cursor.held_reason, cursor.held_detail) != (error.code, detail):
        cursor.held_reason, cursor.held_detail, cursor.held_at_ms = error.code, detail, physical_ms()
        cursor.save(update_fields=["held_reason", "held_detail", "held_at_ms"])
    if isinstance(error, errors.SegmentGap):
        return
    try:
        data = _file_bytes(name, place, desk)
    except (errors.SegmentDamaged, FileNotFoundError):
        data = b""
    digest = sha256(data)
    _, new = QuarantinedFile.objects.get_or_create(
        author=cursor.author, name=name, sha256=digest,
        defaults={"reason": error.code, "detail": detail, "seen_at_ms": physical_ms()},
    )  # fmt: skip
    if new and data:
        desk.files.file_publish(desk.quarantine / cursor.author, f"{digest.hex()[:16]}-{name}", data)
