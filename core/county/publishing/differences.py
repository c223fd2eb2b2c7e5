"""What changes between two catalogues, down to the field. No Django here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from core.domain.catalogue.documents import Item, Record, RecordKey, kind_of, record_bytes

Sort = Literal["added", "changed", "withdrawn"]
Catalogue = dict[tuple[str, str], Record]
#: The order in which kinds are shown and travel.
KIND_ORDER = {"division": 0, "department": 1, "item": 2, "grant": 3, "calendar": 4}
#: Parts of an item by what names them, so that a material is compared with itself.
PART_NAMES = {"materials": "code", "situations": "code", "flow": "code", "fields": "name"}


@dataclasses.dataclass(frozen=True)
class FieldChange:
    """One field: `name` ("promised_limit", "materials.M02"), what it was and what it will be (empty: not there)."""

    name: str
    before: str
    after: str


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

    @property
    def fields(self) -> list[FieldChange]:
        """The fields that differ; empty for what is added or withdrawn whole."""
        if self.before is None or self.after is None:
            return []
        return list(_fields(self.before, self.after))


@dataclasses.dataclass(frozen=True)
class Difference:
    """All that changes from one catalogue to another, in order of kind and key."""

    changes: tuple[RecordChange, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def of(self, sort: Sort) -> list[RecordChange]:
        return [change for change in self.changes if change.sort == sort]

    @property
    def removed(self) -> list[RecordKey]:
        return [RecordKey(kind=change.kind, key=change.key) for change in self.of("withdrawn")]

    @property
    def item_codes(self) -> list[str]:
        """Items that change or are withdrawn: what open cases may care about."""
        return [change.key for change in self.changes if change.kind == "item" and change.sort != "added"]


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


def _fields(before: Record, after: Record) -> Iterable[FieldChange]:
    for name in before.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name in PART_NAMES:
            yield from _parts(name, old, new)
        else:
            yield FieldChange(name, shown(old), shown(new))


def _parts(name: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterable[FieldChange]:
    """Each part that differs; a mere change of order is one change of the whole."""
    column = PART_NAMES[name]
    olds, news = ({getattr(part, column): part for part in parts} for parts in (old, new))
    if olds == news:
        yield FieldChange(name, ", ".join(olds), ", ".join(news))
    for code in dict.fromkeys([*olds, *news]):
        if olds.get(code) != news.get(code):
            yield FieldChange(f"{name}.{code}", shown(olds.get(code)), shown(news.get(code)))


def shown(value: Any) -> str:
    """A field's value on one or a few lines, as an administrator can compare it with another."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return "\n".join(shown(one) for one in value)
    if isinstance(value, msgspec.Struct):
        filled = {
            name: part for name, part in msgspec.structs.asdict(value).items() if part not in ("", (), None, False)
        }
        return " · ".join(shown(part) for part in filled.values())
    return str(value)
