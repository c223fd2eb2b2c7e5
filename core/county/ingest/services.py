"""Ingest: what nodes send becomes rows in their tenant's schema, and what the core wrote goes down to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from core.county.registry.models import Node
from core.county.registry.selectors import card_of
from core.county.registry.services.rebuild import cases_unqueue
from core.county.watch.instruments import segment_applied
from core.domain.cases.bulk import Applied, entries_apply
from core.domain.cases.lifecycle import RULES
from core.domain.cases.merge import NOT_A_CASE
from core.domain.cases.writing import flags_write
from core.domain.catalogue.selectors import release_number
from core.domain.journal.bodies import EntryFlagged, TimeAnchored
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import Entry, SegmentHeader, StreamName
from core.domain.journal.models import Entry as EntryRow
from core.domain.journal.models import OutboxItem, OutgoingStream
from core.domain.journal.place import CORE, here
from core.domain.journal.policy import policy
from core.domain.journal.reader import ReadDesk
from core.domain.journal.sealer import segments_prune
from core.domain.journal.selectors import entry_ids_known
from core.domain.journal.services import entries_store, node_entries_send, outbox_queue
from core.domain.staff.actors import SYSTEM
from core.exchange import post
from core.exchange.machine import Machine
from core.exchange.post import Round
from core.exchange.returned import returned_read
from tenants.connection import connection
from tenants.place import tenant_current

from .judging import judge
from .troubles import flags_mirror

_log = structlog.get_logger(__name__)
DAY_MS = 24 * 3600 * 1000


def apply(stream: StreamName, entries: list[Entry]) -> None:
    """A segment's entries are rows of the current tenant, in the reader's transaction; flags go back to the author.

    What a node may not send at all (entries about nodes) is kept and flagged, and changes nothing.
    """
    done = entries_apply(entries, judge=judge)
    astray = [entry for entry in entries if entry.kind not in RULES]
    if astray:
        entries_store(astray)
        flags_write([(entry, NOT_A_CASE) for entry in astray])
    flags_mirror(entries, [*(entry for entry, _ in done.flags), *astray])
    _relay(done)
    _flags_tell(done.flags)


def segment_count(header: SegmentHeader) -> None:
    """The segment, applied in the connection's tenant, is in the figures: once for all its entries."""
    tenant = tenant_current()
    if tenant is not None:
        lag_seconds = (physical_ms() - header.made_at_ms) / 1000
        segment_applied(tenant=tenant.code, entries=header.count, lag_seconds=lag_seconds)


def _linked(one: str, other: str) -> bool:
    """Whether two nodes share a folder: a town and its village."""
    first, second = card_of(one), card_of(other)
    return first is not None and second is not None and (first.parent == other or second.parent == one)


def _relay(done: Applied) -> None:
    """Parties of a case that have no folder with the author hear of its entries from the core; a party that joins
    hears the whole past."""
    states = {state.id: state for state in done.states}
    absent = here().absent
    wanted: dict[str, list[UUID]] = {}
    for entry in done.entries:
        assert entry.case_id is not None
        state = states.get(entry.case_id)
        for party in (state.parties if state else frozenset()) - {CORE, entry.author}:
            if not _linked(party, entry.author):
                wanted.setdefault(party, []).append(entry.id)
    for state in done.states:
        before = done.before.get(state.id)
        for party in state.parties - (before.parties if before else frozenset({state.opened_by})) - {CORE}:
            if not _linked(party, state.opened_by):
                wanted.setdefault(party, [])[:0] = _past(state.id, party)
    for party, ids in wanted.items():
        if party not in absent:
            outbox_queue(list(dict.fromkeys(ids)), audiences=[party])


def _past(case_id: UUID, party: str) -> list[UUID]:
    past = EntryRow.objects.filter(case_id=case_id).exclude(author=party).order_by("rev", "at", "id")
    return list(past.values_list("id", flat=True))


