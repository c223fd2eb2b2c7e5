"""Everything the page of one case shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from core.domain.cases import lifecycle as s
from core.domain.cases import services
from core.domain.cases.deadlines import Ledger, LedgerDay, case_ledgers
from core.domain.cases.intake import materials_needed
from core.domain.cases.outcome import outcome_of
from core.domain.cases.selectors import Certificate, case_flags, case_timeline, certificates_of
from core.domain.cases.services.clocks import MAX_EXPECTED_DAYS
from core.domain.cases.state import CaseState, MaterialFact
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item, Material
from core.domain.catalogue.selectors import department_names, division_name
from core.domain.journal.bodies import AttachmentRef, CaseForwarded
from core.domain.journal.models import Attachment
from core.domain.journal.place import CORE, Here
from core.domain.journal.selectors import entry_reached
from core.domain.staff.actors import Actor
from core.domain.staff.selectors import staff_names

from .offers import Look, offer_of
from .selectors import holder_names
from .standing import binding_days, notices, stops_of
from .timeline import Names, material_names, timeline


@dataclass(frozen=True)
class Scan:
    """A scanned material; `present` is False while its bytes are on their way here."""

    ref: AttachmentRef
    present: bool

    @property
    def key(self) -> str:
        return self.ref.sealed.hex()


@dataclass(frozen=True)
class MaterialLine:
    """One material of the case: how it stands, and its scans. `state`: in, deferred, pledged, missing, optional."""

    material: Material
    state: str
    how: str
    due: date | None
    text: str
    count: int
    scans: tuple[Scan, ...]
    late: bool = False
    certificate: str = ""


@dataclass(frozen=True)
class Cell:
    """One day of the ledger as a calendar shows it; `day` None for a cell before the first day."""

    day: date | None
    entry: LedgerDay | None
    is_today: bool = False


def calendar_weeks(ledger: Ledger, *, today: date) -> list[list[Cell]]:
    """The ledger's days as weeks from Monday to Sunday."""
    by_day = {entry.day: entry for entry in ledger.days}
    first, last = ledger.days[0].day, ledger.days[-1].day
    start = first - timedelta(days=first.weekday())
    weeks = []
    while start <= last:
        days = [start + timedelta(days=n) for n in range(7)]
        weeks.append([Cell(day if day in by_day else None, by_day.get(day), day == today) for day in days])
        start += timedelta(days=7)
    return weeks


def uncounted(ledger: Ledger) -> dict[str, int]:
    """How many days of the ledger did not count, by rule."""
    counts: dict[str, int] = {}
    for entry in ledger.days:
        if not entry.counted:
            counts[entry.rule] = counts.get(entry.rule, 0) + 1
    return counts


def material_lines(state: CaseState, item: Item, *, here: Here, today: date) -> list[MaterialLine]:
    """The item's materials for the case's situation as they stand, then whatever else was handed in."""
    present = set(Attachment.objects.filter(case_id=state.id, present=True).values_list("sealed_sha256", flat=True))
    held = {bytes(key) for key in present}
    needed = materials_needed(item, state.situation)
    known = {material.code for material in needed}
    others = [Material(code=code, name=material_names(item).get(code, code), necessity="optional")
              for code in state.materials if code not in known]  # fmt: skip
    return [_line(state, material, held, here, today) for material in (*needed, *others)]


def _line(state: CaseState, material: Material, held: set[bytes], here: Here, today: date) -> MaterialLine:
    facts = sorted(state.materials.get(material.code, {}).values(), key=lambda fact: fact.at)
    scans = tuple(
        # What was scanned here is kept here, whatever the row of travelling scans says.
        Scan(ref=ref, present=ref.sealed in held or fact.node == here.node)
        for fact in facts for ref in fact.attachments
    )  # fmt: skip
    if facts:
        return _handed_in(material, facts, scans)
    if deferral := state.deferrals.get(material.code):
        return MaterialLine(material, "deferred", "deferred", deferral.due, deferral.commitment, 0, scans,
                            late=today > deferral.due)  # fmt: skip
    if pledge := state.pledges.get(material.code):
        return MaterialLine(material, "pledged", "pledged", None, pledge.text, 0, scans)
    required = material.necessity == "required" or (material.necessity == "situation" and bool(state.situation))
    return MaterialLine(material, "missing" if required else "optional", "", None, "", 0, scans)


def _handed_in(material: Material, facts: list[MaterialFact], scans: tuple[Scan, ...]) -> MaterialLine:
    last = facts[-1]
    count = sum(fact.count for fact in facts)
    return MaterialLine(material, "in", last.how, None, last.note, count, scans, certificate=last.certificate)


def names_of(state: CaseState, item: Item, entries: list[Any]) -> Names:
    """All names the timeline needs, in three queries."""
    nodes = {entry.author for entry in entries} | {state.custodian, state.opened_by}
    nodes |= {entry.body.to for entry in entries if isinstance(entry.body, CaseForwarded)}
    urged = {one.department for one in state.urgings.values() if one.department}
    people = {entry.actor for entry in entries} | {getattr(entry.body, "instead_of", "") for entry in entries}
    return Names(
        staff={**staff_names(people - {""}), services.APPLICANT.code: _("the applicant")},
        departments=department_names(services.departments_concerned(state, item) | urged),
        materials=material_names(item),
        holders=holder_names(nodes, county=_("the county")),
        fields={field.name: field.label for field in item.fields},
        urgings={UUID(key): one.text for key, one in state.urgings.items()},
    )


