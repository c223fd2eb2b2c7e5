"""Reading for the back office: who somebody is in a case, and everything one case's page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.county.workqueue.selectors import staff_holding
from core.domain.cases import models as case_models
from core.domain.cases.deadlines import Ledger
from core.domain.cases.intake import materials_needed
from core.domain.cases.selectors import case_flags, case_ledger, case_timeline
from core.domain.cases.state import CaseState, MaterialFact, Opinion
from core.domain.catalogue.documents import Item, Material
from core.domain.catalogue.selectors import department_names, division_name
from core.domain.journal.bodies import AttachmentRef
from core.domain.journal.format import Entry
from core.domain.journal.models import Attachment
from core.domain.journal.place import CORE
from core.domain.staff.actors import Actor
from core.domain.staff.models import User
from core.domain.staff.selectors import actor_of, memberships_at, staff_names
from tenants.models import ServicePoint

HALL_WINDOW = "00"


def officer_at(
    user: User, *, tenant_code: str, departments: frozenset[str], on: date | None = None
) -> Actor:  # fmt: skip
    """The person with the posts that count for a case of these departments in this tenant, on the day (today).

    Not every post they have: a reviewer of one department who is approver of another may not decide the first's case.
    """
    place = memberships_at(tenant_code=tenant_code, service_point=f"{tenant_code}-{HALL_WINDOW}")
    return actor_of(user, user.memberships.filter(place, department__in={"", *departments}), on=on)


@dataclass(frozen=True)
class Scan:
    """One attachment of a material; `present` once its bytes are at the county, in transit until then."""

    key: str
    name: str
    size: int
    present: bool


@dataclass(frozen=True)
class MaterialLine:
    """One material of the item, and how it was handed in (nothing: it was not)."""

    material: Material
    facts: tuple[MaterialFact, ...]
    scans: tuple[Scan, ...]
    deferred_to: date | None
    commitment: str
    pledged: bool
    pledge: str


@dataclass(frozen=True)
class DepartmentLine:
    department: str
    opinion: Opinion | None


@dataclass(frozen=True)
class StageLine:
    """One stage of the flow. `standing`: done, open (somebody is to give an opinion), planned."""

    code: str
    name: str
    days: int
    standing: str
    departments: tuple[DepartmentLine, ...]


@dataclass(frozen=True)
class CasePicture:
    """One case as its page shows it; read in the tenant's schema, shown after leaving it."""

    materials: tuple[MaterialLine, ...]
    stages: tuple[StageLine, ...]
    ledgers: dict[str, Ledger]
    timeline: tuple[Entry, ...]
    flags: tuple[case_models.Flag, ...]
    #: Names by code: staff, departments, service points and nodes.
    people: dict[str, str]
    departments: dict[str, str]
    places: dict[str, str]
    division: str


def case_picture(state: CaseState, item: Item, *, today: date) -> CasePicture:
    """Everything on the case's page. The connection must stand in the case's tenant."""
    timeline = case_timeline(state.id)
    flags = case_flags(state.id)
    stages = _stages(state, item)
    codes = {line.department for stage in stages for line in stage.departments} | {item.department}
    people = {entry.actor for entry in timeline} | {
        line.opinion.by for stage in stages for line in stage.departments if line.opinion
    }
    nodes = {entry.author for entry in timeline} | {state.service_point, state.custodian, state.opened_by}
    return CasePicture(
        materials=_materials(state, item), stages=stages, ledgers=case_ledger(state, today=today),
        timeline=tuple(timeline), flags=tuple(flags), people=staff_names(people), departments=department_names(codes),
        places=place_names(nodes), division=division_name(state.division),
    )  # fmt: skip


def place_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of service points (and of the nodes there) by code; the code itself where there is none."""
    wanted = set(codes) - {CORE}
    return {code: code for code in wanted} | dict(
        ServicePoint.objects.filter(code__in=wanted).values_list("code", "name")
    )


def _materials(state: CaseState, item: Item) -> tuple[MaterialLine, ...]:
    present = {
        bytes(key): here
        for key, here in Attachment.objects.filter(case_id=state.id).values_list("sealed_sha256", "present")
    }
    known = materials_needed(item, state.situation)
    codes = {material.code for material in known}
    # Handed in under a code the item does not list: shown all the same.
    others = [Material(code=code, name=code) for code in sorted(state.materials) if code not in codes]
    return tuple(_material(state, material, present) for material in [*known, *others])


def _material(state: CaseState, material: Material, present: dict[bytes, bool]) -> MaterialLine:
    facts = sorted(state.materials.get(material.code, {}).values(), key=lambda fact: fact.at)
    deferral, pledge = state.deferrals.get(material.code), state.pledges.get(material.code)
    refs = [ref for fact in facts for ref in fact.attachments]
    return MaterialLine(
        material=material,
        facts=tuple(facts),
        scans=tuple(_scan(ref, material.name, present) for ref in refs),
        deferred_to=deferral.due if deferral else None,
        commitment=deferral.commitment if deferral else "",
        pledged=pledge is not None,
        pledge=pledge.text if pledge else "",
    )


def _scan(ref: AttachmentRef, name: str, present: dict[bytes, bool]) -> Scan:
    return Scan(key=ref.sealed.hex(), name=ref.name or name, size=ref.size, present=present.get(ref.sealed, False))


def _stages(state: CaseState, item: Item) -> tuple[StageLine, ...]:
    opened = {stage.code: stage for stage in state.stages}
    days = {stage.code: stage.days for stage in item.flow}
    lines = []
    for stage in item.flow:
        lines.append(_stage(state, stage.code, stage.name, opened.get(stage.code) or stage, days.get(stage.code, 0)))
    planned = {stage.code for stage in item.flow}
    for one in state.stages:
        if one.code not in planned:
            lines.append(_stage(state, one.code, one.name, one, 0))
    return tuple(lines)


def _stage(state: CaseState, code: str, name: str, source: object, days: int) -> StageLine:
    opinions: dict[str, Opinion] = getattr(source, "opinions", {})
    departments: Sequence[str] = getattr(source, "departments", ())
    lines = tuple(DepartmentLine(department=one, opinion=opinions.get(one)) for one in departments)
    if not hasattr(source, "opinions"):
        standing = "planned"
    elif any(line.opinion is None or line.opinion.verdict == "return" for line in lines):
        standing = "open" if state.is_open else "planned"
    else:
        standing = "done"
    return StageLine(code=code, name=name, days=days, standing=standing, departments=lines)


def reviewers_of(state: CaseState) -> frozenset[str]:
    """Staff codes of everybody who gave an opinion that stands in the case."""
    return frozenset(opinion.by for stage in state.stages for opinion in stage.opinions.values())


def deciders_besides(state: CaseState, item: Item, *, tenant_code: str, actor: str = "") -> list[User]:
    """Who may decide the case by the two-post rule 一审一核: approvers of its department who gave no opinion."""
    barred = reviewers_of(state) | {actor}
    people = staff_holding(("approver",), tenant_code=tenant_code, department=item.department)
    return [person for person in people if person.code not in barred]


def scan_of(state: CaseState, key: str) -> AttachmentRef | None:
    """The attachment of this case with the SHA-256 `key` (hex); None for any other's."""
    return next(
        (
            ref
            for facts in state.materials.values()
            for fact in facts.values()
            for ref in fact.attachments
            if ref.sealed.hex() == key
        ),
        None,
    )
