"""Reading the catalogue: the item one searches, the version a case pinned, who may do what where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import msgspec
from django.conf import settings
from django.db.models import Q

from ..journal.clock import physical_ms
from ..journal.policy import policy
from . import models
from .authority import Authority, Place
from .authority import authority as authority_of
from .documents import CalendarYear, Grant, Item, PaperTemplate

MS_A_DAY = 24 * 3600 * 1000
#: A search looks no further than this; more words narrow it.
MAX_HITS = 50

_item = msgspec.msgpack.Decoder(Item)
_grant = msgspec.msgpack.Decoder(Grant)
_year = msgspec.msgpack.Decoder(CalendarYear)
_paper = msgspec.msgpack.Decoder(PaperTemplate)


@lru_cache(maxsize=128)
def _item_of(document: bytes) -> Item:
    # A segment's cases are of few items, and each is asked for several times; values are frozen.
    return _item.decode(document)


class ItemUnknown(LookupError):
    """The catalogue here has no such item, or not in that version."""


def release_current() -> models.AppliedRelease | None:
    return models.AppliedRelease.objects.order_by("-number").first()


def release_number() -> int:
    """The release in force here; 0 before the first."""
    return models.AppliedRelease.objects.order_by("-number").values_list("number", flat=True).first() or 0


def release_age_days(now_ms: int | None = None) -> int:
    """Whole days since the release here was made, or the county last said that it is still the one in force.

    0 where there is none, and on the core: its own is today's.
    """
    current = release_current()
    # Without this every act in the county would be flagged a month after the last release.
    if current is None or not settings.POLICIES_FROM_COUNTY:
        return 0
    known_good_ms = max(current.made_at_ms, current.confirmed_at_ms)
    return max(0, ((now_ms or physical_ms()) - known_good_ms) // MS_A_DAY)


def item_get(item_code: str, version: int | None = None) -> Item:
    """The item's document, in today's version or in the one a case pinned. Raises ItemUnknown."""
    if version is None:
        version = models.Item.objects.filter(item_code=item_code).values_list("version", flat=True).first() or 0
    document = (
        models.ItemVersion.objects.filter(item_code=item_code, version=version)
        .values_list("document", flat=True)
        .first()
    )
    if document is None:
        raise ItemUnknown(item_code)
    return _item_of(bytes(document))


def items_get(codes: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Item]:
    """Documents by (item code, version), in one query; unknown ones are left out."""
    wanted = set(codes)
    rows = models.ItemVersion.objects.filter(item_code__in={code for code, _ in wanted}).values_list(
        "item_code", "version", "document"
    )
    return {(code, version): _item_of(bytes(doc)) for code, version, doc in rows if (code, version) in wanted}


def item_search(text: str, *, category: str = "", limit: int = MAX_HITS) -> list[models.Item]:
    """Items in which every word of `text` occurs (name, alias, pinyin initials, code, category, department).

    Names that begin with the text come first, then names that contain it, then the rest by name.
    """
    items = models.Item.objects.filter(withdrawn=False)
    if category:
        items = items.filter(category=category)
    words = text.lower().split()
    for word in words:
        items = items.filter(search_text__contains=word)
    if not words:
        return list(items.order_by("name")[:limit])
    first, joined = words[0], "".join(words)
    hits = list(
        items.filter(Q(name__startswith=first) | Q(search_text__contains=f"\n{first}")).order_by("name")[:limit]
    )
    if len(hits) < limit:
        seen = {hit.item_code for hit in hits}
        hits += [hit for hit in items.order_by("name")[: limit * 2] if hit.item_code not in seen]
    return sorted(hits, key=lambda hit: (_rank(hit, joined), len(hit.name), hit.name))[:limit]


def _rank(item: models.Item, text: str) -> int:
    name = item.name.lower()
    if name == text:
        return 0
    if name.startswith(text):
        return 1
    terms = item.search_text.split("\n")[1:]
    if text in terms:
        return 2
    return 3 if text in name else 4


def categories() -> list[str]:
    return list(
        models.Item.objects.filter(withdrawn=False).exclude(category="").order_by("category")
        .values_list("category", flat=True).distinct()
    )  # fmt: skip


def grants_of(item_code: str) -> list[Grant]:
    documents = models.Grant.objects.filter(item_code=item_code).order_by("code").values_list("document", flat=True)
    return [_grant.decode(bytes(document)) for document in documents]


def calendar_years() -> list[CalendarYear]:
    return [_year.decode(bytes(doc)) for doc in models.CalendarYear.objects.values_list("document", flat=True)]


def paper_template(paper: str, item_code: str) -> PaperTemplate | None:
    """The county's words of this kind of paper: the item's own, else those for all items; None for neither."""
    rows = models.PaperTemplate.objects.filter(paper=paper, item_code__in={item_code, ""})
    # The empty code sorts first.
    document = rows.order_by("-item_code").values_list("document", flat=True).first()
    return None if document is None else _paper.decode(bytes(document))


def division_name(code: str) -> str:
    return models.Division.objects.filter(code=code).values_list("name", flat=True).first() or code


def department_name(uscc: str) -> str:
    row = models.Department.objects.filter(uscc=uscc).first()
    return str(row) if row else uscc


def department_names(codes: Iterable[str]) -> dict[str, str]:
    """Short names by USCC; the code itself where the catalogue has no such department."""
    wanted = set(codes)
    return {code: code for code in wanted} | {
        row.uscc: str(row) for row in models.Department.objects.filter(uscc__in=wanted)
    }


def place_of(division: str, level: str) -> Place:
    """The place with the divisions above it, nearest first, as far as the catalogue knows them."""
    above: list[str] = []
    code = division
    while len(above) < 6:
        parent = models.Division.objects.filter(code=code).values_list("parent", flat=True).first()
        if not parent or parent in above:
            break
        above.append(parent)
        code = parent
    return Place(division=division, level=level, above=tuple(above))


@dataclass(frozen=True)
class Authorities:
    """What the release in force here says of some items: asked once, it answers for any place and day."""

    grants: dict[str, list[Grant]]
    seats: dict[str, str]
    standing: frozenset[str]
    age_days: int
    max_age_days: int

    def authority(self, item: Item, *, place: Place, on: date) -> Authority:
        """What may be done with one of these items there and then."""
        return authority_of(
            item=item, grants=self.grants.get(item.item_code, []), place=place,
            owner_division=self.seats.get(item.department, ""), on=on, catalogue_age_days=self.age_days,
            catalogue_max_age_days=self.max_age_days, withdrawn=item.item_code not in self.standing,
        )  # fmt: skip


def authorities_of(items: Iterable[Item]) -> Authorities:
    """The same few queries however many items there are."""
    items = list(items)
    codes = {item.item_code for item in items}
    grants: dict[str, list[Grant]] = {}
    rows = models.Grant.objects.filter(item_code__in=codes).order_by("code").values_list("item_code", "document")
    for code, document in rows:
        grants.setdefault(code, []).append(_grant.decode(bytes(document)))
    departments = models.Department.objects.filter(uscc__in={item.department for item in items})
    standing = models.Item.objects.filter(item_code__in=codes, withdrawn=False)
    return Authorities(
        grants=grants, seats=dict(departments.values_list("uscc", "division")),
        standing=frozenset(standing.values_list("item_code", flat=True)), age_days=release_age_days(),
        max_age_days=policy("catalogue_max_age_days"),
    )  # fmt: skip


def item_authority(item: Item, *, place: Place, on: date) -> Authority:
    """What may be done with the item at this place today, by the release in force here."""
    return authorities_of([item]).authority(item, place=place, on=on)
