"""Everything the page of one case shows, and which acts this person may do on it here and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from core.domain.cases import lifecycle as s
from core.domain.cases import services
from core.domain.cases.deadlines import Ledger, LedgerDay
from core.domain.cases.intake import COUNTER_ROLES, authority_here, materials_needed
from core.domain.cases.selectors import case_flags, case_ledger, case_timeline
from core.domain.cases.state import CaseState, MaterialFact
from core.domain.catalogue.authority import ACCEPT, DECIDE, REVIEW, Allowed
from core.domain.catalogue.documents import Item, Material
from core.domain.catalogue.selectors import department_names, division_name
from core.domain.journal.bodies import AttachmentRef, CaseForwarded
from core.domain.journal.models import Attachment
from core.domain.journal.place import CORE, Here
from core.domain.journal.selectors import entry_reached
from core.domain.staff.actors import Actor
from core.domain.staff.selectors import staff_names

from .selectors import holder_names
from .timeline import Names, material_names, timeline

#: The acts of a case page in the order they are offered; the first one available is the main one.
ACTS: Final = (
    "deliver", "accept", "complete_supplement", "opinion", "decide", "forward", "supplement", "refuse", "material",
    "note", "withdraw",
)  # fmt: skip


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
    return MaterialLine(material, "in", last.how, None, last.note, sum(fact.count for fact in facts), scans)


def acts_available(state: CaseState, item: Item, *, actor: Actor, here: Here, today: date) -> list[str]:
    """The acts that would not be refused, in the order of ACTS. Services judge again when one is done."""
    may = _powers(item, actor, here, today)
    at_counter, accepts = actor.has(*COUNTER_ROLES), actor.has(*services.ROLES_ACCEPT)
    found = {"note"}
    if accepts and state.status in s.RULES["material.received"].allowed:
        found.add("material")
    if state.custodian != here.node:
        return [act for act in ACTS if act in found]
    if accepts and state.status == s.SUBMITTED:
        found |= {"supplement"} | ({"accept", "refuse"} if ACCEPT in may else set())
    if accepts and state.status == s.AWAITING_SUPPLEMENT and not services.materials_lacking(state, item):
        found.add("complete_supplement")
    found |= _review_acts(state, item, actor, may)
    if accepts and state.status == s.COMPLETED:
        found.add("deliver")
    if accepts and state.status in s.UNDECIDED - {s.DRAFT}:
        found.add("withdraw")
        if here.node != CORE and state.status in (s.SUBMITTED, s.ACCEPTED) and not ({REVIEW, DECIDE} <= may):
            found.add("forward")
    if not at_counter:
        found -= {"withdraw"}
    return [act for act in ACTS if act in found]


def _review_acts(state: CaseState, item: Item, actor: Actor, may: frozenset[str]) -> set[str]:
    found: set[str] = set()
    left = services.stages_left(state, item)
    reviewable = state.status in (s.ACCEPTED, s.UNDER_REVIEW)
    immediate = item.kind == "immediate"
    if reviewable and REVIEW in may and actor.has(*services.ROLES_REVIEW) and left and not immediate:
        waiting = services.stage_waits_for(state)
        if not waiting or not actor.departments or waiting & actor.departments:
            found.add("opinion")
    if reviewable and DECIDE in may:
        ready = immediate or (state.status == s.UNDER_REVIEW and not left)
        if ready and actor.has(*services.ROLES_DECIDE, *(COUNTER_ROLES if immediate else ())):
            found.add("decide")
    return found


def _powers(item: Item, actor: Actor, here: Here, today: date) -> frozenset[str]:
    """At the county the item's department has all powers; elsewhere what is devolved to this place."""
    if here.node == CORE and item.department in actor.departments:
        return frozenset({ACCEPT, REVIEW, DECIDE})
    authority = authority_here(item, here, today)
    return authority.powers if isinstance(authority, Allowed) else frozenset()


def names_of(state: CaseState, item: Item, entries: list[Any]) -> Names:
    """All names the timeline needs, in three queries."""
    nodes = {entry.author for entry in entries} | {state.custodian, state.opened_by}
    nodes |= {entry.body.to for entry in entries if isinstance(entry.body, CaseForwarded)}
    departments = services.departments_of(item) | {code for stage in state.stages for code in stage.departments}
    departments |= {one.department for one in state.urgings.values() if one.department}
    people = {entry.actor for entry in entries} | {getattr(entry.body, "instead_of", "") for entry in entries}
    return Names(
        staff={**staff_names(people - {""}), services.APPLICANT.code: _("the applicant")},
        departments=department_names(departments),
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
    ledgers = case_ledger(state, today=today)
    own = [entry for entry in entries if entry.author == here.node]
    return {
        "case": state,
        "item": item,
        "department": names.departments.get(item.department, item.department),
        "situation": next((one.name for one in item.situations if one.code == state.situation), ""),
        "steps": list(reversed(timeline(entries, names))),
        "lines": material_lines(state, item, here=here, today=today),
        "ledgers": {name: ledger_view(ledger, today) for name, ledger in ledgers.items()},
        "acts": acts_available(state, item, actor=actor, here=here, today=today),
        "custody_here": state.custodian == here.node,
        "holder": holder_words(state, names, here),
        "reached": None if here.node == CORE or not own else entry_reached(own[-1].id, CORE, here=here),
        "flags": case_flags(state.id),
        "lacking": lacking_names(state, item),
        "fields": field_values(state, item),
        "staff": names.staff,
        "waits_for": [names.departments.get(code, code) for code in sorted(services.stage_waits_for(state))],
        "today": today,
    }


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
