"""Reading the draft and the releases: what stands, what changes, whom it concerns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Count, QuerySet

from core.county.publishing.differences import Catalogue, Difference, catalogue_of, difference
from core.county.publishing.errors import RecordUnknown
from core.county.publishing.models import DraftRecord, Release
from core.county.publishing.outlook import CalendarOutlook, calendar_outlook
from core.county.registry.keys import core_identity
from core.county.registry.models import Node
from core.domain.catalogue.documents import CalendarYear, Grant, PaperTemplate, Record
from core.domain.catalogue.problems import Problem
from core.domain.catalogue.selectors import calendar_years
from core.domain.catalogue.validate import record_problems
from core.domain.journal.clock import today
from core.exchange.releases import release_open
from tenants.models import Tenant

#: So many tenants are counted in one statement.
TENANTS_A_STATEMENT = 50

_record: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def draft_records(kind: str = "") -> list[Record]:
    """The whole draft, or its records of one kind, in order of kind and key."""
    rows = DraftRecord.objects.filter(kind=kind) if kind else DraftRecord.objects.all()
    documents = rows.order_by("kind", "key").values_list("document", flat=True)
    return [_record.decode(bytes(document)) for document in documents.iterator(chunk_size=1000)]


def draft_get(kind: str, key: str) -> Record:
    """Raises RecordUnknown."""
    document = DraftRecord.objects.filter(kind=kind, key=key).values_list("document", flat=True).first()
    if document is None:
        raise RecordUnknown(kind, key)
    return _record.decode(bytes(document))


def draft_decode(row: DraftRecord) -> Record:
    return _record.decode(bytes(row.document))


def draft_search(kind: str, text: str) -> QuerySet[DraftRecord]:
    """Records of the kind in which every word of `text` occurs, by key."""
    rows = DraftRecord.objects.filter(kind=kind).order_by("key")
    for word in text.lower().split():
        rows = rows.filter(search_text__contains=word)
    return rows


def draft_holds(kind: str, key: str) -> bool:
    return DraftRecord.objects.filter(kind=kind, key=key).exists()


def grants_of_draft(item_code: str) -> list[str]:
    """Codes of the draft's grants of an item."""
    return [one.code for one in draft_records("grant") if isinstance(one, Grant) and one.item_code == item_code]


def draft_names(kind: str) -> dict[str, str]:
    """Names by key of the draft's records of one kind."""
    return {record.key: str(getattr(record, "name", record.key)) for record in draft_records(kind)}


def draft_count() -> dict[str, int]:
    """How many records the draft holds, by kind."""
    return dict(DraftRecord.objects.values_list("kind").annotate(count=Count("id")).order_by("kind"))


def papers_of_draft() -> dict[tuple[str, str], PaperTemplate]:
    """The draft's paper templates by kind and item code ("" for all items)."""
    found = [one for one in draft_records("paper") if isinstance(one, PaperTemplate)]
    return {(one.paper, one.item_code): one for one in found}


def outlook() -> CalendarOutlook:
    """How far the working days are known today, by the release in force and the draft."""
    drafted = [one.year for one in draft_records("calendar") if isinstance(one, CalendarYear)]
    return calendar_outlook(today=today(), in_force=[one.year for one in calendar_years()], drafted=drafted)


def draft_problems() -> list[Problem]:
    """All faults of the draft, warnings too."""
    return record_problems(draft_records())


def release_latest() -> Release | None:
    return Release.objects.order_by("-number").first()


def release_list() -> QuerySet[Release]:
    """All releases, newest first, without their files."""
    return Release.objects.order_by("-number").defer("body", "delta")


def release_records(number: int) -> list[Record]:
    """The records of a release as nodes got them, with versions and pinyin; none for number 0."""
    sha256 = Release.objects.filter(number=number).values_list("state_sha256", flat=True).first()
    return [] if sha256 is None else list(_release_records(number, bytes(sha256)))


@lru_cache(maxsize=2)
def _release_records(number: int, _sha256: bytes) -> tuple[Record, ...]:
    release = Release.objects.get(number=number)
    card = msgspec.structs.replace(core_identity().card, verify_key=bytes(release.verify_key))
    return tuple(release_open(bytes(release.body), card).records)


def release_catalogue(number: int) -> Catalogue:
    """A release's content by kind and key, as people wrote it."""
    return catalogue_of(release_records(number))


