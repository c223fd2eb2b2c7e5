"""Publishing: the draft becomes a numbered, signed release, in force here and on its way to every node."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from pypinyin import Style, lazy_pinyin

from core.county.publishing import selectors
from core.county.publishing.differences import KIND_ORDER, catalogue_of, content_of, difference
from core.county.publishing.errors import DraftChanged, DraftFaulty, NothingToPublish, NothingToRecall
from core.county.publishing.models import Release
from core.county.registry.keys import core_identity
from core.domain.catalogue.documents import Item, Record, ReleaseBody, kind_of
from core.domain.catalogue.models import ItemVersion
from core.domain.catalogue.selectors import release_number
from core.domain.catalogue.services import catalogue_hash, release_apply
from core.domain.catalogue.validate import record_problems
from core.domain.journal.clock import physical_ms
from core.exchange.folders import CATALOGUE
from core.exchange.machine import Places
from core.exchange.releases import KEPT, ReleaseFile, release_files, release_wrap, releases_prune
from core.transport import spool

_log = logging.getLogger(__name__)
#: Any number nobody else locks: one release is made at a time.
LOCK = 0x59_5A_52_4C


@transaction.atomic
def release_publish(*, by: str, note: str = "", expected: str = "") -> Release:
    """The draft is the catalogue in force, as a new signed release; its files follow the commit.

    With `expected` (selectors.draft_mark) only the draft the administrator saw is published. Raises DraftChanged,
    NothingToPublish, DraftFaulty; then nothing was written.
    """
    _lock()
    if expected and expected != selectors.draft_mark():
        raise DraftChanged
    records = selectors.draft_records()
    errors = [problem for problem in record_problems(records) if problem.severity == "error"]
    if errors:
        raise DraftFaulty(errors)
    return _release_make(_Order(records, by=by, note=note))


@transaction.atomic
def release_recall(number: int, *, by: str, note: str = "") -> Release:
    """A new release says again what was in force before release `number`, which is marked as recalled.

    The draft stays as it is, so what was recalled shows as its changes. Only the current release can be recalled.
    Raises NothingToRecall.
    """
    _lock()
    current = selectors.release_latest()
    before = selectors.release_before(current) if current else None
    if current is None or current.number != number or before is None:
        raise NothingToRecall(number)
    records = [content_of(record) for record in selectors.release_records(before.number)]
    restored = before.restores or before.number
    release = _release_make(_Order(records, by=by, note=note, restores=restored))
    Release.objects.filter(number=number).update(recalled=True)
    return release


@dataclass(frozen=True)
class _Order:
    """What shall be published: records as people wrote them."""

    records: Sequence[Record]
    by: str
    note: str
    restores: int | None = None


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _release_make(order: _Order) -> Release:
    latest = selectors.release_latest()
    previous = latest.number if latest else 0
    before = {(kind_of(one), one.key): one for one in selectors.release_records(previous)}
    change = difference(catalogue_of(before.values()), catalogue_of(order.records))
    if latest is not None and not change:
        raise NothingToPublish(previous)
    changed = {(one.kind, one.key) for one in change.changes}
    versions = _versions()
    records = sorted(
        (before[place] if (place := (kind_of(one), one.key)) in before and place not in changed
         else _finished(one, versions) for one in order.records),
        key=lambda one: (KIND_ORDER[kind_of(one)], one.key),
    )  # fmt: skip
    full = ReleaseBody(
        number=_number(previous), county=settings.COUNTY_CODE, made_at_ms=physical_ms(), previous=0,
        state_sha256=catalogue_hash(records), records=records, note=order.note,
    )  # fmt: skip
    delta = msgspec.structs.replace(
        full, previous=previous, removed=change.removed,
        records=[one for one in records if (kind_of(one), one.key) in changed],
    )  # fmt: skip
    release = _release_keep(order, full, delta, len(change.changes))
    release_apply(full)
    # After the commit only: nobody may read a release the county does not remember. A process that dies in between,
    # or a full disk, is made good by the next call (ingest makes one whenever it starts).
    transaction.on_commit(release_files_ensure, robust=True)
    return release


def _release_keep(order: _Order, full: ReleaseBody, delta: ReleaseBody, changes: int) -> Release:
    identity = core_identity()
    made_at = datetime.fromtimestamp(full.made_at_ms / 1000, UTC)
    return Release.objects.create(
        number=full.number, made_at=made_at, made_by=order.by, note=order.note,
        body=release_wrap(identity.signer, full),
        delta=release_wrap(identity.signer, delta) if delta.previous else b"",
        verify_key=identity.card.verify_key, state_sha256=full.state_sha256,
        items=sum(isinstance(record, Item) for record in full.records), changes=changes, restores=order.restores,
    )  # fmt: skip


def _number(previous: int) -> int:
    """One more than any number that was ever seen here: after a restore from a backup the nodes know later ones."""
    lying = [one.number for one in release_files(_folder())]
    return max([previous, release_number(), *lying]) + 1


def _versions() -> dict[str, int]:
    """The highest version each item ever had, withdrawn ones too: a version is never used for another content."""
    rows = ItemVersion.objects.values("item_code").annotate(highest=Max("version"))
    return {row["item_code"]: row["highest"] for row in rows}


def _finished(record: Record, versions: dict[str, int]) -> Record:
    """The record as it travels: an item with its next version and the initials of its name."""
    if not isinstance(record, Item):
        return record
    version = versions.get(record.item_code, 0) + 1
    return msgspec.structs.replace(record, version=version, pinyin=pinyin_initials(record.name))


def pinyin_initials(name: str) -> str:
    """What a clerk types for the name: 高龄津贴 is "gljt"; Latin letters and digits stay."""
    parts = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return "".join(sign for part in parts for sign in part.lower() if sign.isascii() and sign.isalnum())


def release_files_ensure() -> list[str]:
    """The folder of releases holds the files of the last three; returns the names that were missing.

    Cheap when nothing is missing, and safe to repeat. Raises spool.DiskFull.
    """
    places = Places(settings.VAR_DIR)
    folder = _folder()
    spool.directory_make(folder)
    spool.directory_make(places.staging)
    written = []
    for number in reversed(Release.objects.order_by("-number").values_list("number", flat=True)[:KEPT]):
        for one, column in ((ReleaseFile(number, True), "body"), (ReleaseFile(number, False), "delta")):
            # A file appears whole or not at all, so one that is there is right.
            if spool.file_exists(folder, one.name):
                continue
            data = bytes(Release.objects.values_list(column, flat=True).get(number=number))
            if data:
                spool.file_publish(folder, one.name, data, staging=places.staging)
                written.append(one.name)
    releases_prune(folder)
    if written:
        _log.info("release files written: %s", ", ".join(written))
    return written


def _folder() -> Path:
    return Places(settings.VAR_DIR).folders / CATALOGUE
