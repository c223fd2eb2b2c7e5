"""Writing entries: one database transaction holds the entry, its place in the outboxes and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast
from uuid import UUID

import uuid_utils.compat
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from core.tracing import trace_now

from .bodies import Body
from .clock import Instant, instant_ms, physical_ms, tick
from .errors import EntryTooLarge, StreamForked
from .format import MAX_ENTRY_BYTES, Acks, Entry, StreamAck, encode
from .models import ClockState, OutboxItem, OutgoingStream
from .models import Entry as EntryRow
from .place import Here
from .policy import policy
from .rows import rows_insert

#: A clock that stands further behind than this has jumped (milliseconds).
JUMP_MS = 5 * 60 * 1000
ENTRY_COLUMNS = ("id", "case_id", "rev", "author", "kind", "at", "wire")


def clock_now() -> Instant:
    """An instant later than every entry written here, whatever the machine's clock says."""
    last = ClockState.objects.filter(id=1).values_list("last_at", flat=True).first() or 0
    return tick(last, physical_ms())


def clock_advance(at: Instant) -> None:
    """No later entry of this machine is before `at`."""
    rows_insert(ClockState, ("id", "last_at", "anchor_ms", "anchored_here_ms"), [(1, 0, 0, 0)], unique=("id",))
    ClockState.objects.filter(id=1, last_at__lt=at).update(last_at=at)


def clock_anchor(*, county_ms: int, here_ms: int) -> None:
    """The county's clock said `county_ms` when this machine's said `here_ms`."""
    clock_advance(0)
    ClockState.objects.filter(id=1).update(anchor_ms=county_ms, anchored_here_ms=here_ms)


def clock_is_uncertain(now_ms: int | None = None) -> bool:
    """Whether this machine's time may be wrong: no anchor from the county for longer than the policy allows,
    or a clock that stands behind what was written already. The core is its own anchor."""
    state = ClockState.objects.filter(id=1).first()
    if state is None or not state.anchor_ms:
        return False
    now_ms = physical_ms() if now_ms is None else now_ms
    anchored_for = now_ms - state.anchored_here_ms
    jumped_back = instant_ms(state.last_at) - now_ms > JUMP_MS or anchored_for < -JUMP_MS
    return jumped_back or anchored_for > policy("clock_max_age_hours") * 3_600_000


def entry_new(
    *,
    case_id: UUID | None,
    rev: int,
    body: Body,
    actor: str,
    at: Instant,
    release: int,
    here: Here,
    trace: str = "",
    clock_uncertain: bool = False,
) -> Entry:
    """An entry of this machine, not yet written; its id is a UUIDv7. Without a `trace` it belongs to what goes on now
    (core/tracing.py)."""
    return Entry(
        id=uuid_utils.compat.uuid7(),
        case_id=case_id,
        rev=rev,
        author=here.node,
        actor=actor,
        at=at,
        release=release,
        body=body,  # type: ignore[arg-type]
        trace=trace or trace_now().id,
        clock_uncertain=clock_uncertain,
    )


def entry_append(entry: Entry, *, audiences: Sequence[str]) -> None:
    """The entry stands in the journal and in each audience's outbox. Call inside the act's transaction.

    Raises EntryTooLarge; then nothing was written.
    """
    wire = encode(entry)
    if len(wire) > MAX_ENTRY_BYTES:
        raise EntryTooLarge(kind=entry.kind, size=len(wire))
    with transaction.atomic():
        _store([(entry.id, entry.case_id, entry.rev, entry.author, entry.kind, entry.at, wire)])
        outbox_queue([entry.id], audiences=audiences, at_ms=instant_ms(entry.at))
        clock_advance(entry.at)


@transaction.atomic
def node_entries_send(*, node: str, bodies: Sequence[Body], actor: str, here: Here) -> list[Entry]:
    """Entries about the node itself (staff, policy, cards, flags) are on their way to it, in this order."""
    at = clock_now()
    entries = [
        entry_new(case_id=None, rev=0, body=body, actor=actor, at=at + index, release=0, here=here)
        for index, body in enumerate(bodies)
    ]
    if entries:
        entries_store(entries)
        outbox_queue([entry.id for entry in entries], audiences=[node], at_ms=instant_ms(at))
        clock_advance(entries[-1].at)
    return entries


def entries_store(entries: Iterable[Entry]) -> None:
    """The entries stand in the journal; those that were there already stay as they are."""
    rows = [(e.id, e.case_id, e.rev, e.author, e.kind, e.at, encode(e)) for e in entries]
    _store(rows)


def _store(rows: Sequence[tuple[UUID, UUID | None, int, str, str, int, bytes]]) -> None:
    rows_insert(EntryRow, ENTRY_COLUMNS, rows, unique=("id",))


def outbox_queue(
    entry_ids: Sequence[UUID], *, audiences: Sequence[str], at_ms: int | None = None, again: bool = False
) -> None:
    """Each entry waits in each audience's outbox, in this order; once queued for an audience it is not again, except
    that `again` sends what was sealed before once more."""
    at_ms = physical_ms() if at_ms is None else at_ms
    for audience in audiences:
        there = OutboxItem.objects.filter(audience=audience, entry_id__in=list(entry_ids))
        queued = set((there.filter(seq=None) if again else there).values_list("entry_id", flat=True))
        rows = [(audience, entry_id, at_ms) for entry_id in entry_ids if entry_id not in queued]
        rows_insert(OutboxItem, ("audience", "entry", "queued_at_ms"), rows)
    if entry_ids and audiences and settings.OUTBOX_WAKE:
        cast("Callable[[], None]", import_string(settings.OUTBOX_WAKE))()


def acks_apply(acks: Acks, *, here: Here) -> None:
    """What the reader says it has applied and secured of this machine's streams; numbers only grow within an ack's
    epoch, except that a county restored from a backup may say less, with a later date.

    Where the reader has applied what this machine did not write, its numbers are not believed: this machine was
    copied, and has to be enrolled anew.
    """
    for ack in acks.streams:
        if ack.stream.author != here.node or ack.stream.audience != acks.reader:
            continue
        stream = OutgoingStream.objects.filter(
            author=here.node, epoch=ack.stream.epoch, audience=acks.reader, acked_at_ms__lt=acks.made_at_ms
        ).first()
        if stream is None:
            continue
        stream.acked_at_ms, stream.held_reason = acks.made_at_ms, ack.held[:32]
        if _is_ours(stream, ack):
            _times_keep(stream, ack, acks.made_at_ms)
            stream.applied_seq, stream.secured_seq = ack.applied, ack.secured
        else:
            stream.held_reason = StreamForked.code
        stream.save(update_fields=["acked_at_ms", "held_reason", "applied_seq", "secured_seq"])


def _times_keep(stream: OutgoingStream, ack: StreamAck, made_at_ms: int) -> None:
    """Segments that this ack confirms, and none before did, say when: at most two statements an ack."""
    for column, before, now in (
        ("acked_at_ms", stream.applied_seq, ack.applied),
        ("secured_at_ms", stream.secured_seq, ack.secured),
    ):
        if now > before:
            # Acks end where segments end, so none of them lies across `before`.
            confirmed = stream.segments.filter(first__gt=before, first__lte=now, last__lte=now)
            confirmed.update(**{column: made_at_ms})


def _is_ours(stream: OutgoingStream, ack: StreamAck) -> bool:
    """Whether what the reader has applied last is this machine's: not so where a copy of it writes the stream too."""
    if not ack.applied or not ack.header:
        return True
    written = stream.segments.filter(last=ack.applied).values_list("header_hash", flat=True).first()
    return written is not None and bytes(written) == ack.header
