"""Segments > entries: what a reader checks, in the protocol's order, before anything is applied.

Header version known > author card known, valid, epoch current > signature > chain follows the cursor > unseal >
decode > apply + cursor, one transaction a segment. A fault holds this one stream, visibly; the file is copied to
quarantine; the stream goes on by itself when the true file is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from core.tracing import traces_valid

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

_log = structlog.get_logger(__name__)
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
    #: Hears of each segment once its rows are committed; for figures.
    told: Callable[[SegmentHeader], None] | None = None


@dataclass
class Progress:
    """What one look at a stream brought."""

    segments: int = 0
    entries: int = 0
    held: str = ""
    #: The stream is held now and was not, or for another reason.
    news: bool = False


def stream_read(*, author: str, folder: Path, desk: ReadDesk, limit: int = 0, also: Sequence[Path] = ()) -> Progress:
    """Everything in order that lies in the author's folder is applied; `limit` segments at most (0: all).

    `also` are other folders the same files come in by (the courier's); of two copies the good one counts. Never raises
    for what a folder holds: a fault is written to the cursor (held_reason) and quarantine.
    """
    card = desk.card(author)
    if card is None or card.revoked:
        # Said in the answer, not on a cursor: a revoked node is no fault to be mended.
        return Progress(held=errors.CardUnknown.code if card is None else errors.CardRefused.code)
    progress = Progress()
    cursor, _ = Cursor.objects.get_or_create(author=author, epoch=card.epoch, audience=desk.reader)
    before = cursor.held_reason
    places = [one / epoch_folder(card.epoch) for one in (folder, *also)]
    _stream_follow(cursor, card, [(place, _ranges(place, desk)) for place in places], desk, progress, limit)
    progress.news = cursor.held_reason != before
    return progress


def _ranges(place: Path, desk: ReadDesk) -> dict[str, tuple[int, int]]:
    """The segments that lie in an epoch's folder, by name, with the numbers the name claims."""
    found = desk.files.names(place.parent, place.name)
    return {name: span for name in found if (span := segment_name_parse(name))}


def _stream_follow(
    cursor: Cursor, card: NodeCard, places: list[tuple[Path, dict[str, tuple[int, int]]]], desk: ReadDesk,
    progress: Progress, limit: int,
) -> None:  # fmt: skip
    for place, ranges in places:
        if fork := _fork_found(cursor, card, ranges, place, desk):
            _hold(cursor, fork[1], fork[0], place, desk)
            progress.held = fork[1].code
            return
    if cursor.held_reason == errors.StreamForked.code:
        progress.held = cursor.held_reason
        return
    by_first: dict[int, list[Path]] = {}
    for place, ranges in places:
        for name, (first, _) in ranges.items():
            by_first.setdefault(first, []).append(place / name)
    while not limit or progress.segments < limit:
        if not _next_read(by_first.get(cursor.last_seq + 1, []), card, cursor, desk, progress):
            break


def _next_read(paths: list[Path], card: NodeCard, cursor: Cursor, desk: ReadDesk, progress: Progress) -> bool:
    """The next segment is applied, from whichever file that claims its place is the true one; else the stream is held
    (or, with no file there, waits). Returns whether the cursor moved."""
    faults: list[tuple[Path, errors.JournalError]] = []
    for path in paths:
        stamp = _stamp(path)
        try:
            data = _file_bytes(path.name, path.parent, desk)
        except FileNotFoundError:
            continue
        except errors.JournalError as error:
            faults.append((path, error))
            continue
        try:
            count = _segment_read(path.name, data, card, cursor, desk, stamp[0] // 1_000_000 if stamp else 0)
        except errors.JournalError as error:
            faults.append((path, error))
            continue
        if stamp is not None:
            desk.seen[_seen_key(path)] = stamp
        progress.segments += 1
        progress.entries += count
        return True
    for path, fault in faults:
        _hold(cursor, fault, path.name, path.parent, desk)
        progress.held = fault.code
    return False


def _stamp(path: Path) -> tuple[int, int] | None:
    # The change time, not the modification time: whoever writes the folder can set the latter as they like.
    try:
        stat = path.lstat()
    except FileNotFoundError:
        return None
    return stat.st_ctime_ns, stat.st_size


def _seen_key(path: Path) -> tuple[str, str]:
    return str(path.parent), path.name


def segment_check(
    data: bytes, *, stream: StreamName, card: NodeCard, last_seq: int, last_header: bytes, identity: str, now_ms: int
) -> tuple[SegmentHeader, bytes, list[Entry]]:
    """(header, its hash, entries) of a segment that may be applied next. Raises every JournalError of errors.py."""
    header, header_bytes, signature, body = segment_split(data)
    if header.stream != stream:
        raise errors.StreamMisplaced(expected=str(stream), found=str(header.stream))
    # A renewed card has a higher serial; what was sealed before under the old one is still the author's.
    if header.card_serial > card.serial:
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


def _segment_read(name: str, data: bytes, card: NodeCard, cursor: Cursor, desk: ReadDesk, came_at_ms: int) -> int:
    """One segment is applied and the cursor stands behind it; returns its number of entries."""
    stream = StreamName(author=cursor.author, epoch=cursor.epoch, audience=cursor.audience)
    try:
        header, hashed, entries = segment_check(
            data, stream=stream, card=card, last_seq=cursor.last_seq, last_header=bytes(cursor.last_header),
            identity=desk.identity, now_ms=physical_ms(),
        )  # fmt: skip
    except errors.SegmentGap as error:
        # By its name it is the next one: an earlier or later segment under another's name.
        raise errors.SegmentDamaged(detail=f"the name is not the header's: {error!r}") from error
    if segment_name(header.first, header.last) != name:
        raise errors.SegmentDamaged(detail="the name is not the header's")
    # The archive first: from here on the author's side may delete or rewrite the file without harm.
    _archive(name, data, header, cursor, desk)
    try:
        with transaction.atomic():
            # Two readers of one stream take turns; the second finds the cursor moved and looks again.
            if Cursor.objects.select_for_update().get(pk=cursor.pk).last_seq != cursor.last_seq:
                cursor.refresh_from_db()
                return 0
            desk.apply(stream, entries)
            cursor.last_seq, cursor.last_header, cursor.read_at_ms = header.last, hashed, physical_ms()
            cursor.held_reason = cursor.held_detail = ""
            cursor.save()
            ReadSegment.objects.create(
                cursor=cursor, first=header.first, last=header.last, header_hash=hashed, made_at_ms=header.made_at_ms,
                came_at_ms=came_at_ms, applied_at_ms=cursor.read_at_ms,
            )  # fmt: skip
            QuarantinedFile.objects.filter(author=cursor.author, name=name, resolved=False).update(resolved=True)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        # Rolled back: a signed segment whose values no table takes (too long, NUL) stops its own stream only.
        cursor.refresh_from_db()
        raise errors.SegmentDamaged(detail=f"{type(error).__name__}: {error}") from error
    _log_read(header, entries, took_ms=physical_ms() - came_at_ms if came_at_ms else None)
    if desk.told is not None:
        desk.told(header)
    return header.count


def _log_read(header: SegmentHeader, entries: list[Entry], *, took_ms: int | None) -> None:
    """One line a segment, with the traces in it."""
    _log.info(
        "segment_applied", author=header.stream.author, epoch=header.stream.epoch, first=header.first,
        last=header.last, made_ago_ms=physical_ms() - header.made_at_ms, came_ago_ms=took_ms,
        traces=traces_valid(entry.trace for entry in entries),
    )  # fmt: skip


def _archive(name: str, data: bytes, header: SegmentHeader, cursor: Cursor, desk: ReadDesk) -> None:
    """The segment lies in the archive. Raises StreamForked where another signed one for its place already does."""
    sub = f"{cursor.author}/{epoch_folder(cursor.epoch)}"
    with contextlib.suppress(FileNotFoundError):
        if desk.files.file_read(desk.archive / sub / name, MAX_SEGMENT_BYTES, folder=desk.archive) != data:
            raise errors.StreamForked(first=header.first, last=header.last)
    desk.files.file_publish(desk.archive, f"{sub}/{name}", data)


def _file_bytes(name: str, place: Path, desk: ReadDesk) -> bytes:
    try:
        return desk.files.file_read(place / name, MAX_SEGMENT_BYTES, folder=place.parent)
    except FileNotFoundError:
        raise
    except Exception as error:  # a link, a pipe, too large: hostile or broken, never ours
        raise errors.SegmentDamaged(detail=str(error)) from error


def _fork_found(
    cursor: Cursor, card: NodeCard, ranges: dict[str, tuple[int, int]], place: Path, desk: ReadDesk
) -> tuple[str, errors.StreamForked] | None:
    """A file that says something else about sequence numbers already read, and has the author's signature.

    What counts is the signed header, never the name: a relay can rename, but cannot make a fork.
    """
    stream = StreamName(author=cursor.author, epoch=cursor.epoch, audience=cursor.audience)
    for name, (first, _) in ranges.items():
        if first > cursor.last_seq:
            continue
        stamp, key = _stamp(place / name), _seen_key(place / name)
        if stamp is None or desk.seen.get(key) == stamp:
            continue
        try:
            header, header_bytes, signature, _ = segment_split(_file_bytes(name, place, desk))
            verify(card.verify_key, SEGMENT_CONTEXT, header_bytes, signature, author=cursor.author)
        except errors.JournalError:
            # Spoiled on the way after it was read: the archive has the true one. Nothing to hold, nothing lost.
            desk.seen[key] = stamp
            continue
        except FileNotFoundError:
            continue
        read = header.stream == stream and header.first <= cursor.last_seq
        if read and _differs(cursor, header, header_hash(header_bytes)):
            return name, errors.StreamForked(first=header.first, last=header.last)
        desk.seen[key] = stamp
    return None


def _differs(cursor: Cursor, header: SegmentHeader, hashed: bytes) -> bool:
    """Whether this reader has read something else under any of the header's numbers. A machine that took another's
    place began in the middle: what is before was never its to read."""
    known = ReadSegment.objects.filter(cursor=cursor, first=header.first).first()
    if known is not None:
        return bytes(known.header_hash) != hashed
    began = ReadSegment.objects.filter(cursor=cursor).order_by("first").values_list("first", flat=True).first()
    return header.last >= (cursor.last_seq + 1 if began is None else began)


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
        desk.files.file_publish(desk.quarantine, f"{cursor.author}/{digest.hex()[:16]}-{name}", data)
