"""Reading for the back office: who somebody is in a case, and everything one case's page shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from core.counter.timeline import material_names
from core.county.workqueue.selectors import expected_days_of, staff_holding
from core.county.workqueue.steps import Rules
from core.domain.cases import models as case_models
from core.domain.cases.deadlines import DELIVERY_DAYS, Ledger, WorkCalendar, ledger
from core.domain.cases.intake import materials_needed
from core.domain.cases.selectors import case_flags, case_ledger, case_timeline
from core.domain.cases.services import returns_unanswered, stage_waits_for
from core.domain.cases.state import Appointment, CaseState, MaterialFact, Opinion, StageState
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item, Material
from core.domain.catalogue.selectors import department_names, division_name
from core.domain.journal.bodies import AttachmentRef, CaseDecided, LimitValue, OpinionRecorded
from core.domain.journal.clock import instant_date
from core.domain.journal.format import Entry
from core.domain.journal.models import Attachment
from core.domain.journal.place import CORE
from core.domain.journal.policy import policy
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
    #: The day it was promised for has gone by.
    missed: bool = False


@dataclass(frozen=True)
class DepartmentLine:
    """A department of a stage. `waits`: it returned the case, and nothing has come in since."""

    department: str
    opinion: Opinion | None
    waits: bool = False


@dataclass(frozen=True)
class StageLine:
    """One stage of the flow. `standing`: done, open (somebody is to give an opinion), returned (whoever is to speak
    waits for an answer), planned. A joint stage's first department leads and speaks for all."""

    code: str
    name: str
    days: int
    standing: str
    departments: tuple[DepartmentLine, ...]
    joint: str = ""
    appointment: Appointment | None = None

    @property
    def opinions(self) -> tuple[DepartmentLine, ...]:
        """The departments that spoke; of a joint stage the one opinion once."""
        spoken = tuple(line for line in self.departments if line.opinion is not None)
        return spoken[:1] if self.joint else spoken


@dataclass(frozen=True)
class CasePicture:
    """One case as its page shows it; read in the tenant's schema, shown after leaving it."""

    materials: tuple[MaterialLine, ...]
    stages: tuple[StageLine, ...]
    #: Of the promised and the legal limit, and of handing out.
    ledgers: dict[str, Ledger]
    timeline: tuple[Entry, ...]
    flags: tuple[case_models.Flag, ...]
    #: Names by code: staff, departments, service points and nodes; labels of materials and form fields.
    people: dict[str, str]
    departments: dict[str, str]
    places: dict[str, str]
    labels: dict[str, str]
    division: str


def case_picture(state: CaseState, item: Item, *, today: date) -> CasePicture:
    """Everything on the case's page. The connection must stand in the case's tenant."""
    timeline = case_timeline(state.id)
    stages = _stages(state, item)
    codes = {line.department for stage in stages for line in stage.departments} | {item.department}
    codes |= {urging.department for urging in state.urgings.values() if urging.department}
    people = staff_of(timeline) | {line.opinion.by for stage in stages for line in stage.departments if line.opinion}
    nodes = {entry.author for entry in timeline} | {state.service_point, state.custodian, state.opened_by}
    ledgers = case_ledger(state, today=today)
    if (handing := delivery_ledger(state, today=today, calendar=work_calendar())) is not None:
        ledgers["delivery"] = handing
    return CasePicture(
        materials=_materials(state, item, today), stages=stages, ledgers=ledgers, timeline=tuple(timeline),
        flags=tuple(case_flags(state.id)), people=staff_names(people), departments=department_names(codes),
        places=place_names(nodes), labels=labels_of(item), division=division_name(state.division),
    )  # fmt: skip


def with_people(picture: CasePicture, codes: Iterable[str]) -> CasePicture:
    """The picture with the names of these staff codes as well."""
    missing = set(codes) - set(picture.people)
    return replace(picture, people={**picture.people, **staff_names(missing)}) if missing else picture


def case_rules(state: CaseState) -> Rules:
    """What the case's days go by, as the work queue counts them. The connection must stand in the case's tenant."""
    return Rules(
        calendar=work_calendar(), supplement_days=policy("supplement_days"), expected_days=expected_days_of([state])
    )


