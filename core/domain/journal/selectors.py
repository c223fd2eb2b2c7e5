"""Reading the journal: entries of cases, what waits, how far streams are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from .clock import physical_ms
from .format import Acks, Entry, StreamAck, StreamName, entry_decode
from .models import Cursor, OutboxItem, OutgoingStream
from .models import Entry as EntryRow
from .place import CORE, Here
from .rows import rows_with


def entries_of_case(case_id: UUID) -> list[Entry]:
    """All entries of a case kept here, applied or not, by rev and time."""
    wires = EntryRow.objects.filter(case_id=case_id).order_by("rev", "at", "id").values_list("wire", flat=True)
    return [entry_decode(bytes(wire)) for wire in wires]


def entries_of_cases(case_ids: Iterable[UUID]) -> list[Entry]:
    """All entries of these cases kept here, applied or not, in no order."""
    wires = EntryRow.objects.filter(case_id__in=list(case_ids)).values_list("wire", flat=True)
    return [entry_decode(bytes(wire)) for wire in wires]


def entries_by_id(ids: Iterable[UUID]) -> list[Entry]:
    return [
        entry_decode(bytes(wire)) for wire in EntryRow.objects.filter(id__in=list(ids)).values_list("wire", flat=True)
    ]


def entry_ids_known(ids: Iterable[UUID]) -> set[UUID]:
    return set(rows_with(EntryRow, "id", ids).values_list("id", flat=True))


@dataclass(frozen=True)
class Waiting:
    """Entries the audience has not acknowledged; `oldest_s` is the age of the oldest in seconds (0: none)."""

    count: int
    oldest_s: int


def waiting_for(audience: str, *, here: Here) -> Waiting:
    """What of this machine's acts the audience does not have yet, as far as its acks say."""
    stream = OutgoingStream.objects.filter(author=here.node, epoch=here.epoch, audience=audience)
    applied, last = stream.values_list("applied_seq", "last_seq").first() or (0, 0)
    unsealed = OutboxItem.objects.filter(audience=audience, seq=None).aggregate(
        count=Count("id"), oldest=Min("queued_at_ms")
    )
    # The stream's own numbers, not its rows: every page shows this, and after a month offline they are many.
    count = unsealed["count"] + max(0, last - applied)
    sealed = OutboxItem.objects.filter(audience=audience, epoch=here.epoch, seq__gt=applied).order_by("seq")
    ages = (unsealed["oldest"], sealed.values_list("queued_at_ms", flat=True).first())
    oldest = min((age for age in ages if age is not None), default=None)
    return Waiting(count=count, oldest_s=0 if oldest is None else max(0, (physical_ms() - oldest) // 1000))


def waiting_case_ids(audience: str, *, here: Here) -> QuerySet[OutboxItem, UUID | None]:
    """The cases with acts of this machine that the audience does not have yet; a subquery, not a list."""
    stream = OutgoingStream.objects.filter(author=here.node, epoch=here.epoch, audience=audience)
    applied = stream.values_list("applied_seq", flat=True).first() or 0
    waits = Q(seq=None) | Q(epoch=here.epoch, seq__gt=applied)
    items = OutboxItem.objects.filter(waits, audience=audience, entry__case_id__isnull=False)
    return items.values_list("entry__case_id", flat=True).distinct()


def entry_reached(entry_id: UUID, audience: str, *, here: Here) -> bool:
    """Whether the audience has acknowledged this entry."""
    item = OutboxItem.objects.filter(entry_id=entry_id, audience=audience).first()
    if item is None or item.epoch is None or item.seq is None:
        return False
    stream = OutgoingStream.objects.filter(author=here.node, epoch=item.epoch, audience=audience)
    return stream.filter(applied_seq__gte=item.seq).exists()


def acks_for(author: str, *, here: Here, made_at_ms: int) -> Acks:
    """How far this machine is in the author's streams to it.

    What a node has applied is secured: were its disk lost, the county would send it anew (rebuild). The county itself
    counts only what a tested backup holds.
    """
    cursors = Cursor.objects.filter(author=author, audience=here.node).order_by("epoch")
    return Acks(
        reader=here.node,
        made_at_ms=made_at_ms,
        streams=tuple(
            StreamAck(
                stream=StreamName(author=c.author, epoch=c.epoch, audience=c.audience), applied=c.last_seq,
                header=bytes(c.last_header), held=c.held_reason,
                secured=c.secured_seq if here.node == CORE else c.last_seq,
            )
            for c in cursors
        ),
    )  # fmt: skip


def streams_refused(*, here: Here) -> list[OutgoingStream]:
    """This machine's streams that their reader holds, as its acks say."""
    streams = OutgoingStream.objects.filter(author=here.node, epoch=here.epoch).exclude(held_reason="")
    return list(streams.order_by("audience"))


def streams_held() -> list[Cursor]:
    """Streams that stand still, with their reasons."""
    return list(Cursor.objects.exclude(held_reason="").order_by("author"))
