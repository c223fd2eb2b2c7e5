"""In whose name a paper is issued, and the number it carries.

Source: 行政许可法 Art. 23, 24 (who is entrusted acts in the name of whoever entrusts), 32 (the seal of the authority).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.domain.catalogue.authority import grant_covers, grant_powers
from core.domain.catalogue.documents import Item, PaperKind
from core.domain.catalogue.models import Department, Division
from core.domain.catalogue.selectors import division_name, grants_of, place_of
from core.domain.journal.format import Entry
from core.domain.journal.place import CORE, Here
from core.domain.staff.models import Membership

#: 机关代字 behind the authority's name: one for each kind, so that two papers of a case never share a number.
_WORDS: Final[dict[PaperKind, str]] = {
    "receipt": "受", "refusal": "不受", "supplement": "补", "deferral": "容", "pledge": "诺", "special_procedure": "特",
    "extension": "延", "termination": "终", "decision_granted": "准", "decision_denied": "不准", "delivery": "送",
}  # fmt: skip


@dataclass(frozen=True)
class Issuer:
    """`name` as it stands under the paper, `short` in its number; `through` is the service point that acts for it, ""
    where none does. `government` hears a reconsideration of what it decides."""

    name: str
    short: str
    through: str
    government: str


def point_of(entry: Entry, here: Here) -> str:
    """The service point an act was done at; "" for the county's departments."""
    if entry.author != CORE:
        return entry.author
    # Both write as the core: whoever has a post in the town stood at the window of its hall.
    if Membership.objects.filter(user__code=entry.actor, tenant_code=here.tenant).exists():
        return f"{here.tenant}-00"
    return ""


def issuer_of(item: Item, *, point: str, power: str, on: date, here: Here) -> Issuer:
    """Whoever has the power in their own name there that day.

    The item's department where the act was done at its seat, or where the place only acts for it (委托下放, 服务前移,
    and any act no grant covers); the authority of the place where the power itself was devolved (直接下放).
    """
    owner = Department.objects.filter(uscc=item.department).first()
    seat = owner.division if owner else ""
    name, short = (owner.name, owner.short_name or owner.name) if owner else (item.department, item.department)
    government = _government(seat)
    division = point.partition("-")[0]
    if not point or division == seat:
        return Issuer(name=name, short=short, through="", government=government)
    place_name = point_name(point, here)
    if _devolved_directly(item, division, power, on):
        local, local_short = _authority_at(division, place_name)
        through = "" if local == place_name else place_name
        return Issuer(name=local, short=local_short, through=through, government=government)
    return Issuer(name=name, short=short, through=place_name, government=government)


def _devolved_directly(item: Item, division: str, power: str, on: date) -> bool:
    level = Division.objects.filter(code=division).values_list("level", flat=True).first() or ""
    place = place_of(division, level)
    grants = [one for one in grants_of(item.item_code) if grant_covers(one, place, on) and power in grant_powers(one)]
    return any(one.mode == "direct" for one in grants)


def _authority_at(division: str, place_name: str) -> tuple[str, str]:
    """(name, short name). A village is no authority: its town's is meant. The place itself where the catalogue knows no
    authority there, or several."""
    parent = Division.objects.filter(code=division, level="village").values_list("parent", flat=True).first()
    found = list(Department.objects.filter(division=parent or division)[:2])
    return (found[0].name, found[0].short_name or found[0].name) if len(found) == 1 else (place_name, place_name)


def point_name(point: str, here: Here) -> str:
    """A service point's name: its own where we stand there, elsewhere its village's or town's."""
    return here.name if point == here.service_point else division_name(point.partition("-")[0])


def _government(division: str) -> str:
    """行政复议法 (2023) Art. 24: the government of the county, of its departments and of the towns below it."""
    row = Division.objects.filter(code=f"{division[:6]}000000").first()
    return f"{row.name}人民政府" if row else "行政复议机关"


def document_number(issuer: Issuer, kind: PaperKind, *, case_number: str, copy: int = 1) -> str:
    """文号: authority and kind, the year, the case's own serial. Nobody needs to be asked for it, on any machine, and
    no two papers share it; `copy` tells several of one kind in a case apart."""
    day, serial = case_number[14:20], f"{case_number[:14]}{case_number[16:24]}"
    again = f"-{copy}" if copy > 1 else ""
    return f"{issuer.short}{_WORDS[kind]}字〔20{day[:2]}〕{serial}{again}号"