def _flags_tell(flags: Iterable[tuple[Entry, str]]) -> None:
    """No counter believes in something the county does not."""
    told: dict[str, list[EntryFlagged]] = {}
    for entry, reason in flags:
        body = EntryFlagged(entry=entry.id, flagged_case=entry.case_id, flag=reason, detail=entry.kind)
        told.setdefault(entry.author, []).append(body)
    for author, bodies in told.items():
        card = card_of(author)
        if author != CORE and card is not None and not card.revoked:
            node_entries_send(node=author, bodies=bodies, actor=SYSTEM.code, here=here())


@contextmanager
def tenant_turn(schema: str, *, waits: bool = False) -> Iterator[bool]:
    """Whether this process is the one that works on the tenant now; several ingest processes share tenants so.

    One that `waits` gets its turn when the other has finished.
    """
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT pg_advisory_lock(hashtext('yizhan_ingest'), hashtext(%s))", [schema])
            mine = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('yizhan_ingest'), hashtext(%s))", [schema])
            mine = bool(cursor.fetchone()[0])
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('yizhan_ingest'), hashtext(%s))", [schema])


def tenant_round(machine: Machine, desk: ReadDesk, authors: Iterable[str]) -> Round:
    """One round of the post in the connection's tenant: what these nodes sent is applied, what waits is sent.

    Raises spool.DiskFull, django.db.OperationalError; nothing is lost then.
    """
    where, authors = here(), list(authors)
    done = post.receive(machine, where, desk, authors)
    for author in authors:
        done.read += returned_take(machine, author)
    sent = post.send(machine, where)
    done.sealed, done.scans_out = sent.sealed, sent.scans_out
    return done


@transaction.atomic
def returned_take(machine: Machine, node: str) -> int:
    """What the county wrote before it was restored from a backup, and the node gave back, is in its rows again and on
    its way to the other parties; returns how many entries were missing. Accounts and cards are the registry's word."""
    card = card_of(node)
    if machine.identity.card.epoch == 1 or card is None or card.revoked or node not in machine.plan.reads:
        return 0
    entries = [entry for entry in returned_read(machine, node) if entry.case_id is not None and entry.kind in RULES]
    missing = {entry.id for entry in entries} - entry_ids_known(entry.id for entry in entries)
    done = entries_apply([entry for entry in entries if entry.id in missing], judge=judge)
    flags_mirror(entries, [entry for entry, _ in done.flags])
    where = here()
    states = {state.id: state for state in done.states}
    for entry in done.entries:
        assert entry.case_id is not None
        parties = states[entry.case_id].parties if entry.case_id in states else frozenset()
        outbox_queue([entry.id], audiences=where.audiences(parties - {node, entry.author}))
    return len(missing)


def nodes_settle(nodes: Iterable[str]) -> int:
    """Of nodes that were sent a new card, those that have read everything that waited for them: their former links
    end now. Revoked ones are sent nothing else meanwhile. Returns how many."""
    settled = 0
    for row in Node.objects.filter(node_id__in=list(nodes), card_told_at=None):
        if row.revoked_at:
            cases_unqueue(row)
        if OutboxItem.objects.filter(audience=row.node_id, seq=None).exists():
            continue
        stream = OutgoingStream.objects.filter(author=CORE, epoch=here().epoch, audience=row.node_id).first()
        if stream is not None and stream.applied_seq == stream.last_seq:
            untold = Node.objects.filter(node_id=row.node_id, card_told_at=None, serial=row.serial, parent=row.parent)
            settled += untold.update(card_told_at=timezone.now())
    return settled


def nodes_anchor(nodes: Iterable[str]) -> None:
    """Each node hears the county's clock at least once a day (sync.md, Wrong clock), and which release is in force."""
    since, absent = physical_ms() - DAY_MS, here().absent
    for node in nodes:
        if node in absent:
            continue
        recent = OutboxItem.objects.filter(audience=node, entry__kind="time.anchored", queued_at_ms__gt=since)
        if not recent.exists():
            anchor = TimeAnchored(ms=physical_ms(), release=release_number())
            node_entries_send(node=node, bodies=[anchor], actor=SYSTEM.code, here=here())


def segments_clear(machine: Machine) -> int:
    """Segments the nodes have secured are gone from their folders after the retention; returns how many."""
    before = physical_ms() - policy("retention_days") * DAY_MS
    return segments_prune(here=here(), desk=machine.desk(), before_ms=before)
