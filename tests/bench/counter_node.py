"""The node of `counter`: a catalogue of a county's size, and cases in its tables and its outbox."""

from __future__ import annotations

from typing import Any

import msgspec

from core.county.publishing.demo_catalogue import demo_records
from core.domain.catalogue.documents import Grant, Item, Record, ReleaseBody
from core.domain.catalogue.models import Item as ItemRow
from core.domain.catalogue.selectors import release_number
from core.domain.catalogue.services import catalogue_hash, release_apply
from core.domain.journal.clock import physical_ms

from .load import node_load
from .place import COUNTY


def fill(cases: int, items: int) -> dict[str, Any]:
    """The node holds so many items and cases; returns words a clerk searches by."""
    records = _catalogue(items)
    release_apply(ReleaseBody(
        number=release_number() + 1, county=COUNTY, made_at_ms=physical_ms(), previous=0,
        state_sha256=catalogue_hash(records), records=records,
    ))  # fmt: skip
    node_load(cases)
    return {"items": ItemRow.objects.count(), "words": ["老年", "gljt", "登记", "补贴", "养老 保险", "许可", "证"]}


def _catalogue(count: int) -> list[Record]:
    """The demo's records, its items and their grants repeated under other names until there are so many."""
    records = demo_records()
    originals = [one for one in records if isinstance(one, Item)]
    grants: dict[str, list[Grant]] = {}
    for grant in records:
        if isinstance(grant, Grant):
            grants.setdefault(grant.item_code, []).append(grant)
    for number in range(count - len(originals)):
        item = originals[number % len(originals)]
        code = f"{item.item_code}-{number}"
        records.append(msgspec.structs.replace(item, item_code=code, name=f"{item.name}（{number}）"))
        records += [
            msgspec.structs.replace(grant, code=f"{grant.code}-{number}", item_code=code)
            for grant in grants.get(item.item_code, [])
        ]
    return records
