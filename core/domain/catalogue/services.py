"""Applying releases: the catalogue's tables say what the release says, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from ..journal.clock import physical_ms
from ..journal.rows import rows_insert
from . import models
from .documents import (
    CalendarYear,
    Department,
    Division,
    Grant,
    Item,
    PaperTemplate,
    Record,
    ReleaseBody,
    kind_of,
    record_bytes,
)


@dataclass
class ReleaseMismatch(Exception):
    """A delta for another base, or a catalogue that is not what the release says: the full file is needed."""

    number: int
    found: int
    detail: str


def digests_hash(digests: Iterable[tuple[str, str, bytes]]) -> bytes:
    """One SHA-256 over (kind, key, SHA-256 of the record) in order of kind and key."""
    total = hashlib.sha256()
    for kind, key, digest in sorted(digests):
        total.update(f"{kind}\0{key}\0".encode() + digest)
    return total.digest()


def catalogue_hash(records: Iterable[Record]) -> bytes:
    """What `ReleaseBody.state_sha256` holds for a catalogue of these records."""
    return digests_hash((kind_of(r), r.key, hashlib.sha256(record_bytes(r)).digest()) for r in records)


@transaction.atomic
def release_apply(body: ReleaseBody) -> None:
    """The catalogue is the release's. Items it does not hold are withdrawn; nothing is deleted that a case may pin.

    Where working days are counted otherwise from now on, settings.CALENDAR_OBSERVERS are called in the transaction.
    Applying the current release again changes nothing. Raises ReleaseMismatch; then nothing was changed.
    """
    current = models.AppliedRelease.objects.order_by("-number").values_list("number", flat=True).first() or 0
    if body.number == current:
        return
    if body.previous and body.previous != current:
        raise ReleaseMismatch(number=body.number, found=current, detail="delta for another release")
    if body.number < current:
        raise ReleaseMismatch(number=body.number, found=current, detail="older than the one applied")
    calendar = _calendar_digests()
    removed = {(one.kind, one.key) for one in body.removed}
    if not body.previous:
        known = set(models.RecordDigest.objects.values_list("kind", "key"))
        removed |= known - {(kind_of(record), record.key) for record in body.records}
    _digests_write(body.records, removed)
    _records_write(body.records, body.number)
    _records_remove(removed)
    digests = models.RecordDigest.objects.values_list("kind", "key", "sha256")
    if digests_hash((kind, key, bytes(digest)) for kind, key, digest in digests) != body.state_sha256:
        raise ReleaseMismatch(number=body.number, found=current, detail="the catalogue's sum differs")
    models.AppliedRelease.objects.create(
        number=body.number, made_at_ms=body.made_at_ms, applied_at_ms=physical_ms(), state_sha256=body.state_sha256,
        items=models.Item.objects.filter(withdrawn=False).count(), note=body.note,
    )  # fmt: skip
    if _calendar_digests() != calendar:
        for path in settings.CALENDAR_OBSERVERS:
            import_string(path)()


def _calendar_digests() -> set[tuple[str, bytes]]:
    rows = models.RecordDigest.objects.filter(kind="calendar").values_list("key", "sha256")
    return {(key, bytes(digest)) for key, digest in rows}


def release_confirm(*, number: int, at_ms: int) -> None:
    """The county said at `at_ms` that this release is in force; says nothing about a machine that has another one."""
    current = models.AppliedRelease.objects.order_by("-number").first()
    if current is not None and current.number == number and current.confirmed_at_ms < at_ms:
        models.AppliedRelease.objects.filter(pk=number).update(confirmed_at_ms=at_ms)


def _digests_write(records: Iterable[Record], removed: set[tuple[str, str]]) -> None:
    rows = [(kind_of(r), r.key, hashlib.sha256(record_bytes(r)).digest()) for r in records]
    rows_insert(models.RecordDigest, ("kind", "key", "sha256"), rows, unique=("kind", "key"), update=("sha256",))
    for kind in {kind for kind, _ in removed}:
        _delete(models.RecordDigest.objects.filter(kind=kind), "key", [key for k, key in removed if k == kind])


def _records_write(records: Iterable[Record], release: int) -> None:
    by_type: dict[type, list[Record]] = {}
    for record in records:
        by_type.setdefault(type(record), []).append(record)
    rows_insert(
        models.Division, ("code", "name", "parent", "level", "valid_from", "valid_to", "successors"),
        [(d.code, d.name, d.parent, d.level, d.valid_from, d.valid_to, ",".join(d.successors))
         for d in by_type.get(Division, []) if isinstance(d, Division)],
        unique=("code",), update=("name", "parent", "level", "valid_from", "valid_to", "successors"),
    )  # fmt: skip
    rows_insert(
        models.Department, ("uscc", "name", "short_name", "division", "phone", "address"),
        [(d.uscc, d.name, d.short_name, d.division, d.phone, d.address)
         for d in by_type.get(Department, []) if isinstance(d, Department)],
        unique=("uscc",), update=("name", "short_name", "division", "phone", "address"),
    )  # fmt: skip
    rows_insert(
        models.Grant, ("code", "item_code", "document"),
        [(g.code, g.item_code, record_bytes(g)) for g in by_type.get(Grant, []) if isinstance(g, Grant)],
        unique=("code",), update=("item_code", "document"),
    )  # fmt: skip
    rows_insert(
        models.CalendarYear, ("year", "document"),
        [(y.year, record_bytes(y)) for y in by_type.get(CalendarYear, []) if isinstance(y, CalendarYear)],
        unique=("year",), update=("document",),
    )  # fmt: skip
    rows_insert(
        models.PaperTemplate, ("key", "paper", "item_code", "document"),
        [(p.key, p.paper, p.item_code, record_bytes(p))
         for p in by_type.get(PaperTemplate, []) if isinstance(p, PaperTemplate)],
        unique=("key",), update=("document",),
    )  # fmt: skip
    _items_write([item for item in by_type.get(Item, []) if isinstance(item, Item)], release)


def _items_write(items: list[Item], release: int) -> None:
    names = dict(models.Department.objects.values_list("uscc", "short_name"))
    rows_insert(
        models.Item, ("item_code", "version", "name", "search_text", "category", "department", "kind", "withdrawn"),
        [(i.item_code, i.version, i.name, search_text(i, names.get(i.department, "")), i.category, i.department, i.kind,
          False) for i in items],
        unique=("item_code",),
        update=("version", "name", "search_text", "category", "department", "kind", "withdrawn"),
    )  # fmt: skip
    rows_insert(
        models.ItemVersion, ("item_code", "version", "release", "document"),
        [(i.item_code, i.version, release, record_bytes(i)) for i in items],
        unique=("item_code", "version"),
    )  # fmt: skip
    _versions_require(items, release)


def _versions_require(items: list[Item], release: int) -> None:
    """Raises ReleaseMismatch where a version stands here with other content: cases have pinned what it says."""
    mine = {(item.item_code, item.version): record_bytes(item) for item in items}
    for codes in _chunks([item.item_code for item in items]):
        rows = models.ItemVersion.objects.filter(item_code__in=codes).values_list("item_code", "version", "document")
        for code, version, document in rows.iterator():
            if mine.get((code, version), bytes(document)) != bytes(document):
                raise ReleaseMismatch(number=release, found=version, detail=f"another version {version} of {code}")


def search_text(item: Item, department: str) -> str:
    """Everything a clerk may type to find the item, lower case, one term a line."""
    terms = [item.name, *item.aliases, item.pinyin, item.item_code, item.local_code, item.basic_code, item.category,
             department]  # fmt: skip
    return "\n".join(term.lower() for term in terms if term)


def _records_remove(removed: set[tuple[str, str]]) -> None:
    keys: dict[str, list[str]] = {}
    for kind, key in removed:
        keys.setdefault(kind, []).append(key)
    for chunk in _chunks(keys.get("item", [])):
        models.Item.objects.filter(item_code__in=chunk).update(withdrawn=True)
    # What is gone of these is simply no longer in force; divisions and departments stay as names.
    _delete(models.Grant.objects.all(), "code", keys.get("grant", []))
    _delete(models.CalendarYear.objects.all(), "year", keys.get("calendar", []))
    _delete(models.PaperTemplate.objects.all(), "key", keys.get("paper", []))


def _delete(rows: QuerySet[Any], column: str, keys: list[str]) -> None:
    for chunk in _chunks(keys):
        rows.filter(**{f"{column}__in": chunk}).delete()


def _chunks(keys: list[str], size: int = 500) -> Iterable[list[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