def release_before(release: Release) -> Release | None:
    """The release whose content comes back when this one is recalled; None where there is none."""
    return (
        Release.objects.filter(number__lt=release.restores or release.number, recalled=False)
        .order_by("-number")
        .first()
    )


def draft_difference() -> Difference:
    """What publishing the draft would change."""
    latest = Release.objects.order_by("-number").values_list("number", flat=True).first() or 0
    return difference(release_catalogue(latest), catalogue_of(draft_records()))


def recall_difference(release: Release) -> Difference:
    """What recalling the release would change; nothing where there is no release before it."""
    before = release_before(release)
    if before is None:
        return Difference(())
    return difference(release_catalogue(release.number), release_catalogue(before.number))


def draft_mark() -> str:
    """A short text that changes with every change of the draft: what a confirmation refers to."""
    newest = DraftRecord.objects.order_by("-changed_at").values_list("changed_at", flat=True).first()
    seen = f"{newest} {DraftRecord.objects.count()} {Release.objects.count()}"
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


# --- impact ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemImpact:
    """Open cases of one item that changes or is withdrawn; each goes on under the version it was opened with."""

    item_code: str
    name: str
    withdrawn: bool
    open_cases: int
    tenants: int


@dataclass(frozen=True)
class NodeImpact:
    """A node that does not work by the current release yet. `release` is None where it has never said."""

    node: str
    name: str
    release: int | None


@dataclass(frozen=True)
class Impact:
    items: tuple[ItemImpact, ...]
    nodes: tuple[NodeImpact, ...]
    node_count: int

    @property
    def open_cases(self) -> int:
        return sum(item.open_cases for item in self.items)


def impact(change: Difference) -> Impact:
    """Whom the change concerns: open cases in all tenants, nodes that are behind already."""
    concerned = {one.key: one for one in change.changes if one.kind == "item" and one.sort != "added"}
    counts = open_cases_of(concerned)
    items = tuple(
        ItemImpact(
            code, one.title, one.sort == "withdrawn", sum(counts.get(code, {}).values()), len(counts.get(code, {}))
        )
        for code, one in concerned.items()
    )
    behind, total = impact_nodes()
    return Impact(tuple(sorted(items, key=lambda item: -item.open_cases)), tuple(behind), total)


def impact_nodes() -> tuple[list[NodeImpact], int]:
    """Nodes that do not work by the current release yet, and how many nodes there are."""
    return nodes_behind(Release.objects.order_by("-number").values_list("number", flat=True).first() or 0)


def open_cases_of(item_codes: Iterable[str]) -> dict[str, dict[str, int]]:
    """Open cases by item and tenant code, over all tenants; a few statements, however many tenants there are."""
    codes = list(item_codes)
    tenants = list(Tenant.objects.exclude(schema_name="public").values_list("code", "schema_name").order_by("code"))
    counts: dict[str, dict[str, int]] = {}
    for start in range(0, len(tenants) if codes else 0, TENANTS_A_STATEMENT):
        part = tenants[start : start + TENANTS_A_STATEMENT]
        for tenant, code, count in _count_cases(part, codes):
            counts.setdefault(code, {})[tenant] = count
    return counts


def schemas_with_cases() -> set[str]:
    """Schemas of the tenants that can hold a case: one whose provisioning is under way has no table yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'cases_case'")
        return {row[0] for row in cursor.fetchall()}


def _count_cases(tenants: list[tuple[str, str]], codes: list[str]) -> list[tuple[str, str, int]]:
    quote = connection.ops.quote_name
    one = (
        "SELECT %s::text, item_code, count(*) FROM {schema}.cases_case"
        " WHERE is_open AND item_code = ANY(%s) GROUP BY item_code"
    )
    parts: list[str] = []
    params: list[Any] = []
    ready = schemas_with_cases()
    with connection.cursor() as cursor:
        for code, schema in tenants:
            if schema in ready:
                parts.append(one.format(schema=quote(schema)))
                params += [code, codes]
        if not parts:
            return []
        cursor.execute(" UNION ALL ".join(parts), params)
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]


def nodes_behind(number: int) -> tuple[list[NodeImpact], int]:
    """Nodes that have not said they work by release `number` or a later one, and how many nodes there are."""
    nodes = list(Node.objects.filter(revoked_at=None).only("node_id", "name", "status").order_by("node_id"))
    behind = []
    for node in nodes:
        release = node.status.get("release") if isinstance(node.status, dict) else None
        if number and (release is None or release < number):
            behind.append(NodeImpact(node.node_id, node.name, release))
    return behind, len(nodes)