def case_context(state: CaseState, *, actor: Actor, here: Here, today: date) -> dict[str, Any]:
    """Names for the case page's template."""
    item = services.case_item(state)
    entries = case_timeline(state.id)
    names = names_of(state, item, entries)
    look = Look(state=state, item=item, actor=actor, here=here, today=today, calendar=work_calendar())
    ledgers = case_ledgers(state, today=today, calendar=look.calendar)
    own = [entry for entry in entries if entry.author == here.node]
    offer = offer_of(look)
    return {
        "case": state,
        "item": item,
        "department": names.departments.get(item.department, item.department),
        "situation": next((one.name for one in item.situations if one.code == state.situation), ""),
        "steps": list(reversed(timeline(entries, names))),
        "lines": material_lines(state, item, here=here, today=today),
        "ledgers": {name: ledger_view(ledger, today) for name, ledger in ledgers.items()},
        "acts": offer.ordered,
        "offer": offer,
        "notices": notices(look, names),
        "binding_days": binding_days(look),
        "stops": stops_of(state),
        "outcome": outcome_of(state, calendar=look.calendar),
        "custody_here": state.custodian == here.node,
        "holder": holder_words(state, names, here),
        "reached": None if here.node == CORE or not own else entry_reached(own[-1].id, CORE, here=here),
        "flags": case_flags(state.id),
        "lacking": lacking_names(state, item),
        "fields": field_values(state, item),
        "staff": names.staff,
        "waits_for": [names.department(code) for code in sorted(services.stage_waits_for(state))],
        "today": today,
        # Only a page that draws the forms pays for what they offer.
        "forms": SimpleLazyObject(lambda: act_forms(look, names)),
    }


def act_forms(look: Look, names: Names) -> dict[str, Any]:
    """What the forms of the acts offer to choose from."""
    state, item = look.state, look.item
    stage = state.stage
    return {
        "procedures": services.PROCEDURES,
        "expected_most": MAX_EXPECTED_DAYS,
        "extension_most": services.extension_most(item),
        "departments": [(code, names.department(code)) for code in sorted(services.departments_of(item))],
        "urgings": services.urgings_unanswered(state),
        "form_fields": [(field.name, field.label) for field in item.fields],
        "replaceable": any(material.certificate for material in item.materials),
        "certificates": _certificates(state, item),
        "wanted": _wanted(state, item),
        "objections": [
            (names.department(department), opinion.text)
            for one in state.stages for department, opinion in one.opinions.items() if opinion.verdict == "object"
        ],
        "appointment": stage.appointment if stage and services.stage_waits_for(state) else None,
        "ways": services.WAYS,
        "in_person": services.IN_PERSON,
    }  # fmt: skip


def _certificates(state: CaseState, item: Item) -> list[Certificate]:
    wanted = state.applicant.id_number and any(material.certificate for material in item.materials)
    return certificates_of(state.applicant.id_number) if wanted else []


def _wanted(state: CaseState, item: Item) -> str:
    """The code of the material the case waits for; "" where it waits for none."""
    returned = (code for opinion in services.returns_unanswered(state).values() for code in opinion.returned)
    lacking = (material.code for material in services.materials_lacking(state, item))
    known = {material.code for material in item.materials}
    return next((code for code in (*services.deferrals_open(state), *returned, *lacking) if code in known), "")


def ledger_view(ledger: Ledger, today: date) -> Mapping[str, Any]:
    return {"ledger": ledger, "weeks": calendar_weeks(ledger, today=today), "uncounted": uncounted(ledger)}


def lacking_names(state: CaseState, item: Item) -> list[str]:
    """What the last supplement notice listed, by name."""
    if state.supplement is None:
        return []
    names = material_names(item)
    return [names.get(code, code) for code in state.supplement.lacking]


def field_values(state: CaseState, item: Item) -> list[tuple[str, str]]:
    """(label, value) of the item's own form, in its order; a value whose field is gone under its own name."""
    labels = {field.name: field.label for field in item.fields}
    order = [*labels, *(name for name in state.form if name not in labels)]
    return [(labels.get(name, name), state.form[name]) for name in order if name in state.form]


def holder_words(state: CaseState, names: Names, here: Here) -> str:
    """Where the case is now and who has it."""
    if state.status in s.CLOSED:
        return _("Closed; nobody needs to do anything.")
    if state.custodian == here.node and here.node != CORE:
        return _("Here, at %(place)s.") % {"place": here.name}
    if state.custodian == CORE:
        department = names.departments.get(state.routing.department, "") if state.routing else ""
        if department:
            return _("At the county, with %(department)s.") % {"department": department}
        return _("At the county.")
    return _("At %(place)s.") % {"place": names.holders.get(state.custodian, division_name(state.custodian[:12]))}
