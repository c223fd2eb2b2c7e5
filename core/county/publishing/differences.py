"""What changes between two catalogues, record by record (field by field: field_changes). No Django here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from core.domain.catalogue.documents import Item, Record, RecordKey, kind_of, record_bytes

Sort = Literal["added", "changed", "withdrawn"]
Catalogue = dict[tuple[str, str], Record]
#: The order in which kinds are shown and travel.
KIND_ORDER = {"division": 0, "department": 1, "item": 2, "grant": 3, "calendar": 4, "paper": 5}


@dataclasses.dataclass(frozen=True)
class RecordChange:
    """One record that is added, changed or withdrawn."""

    sort: Sort
    kind: str
    key: str
    before: Record | None
    after: Record | None

    @property
    def title(self) -> str:
        """The record's name, or its key where it has none."""
        return str(getattr(self.after or self.before, "name", "") or self.key)


@dataclasses.dataclass(frozen=True)
class Difference:
    """All that changes from one catalogue to another, in order of kind and key."""

    changes: tuple[RecordChange, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def of(self, sort: Sort) -> list[RecordChange]:
        return [change for change in self.changes if change.sort == sort]

    @property
    def added(self) -> list[RecordChange]:
        return self.of("added")

    @property
    def changed(self) -> list[RecordChange]:
        return self.of("changed")

    @property
    def withdrawn(self) -> list[RecordChange]:
        return self.of("withdrawn")

    @property
    def removed(self) -> list[RecordKey]:
        return [RecordKey(kind=change.kind, key=change.key) for change in self.withdrawn]


def catalogue_of(records: Iterable[Record]) -> Catalogue:
    """The records by kind and key, without what publishing fills in: two equal contents are equal bytes."""
    return {(kind_of(record), record.key): content_of(record) for record in records}


def content_of(record: Record) -> Record:
    """The record as people wrote it: an item without version and pinyin."""
    if isinstance(record, Item) and (record.version or record.pinyin):
        return msgspec.structs.replace(record, version=0, pinyin="")
    return record


def difference(before: Mapping[tuple[str, str], Record], after: Mapping[tuple[str, str], Record]) -> Difference:
    """What has to be added, changed and withdrawn to come from `before` to `after`."""
    changes = []
    for kind, key in sorted(before.keys() | after.keys(), key=_order):
        old, new = before.get((kind, key)), after.get((kind, key))
        if old is None:
            changes.append(RecordChange("added", kind, key, None, new))
        elif new is None:
            changes.append(RecordChange("withdrawn", kind, key, old, None))
        elif old != new and record_bytes(old) != record_bytes(new):
            changes.append(RecordChange("changed", kind, key, old, new))
    return Difference(tuple(changes))


def _order(place: tuple[str, str]) -> tuple[int, str]:
    return KIND_ORDER.get(place[0], len(KIND_ORDER)), place[1]
