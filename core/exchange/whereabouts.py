"""Where the entries of a case are now, and when they passed each hop, as far as this machine knows it.

Nothing is guessed: a time that was not kept, or that only another machine knows, is None. No personal data: kinds,
codes, numbers of streams and times (ms since 1970) only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from core.domain.cases.models import Case, Flag, ParkedEntry
from core.domain.cases.state import state_decode
from core.domain.journal.clock import instant_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.format import (
    MAX_SEGMENT_BYTES,
    Entry,
    entries_decode,
    epoch_folder,
    segment_name,
    segment_split,
)
from core.domain.journal.models import Cursor, OutboxItem, OutgoingStream, ReadSegment, Segment
from core.domain.journal.place import CORE, Here
from core.domain.journal.seal import body_unseal
from core.domain.journal.selectors import entries_of_case
from core.tracing import trace_is_valid
from core.transport import spool

#: How an entry stands with one machine it is for, or from which it came.
QUEUED, SEALED, ACKED, SECURED, WITHHELD, READ = "queued", "sealed", "acked", "secured", "withheld", "read"
#: What became of it here. FLAGGED: it counts, and somebody has to look; REFUSED: it is kept and does not count.
APPLIED, PARKED, FLAGGED, REFUSED = "applied", "parked", "flagged", "refused"
#: So many segments of the archive are opened to find an entry; it is nearly always in the first.
OPENED_AT_MOST: Final = 400


@dataclass(frozen=True)
class Hop:
    """`step`: written, sealed, came, applied; queued, sealed, acked, secured. `at_ms` None: nobody kept when."""

    step: str
    at_ms: int | None


@dataclass(frozen=True)
class Way:
    """One stream the entry goes or came by: its number there, the file, how far it is; `held`: why its reader holds the
    stream. `seq` None: not sealed yet (out), or not to be found any more (in)."""

    to: str
    stream: str
    seq: int | None
    segment: str
    standing: str
    held: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True)
class EntryWhere:
    """`reason`: of the flag, "" without one. `came` None: written here."""

    id: UUID
    kind: str
    rev: int
    author: str
    written_at_ms: int
    trace: str
    standing: str
    reason: str
    came: Way | None
    goes: tuple[Way, ...]

    @property
    def waits(self) -> bool:
        """Whether it does not count here yet, somebody has to look, or an audience has not confirmed it."""
        return self.standing != APPLIED or any(way.standing in {QUEUED, SEALED} for way in self.goes)


@dataclass(frozen=True)
class CaseWhere:
    """`held`: streams of this case's parties that stand still here, with the reason: more may be behind them."""

    case_id: UUID
    number: str
    status: str
    rev: int
    custodian: str
    node: str
    tenant: str
    entries: tuple[EntryWhere, ...]
    held: tuple[str, ...]

    @property
    def waits(self) -> bool:
        return bool(self.held) or any(entry.waits for entry in self.entries)


def cases_where(number: str, *, here: Here, archive: Path, identity: str, entry: UUID | None = None) -> list[CaseWhere]:
    """The cases of this number (two where machines were copied), with their entries, or the one asked for.

    `archive` holds the segments read here, `identity` opens them (age).
    """
    read = _Read(here.node, archive, identity)
    cases = Case.objects.filter(number=number).order_by("opened_on", "pk")
    found = [_case_where(case, here, read, entry) for case in cases]
    return [case for case in found if entry is None or case.entries]


def _case_where(case: Case, here: Here, read: _Read, wanted: UUID | None) -> CaseWhere:
    entries = [one for one in entries_of_case(case.pk) if wanted in (None, one.id)]
    # As they happened; entries that commute have no rev.
    entries.sort(key=lambda one: (one.at, one.id))
    goes = _goes([one.id for one in entries], here)
    flags = {flag.entry_id: flag for flag in Flag.objects.filter(case_id=case.pk, resolved=False)}
    parked = set(ParkedEntry.objects.filter(case_id=case.pk).values_list("entry_id", flat=True))
    parties = state_decode(bytes(case.state)).parties | {case.opened_by, case.custodian}
    held = Cursor.objects.filter(author__in=parties, audience=here.node).exclude(held_reason="").order_by("author")
    return CaseWhere(
        case_id=case.pk, number=case.number, status=case.status, rev=case.rev, custodian=case.custodian,
        node=here.node, tenant=here.tenant, held=tuple(f"{one}: {one.held_reason}" for one in held),
        entries=tuple(_entry_where(one, here, read, flags, parked, goes.get(one.id, ())) for one in entries),
    )  # fmt: skip


def _entry_where(
    entry: Entry, here: Here, read: _Read, flags: dict[UUID, Flag], parked: set[UUID], goes: Sequence[Way]
) -> EntryWhere:
    flag = flags.get(entry.id)
    standing = APPLIED if flag is None else FLAGGED if flag.applied else REFUSED
    return EntryWhere(
        id=entry.id, kind=entry.kind, rev=entry.rev, author=entry.author, written_at_ms=instant_ms(entry.at),
        trace=entry.trace if trace_is_valid(entry.trace) else "",
        standing=PARKED if entry.id in parked else standing, reason=flag.reason if flag else "",
        came=None if entry.author == here.node else read.way_of(entry), goes=tuple(goes),
    )  # fmt: skip