def staff_of(entries: Iterable[Entry]) -> set[str]:
    """Staff codes these entries name: who wrote them, and in whose place."""
    absent = {entry.body.instead_of for entry in entries if isinstance(entry.body, OpinionRecorded | CaseDecided)}
    return {entry.actor for entry in entries} | (absent - {""})


def labels_of(item: Item) -> dict[str, str]:
    """What a return may name: materials by code, fields of the form by name."""
    return {field.name: field.label for field in item.fields} | {one.code: one.name for one in item.materials}


def delivery_ledger(state: CaseState, *, today: date, calendar: WorkCalendar) -> Ledger | None:
    """The days in which the result is to be handed out (行政许可法 Art. 44); None before the decision."""
    if state.decision is None:
        return None
    return ledger(
        limit=LimitValue(value=DELIVERY_DAYS, unit="working_day"), accepted_on=instant_date(state.decision.at),
        today=today, calendar=calendar, ended_on=instant_date(state.delivery.at) if state.delivery else None,
    )  # fmt: skip


def place_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of service points (and of the nodes there) by code; the code itself where there is none."""
    wanted = set(codes) - {CORE}
    return {code: code for code in wanted} | dict(
        ServicePoint.objects.filter(code__in=wanted).values_list("code", "name")
    )


def _materials(state: CaseState, item: Item, today: date) -> tuple[MaterialLine, ...]:
    present = {
        bytes(key): here
        for key, here in Attachment.objects.filter(case_id=state.id).values_list("sealed_sha256", "present")
    }
    known = materials_needed(item, state.situation)
    codes = {material.code for material in known}
    # Handed in under a code the item does not list: shown all the same.
    names = material_names(item)
    others = [Material(code=code, name=names.get(code, code)) for code in sorted(state.materials) if code not in codes]
    return tuple(_material(state, material, present, today) for material in [*known, *others])


def _material(state: CaseState, material: Material, present: dict[bytes, bool], today: date) -> MaterialLine:
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
        missed=deferral is not None and not facts and deferral.due < today,
    )


def _scan(ref: AttachmentRef, name: str, present: dict[bytes, bool]) -> Scan:
    return Scan(key=ref.sealed.hex(), name=ref.name or name, size=ref.size, present=present.get(ref.sealed, False))


def _stages(state: CaseState, item: Item) -> tuple[StageLine, ...]:
    opened = {stage.code: stage for stage in state.stages}
    days = {stage.code: stage.days for stage in item.flow}
    planned = [
        _opened(state, opened[stage.code], days[stage.code]) if stage.code in opened
        else StageLine(
            code=stage.code, name=stage.name, days=stage.days, standing="planned", joint=stage.joint,
            departments=tuple(DepartmentLine(department=one, opinion=None) for one in stage.departments),
        )
        for stage in item.flow
    ]  # fmt: skip
    # Of another version of the item, or added on the way.
    return (*planned, *(_opened(state, stage, 0) for stage in state.stages if stage.code not in days))


def _opened(state: CaseState, stage: StageState, days: int) -> StageLine:
    current = stage is state.stage
    waiting = stage_waits_for(state) if current else frozenset()
    returned = returns_unanswered(state) if current else {}
    if not waiting:
        standing = "done"
    elif not state.is_open:
        standing = "planned"
    else:
        standing = "returned" if waiting <= set(returned) else "open"
    return StageLine(
        code=stage.code, name=stage.name, days=days, standing=standing, joint=stage.joint,
        appointment=stage.appointment,
        departments=tuple(
            DepartmentLine(department=one, opinion=stage.opinions.get(one), waits=one in returned)
            for one in stage.departments
        ),
    )  # fmt: skip


def opinion_givers(entries: Iterable[Entry]) -> frozenset[str]:
    """Staff codes of everybody who ever gave an opinion, one that was replaced since included."""
    return frozenset(entry.actor for entry in entries if isinstance(entry.body, OpinionRecorded))


def deciders_besides(
    item: Item, *, givers: frozenset[str], tenant_code: str, actor: str = ""
) -> list[User]:  # fmt: skip
    """Who may decide the case by the two-post rule 一审一核: approvers of its department who gave no opinion."""
    barred = givers | {actor}
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
