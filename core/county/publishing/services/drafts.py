"""Changing the draft catalogue, record by record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from core.county.publishing.differences import content_of
from core.county.publishing.errors import DraftFaulty
from core.county.publishing.models import DraftRecord
from core.county.publishing.selectors import draft_records
from core.domain.catalogue.documents import Item, Record, RecordKey, kind_of, record_bytes
from core.domain.catalogue.problems import Problem
from core.domain.catalogue.validate import record_problems
from core.domain.journal.rows import rows_insert

COLUMNS = ("kind", "key", "search_text", "document", "changed_by", "changed_at")
CHUNK = 1000


@transaction.atomic
def draft_put(records: Iterable[Record], *, by: str, at: datetime | None = None) -> int:
    """The draft holds these records; those of the same kind and key are replaced. Returns how many differ from before.

    A record that says what the draft says already keeps who changed it last.
    """
    moment = at or timezone.now()
    rows = {(kind_of(one), one.key): one for one in map(content_of, records)}
    known = {
        (kind, key): bytes(document)
        for kind, key, document in DraftRecord.objects.filter(kind__in={kind for kind, _ in rows})
        .values_list("kind", "key", "document")
        .iterator(chunk_size=CHUNK)
        if (kind, key) in rows
    }
    changed = [
        (kind, key, search_text(record), document, by, moment)
        for (kind, key), record in rows.items()
        if known.get((kind, key)) != (document := record_bytes(record))
    ]
    for start in range(0, len(changed), CHUNK):
        rows_insert(DraftRecord, COLUMNS, changed[start : start + CHUNK], unique=("kind", "key"), update=COLUMNS[2:])
    return len(changed)


@transaction.atomic
def draft_remove(keys: Iterable[RecordKey]) -> int:
    """The draft holds none of these records; returns how many it held. The next release withdraws them."""
    by_kind: dict[str, list[str]] = {}
    for one in keys:
        by_kind.setdefault(one.kind, []).append(one.key)
    return sum(DraftRecord.objects.filter(kind=kind, key__in=some).delete()[0] for kind, some in by_kind.items())


def search_text(record: Record) -> str:
    """What lists of the draft are searched by: names and codes, lower case, one a line."""
    terms = [record.key, *(str(getattr(record, name, "")) for name in ("name", "short_name", "item_code", "category"))]
    if isinstance(record, Item):
        terms += [record.local_code, record.basic_code, *record.aliases]
    return "\n".join(dict.fromkeys(term.lower() for term in terms if term))


@transaction.atomic
def record_save(record: Record, *, by: str) -> list[Problem]:
    """The draft holds the record; returns the warnings it may stand with.

    Raises DraftFaulty with the record's errors; then nothing was written.
    """
    place = (kind_of(record), record.key)
    others = [one for one in draft_records() if (kind_of(one), one.key) != place]
    problems = [one for one in record_problems([*others, record]) if (one.kind, one.key) == place]
    errors = [one for one in problems if one.severity == "error"]
    if errors:
        raise DraftFaulty(errors)
    draft_put([record], by=by)
    return problems
