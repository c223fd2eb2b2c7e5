"""What the counter's lists show, read in a handful of queries however long the list is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from django.conf import settings

from core.domain.cases import intake
from core.domain.cases.deadlines import case_ledgers
from core.domain.cases.models import Case, DraftIntake
from core.domain.cases.state import CaseState, state_decode
from core.domain.cases.writing import work_calendar
from core.domain.catalogue import models as catalogue
from core.domain.catalogue.authority import FORWARD, Authority, Denied, authority
from core.domain.catalogue.documents import Grant, Item
from core.domain.catalogue.selectors import item_search, place_of, release_age_days
from core.domain.journal.place import Here
from core.domain.journal.policy import policy

_item = msgspec.msgpack.Decoder(Item)
_grant = msgspec.msgpack.Decoder(Grant)

NOTHING = "nothing"  #: not even taking it in is possible


@dataclass(frozen=True)
class ItemHit:
    """One item in a list. `outcome` is what this counter can do with it when nothing is missing, or NOTHING."""

    code: str
    name: str
    department: str
    category: str
    kind: str
    outcome: str


@dataclass(frozen=True)
class CaseRow:
    """One case in a list. `due` and `light` are of the promised limit; `holder` is the custodian."""

    id: UUID
    number: str
    item_name: str
    applicant: str
    status: str
    opened_on: date
    due: date | None
    light: str
    holder: str


@dataclass(frozen=True)
class DraftRow:
    id: UUID
    item_code: str
    item_name: str
    applicant: str
    saved_at_ms: int


def item_hits(*, text: str, category: str = "", here: Here, on: date, limit: int = 20) -> list[ItemHit]:
    """Items that match, best first, with what this counter may do with each. Seven queries and one more a place."""
    rows = item_search(text, category=category, limit=limit)
    powers = authorities_here(rows, here=here, on=on)
    departments = {
        row.uscc: str(row) for row in catalogue.Department.objects.filter(uscc__in={row.department for row in rows})
    }
    return [
        ItemHit(
            code=row.item_code, name=row.name, department=departments.get(row.department, row.department),
            category=row.category, kind=row.kind, outcome=outcome_here(*powers[row.item_code]),
        )
        for row in rows if row.item_code in powers
    ]  # fmt: skip


def outcome_here(item: Item, may: Authority) -> str:
    """What the button of the intake will say when everything is there."""
    if isinstance(may, Denied) and may.fallback != FORWARD:
        return NOTHING
    return intake.outcome_expected(item, may, missing=False)


def authorities_here(rows: Sequence[catalogue.Item], *, here: Here, on: date) -> dict[str, tuple[Item, Authority]]:
    """Each item's document and what may be done with it here, by item code."""
    if not rows:
        return {}
    codes = [row.item_code for row in rows]
    documents = {
        (code, version): bytes(document)
        for code, version, document in catalogue.ItemVersion.objects.filter(item_code__in=codes)
        .values_list("item_code", "version", "document")
    }  # fmt: skip
    grants: dict[str, list[Grant]] = {}
    for code, document in catalogue.Grant.objects.filter(item_code__in=codes).values_list("item_code", "document"):
        grants.setdefault(code, []).append(_grant.decode(bytes(document)))
    seats = dict(catalogue.Department.objects.filter(uscc__in={row.department for row in rows})
                 .values_list("uscc", "division"))  # fmt: skip
    place, age, limit = place_of(here.division, here.level), release_age_days(), policy("catalogue_max_age_days")
    found: dict[str, tuple[Item, Authority]] = {}
    for row in rows:
        item = _item.decode(documents[row.item_code, row.version])
        may = authority(
            item=item, grants=grants.get(row.item_code, []), place=place, owner_division=seats.get(row.department, ""),
            on=on, catalogue_age_days=age, catalogue_max_age_days=limit, withdrawn=row.withdrawn,
        )  # fmt: skip
        found[row.item_code] = (item, may)
    return found


def item_names(codes: Iterable[str]) -> dict[str, str]:
    """Names by item code; the code itself where the catalogue has no such item."""
    wanted = set(codes)
    known = catalogue.Item.objects.filter(item_code__in=wanted).values_list("item_code", "name")
    return {code: code for code in wanted} | dict(known)


def items_pinned(pins: Collection[tuple[str, int]]) -> dict[tuple[str, int], Item]:
    """Documents of items in the versions cases pinned, by code and version: one query. Unknown ones are left out."""
    versions = catalogue.ItemVersion.objects.filter(item_code__in={code for code, _version in pins})
    return {
        (code, version): _item.decode(bytes(document))
        for code, version, document in versions.values_list("item_code", "version", "document")
        if (code, version) in pins
    }


def holder_names(nodes: Iterable[str], *, county: str) -> dict[str, str]:
    """Whose a node is, to a person: the name of its place; `county` for the core."""
    wanted = set(nodes)
    divisions = {node: node.partition("-")[0] for node in wanted}
    names = dict(catalogue.Division.objects.filter(code__in=divisions.values()).values_list("code", "name"))
    return {node: county if node == "core" else names.get(divisions[node], node) for node in wanted}


def case_rows(cases: Iterable[Case], *, today: date, county: str) -> list[CaseRow]:
    """The cases as lines of a list, with the light of the promised limit."""
    rows = list(cases)
    if not rows:
        return []
    wires = dict(Case.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "state"))
    states: dict[UUID, CaseState] = {key: state_decode(bytes(wire)) for key, wire in wires.items()}
    calendar = work_calendar()
    names = item_names(row.item_code for row in rows)
    holders = holder_names((row.custodian for row in rows), county=county)
    lines = []
    for row in rows:
        ledger = case_ledgers(states[row.pk], today=today, calendar=calendar).get("promised")
        lines.append(CaseRow(
            id=row.pk, number=row.number, item_name=names[row.item_code], applicant=row.applicant_name,
            status=row.status, opened_on=row.opened_on, due=ledger.due_on if ledger else None,
            light=ledger.light if ledger else "", holder=holders[row.custodian],
        ))  # fmt: skip
    return lines


def drafts_of(clerk: str, *, limit: int = 5) -> list[DraftRow]:
    """The clerk's forms that were begun and not handed in, the latest first."""
    drafts = list(DraftIntake.objects.filter(clerk=clerk).order_by("-saved_at_ms")[:limit])
    names = item_names(draft.item_code for draft in drafts)
    return [
        DraftRow(
            id=draft.pk, item_code=draft.item_code, item_name=names[draft.item_code],
            applicant=str(draft.data.get("values", {}).get("name", "")), saved_at_ms=draft.saved_at_ms,
        )
        for draft in drafts
    ]  # fmt: skip


def disk_free_is_enough() -> bool:
    """Whether new work may be taken in: below the floor the counter refuses before anything is half written."""
    from core.transport.spool import free_bytes

    return free_bytes(settings.VAR_DIR) >= settings.DISK_FLOOR_BYTES