# What goes out


def _goes(ids: Sequence[UUID], here: Here) -> dict[UUID, list[Way]]:
    """By entry, how far it is with each audience; sealed twice (a new epoch), the time that got furthest counts."""
    streams = {(one.epoch, one.audience): one for one in OutgoingStream.objects.filter(author=here.node)}
    found: dict[tuple[UUID, str], Way] = {}
    for item in OutboxItem.objects.filter(entry_id__in=ids).order_by("id"):
        way = _out(item, streams.get((item.epoch or here.epoch, item.audience)), here)
        before = found.get((item.entry_id, item.audience))
        if before is None or before.standing not in {ACKED, SECURED}:
            found[item.entry_id, item.audience] = way
    by_entry: dict[UUID, list[Way]] = {}
    for (entry_id, _), way in sorted(found.items(), key=lambda one: one[0][1]):
        by_entry.setdefault(entry_id, []).append(way)
    return by_entry


def _out(item: OutboxItem, stream: OutgoingStream | None, here: Here) -> Way:
    hops = [Hop("queued", item.queued_at_ms)]
    name = f"{here.node}/{item.epoch or here.epoch}>{item.audience}"
    held = stream.held_reason if stream else ""
    if item.seq is None or stream is None:
        standing = WITHHELD if item.audience in here.absent else QUEUED
        return Way(item.audience, name, None, "", standing, held, tuple(hops))
    segment = Segment.objects.filter(stream=stream, first__lte=item.seq, last__gte=item.seq).first()
    hops.append(Hop("sealed", segment.made_at_ms if segment else None))
    standing = WITHHELD if item.audience in here.absent else SEALED
    if stream.applied_seq >= item.seq:
        standing = ACKED
        hops.append(Hop("acked", (segment.acked_at_ms or None) if segment else None))
    # A node calls secured what it has applied: it has no backup, the county sends it everything anew.
    if item.audience == CORE and stream.secured_seq >= item.seq:
        standing = SECURED
        hops.append(Hop("secured", (segment.secured_at_ms or None) if segment else None))
    file = segment_name(segment.first, segment.last) if segment else ""
    return Way(item.audience, name, item.seq, file, standing, held, tuple(hops))


# What came in


@dataclass
class _Read:
    """Segments this reader has applied, opened from the archive until an entry is found: which one it came by is kept
    nowhere else, so that a row costs nothing for it."""

    reader: str
    archive: Path
    identity: str
    _at: dict[UUID, tuple[ReadSegment, int]] = field(default_factory=dict)
    _opened: set[int] = field(default_factory=set)

    def way_of(self, entry: Entry) -> Way:
        """Where it came from; with unknown times where its segment is not in the archive any more."""
        found = self._at.get(entry.id)
        for segment in () if found else self._likely(entry):
            self._open(segment)
            if found := self._at.get(entry.id):
                break
        if found is None:
            hops = tuple(Hop(step, None) for step in ("sealed", "came", "applied"))
            return Way(self.reader, "", None, "", READ, "", hops)
        segment, seq = found
        times = (("sealed", segment.made_at_ms), ("came", segment.came_at_ms), ("applied", segment.applied_at_ms))
        hops = tuple(Hop(step, at_ms or None) for step, at_ms in times)
        name = f"{segment.cursor.author}/{segment.cursor.epoch}>{self.reader}"
        return Way(self.reader, name, seq, segment_name(segment.first, segment.last), READ, "", hops)

    def _likely(self, entry: Entry) -> Iterator[ReadSegment]:
        """Those sealed soon after it was written come first, then those of which that is not known, then the rest."""
        read = ReadSegment.objects.filter(cursor__audience=self.reader, cursor__author__in=self._authors(entry))
        read = read.select_related("cursor").exclude(pk__in=self._opened)
        written = instant_ms(entry.at)
        parts = (
            read.filter(made_at_ms__gte=written).order_by("made_at_ms", "pk"),
            read.filter(made_at_ms=0).order_by("-pk"),
            read.filter(made_at_ms__gt=0, made_at_ms__lt=written).order_by("-made_at_ms", "pk"),
        )
        for part in parts:
            for segment in part[:OPENED_AT_MOST]:
                if len(self._opened) >= OPENED_AT_MOST:
                    return
                yield segment

    def _authors(self, entry: Entry) -> set[str]:
        # Only the county passes on what others wrote.
        return {entry.author} if self.reader == CORE else {entry.author, CORE}

    def _open(self, segment: ReadSegment) -> None:
        self._opened.add(segment.pk)
        folder = f"{segment.cursor.author}/{epoch_folder(segment.cursor.epoch)}"
        path = self.archive / folder / segment_name(segment.first, segment.last)
        try:
            data = spool.file_read(path, MAX_SEGMENT_BYTES, folder=self.archive)
            header, _, _, body = segment_split(data)
            entries = entries_decode(body_unseal(body, self.identity))
        except (FileNotFoundError, JournalError, spool.SpoolError):
            return
        # Times that were not kept yet when it was read, its header still says.
        segment.made_at_ms = segment.made_at_ms or header.made_at_ms
        for seq, entry in enumerate(entries, segment.first):
            self._at.setdefault(entry.id, (segment, seq))
