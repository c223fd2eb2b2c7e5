"""Sending again what a reader that is gone never read: to its successor's keys, or in a new epoch."""

from __future__ import annotations

from django.db import transaction

from core.domain.journal.models import OutboxItem, OutgoingStream


@transaction.atomic
def outbox_requeue(*, author: str, epoch: int, audience: str, unsecured: bool = False) -> int:
    """What was sealed in this stream and the audience has not acknowledged waits once more; returns how many entries.

    `unsecured`: also what it has acknowledged and no tested backup of it holds; the audience may have been restored.

    A reader that did get some of it skips those: an entry is known by its id. What waits already waits once.
    """
    stream = OutgoingStream.objects.select_for_update().filter(author=author, epoch=epoch, audience=audience).first()
    if stream is None:
        return 0
    reached = min(stream.applied_seq, stream.secured_seq) if unsecured else stream.applied_seq
    unread = OutboxItem.objects.filter(audience=audience, epoch=epoch, seq__gt=reached).order_by("seq")
    waiting = set(OutboxItem.objects.filter(audience=audience, seq=None).values_list("entry_id", flat=True))
    again = [
        OutboxItem(audience=audience, entry_id=entry, queued_at_ms=at)
        for entry, at in unread.values_list("entry_id", "queued_at_ms")
        if entry not in waiting
    ]
    OutboxItem.objects.bulk_create(again, batch_size=500)
    return len(again)
