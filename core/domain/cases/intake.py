"""Intake 受理: what a counter hands in becomes a case, in one transaction, with its materials and its first step."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import uuid_utils.compat
from django.db import transaction
from msgspec import structs

from ..catalogue.authority import ACCEPT, DECIDE, FORWARD, Allowed, Authority, Denied
from ..catalogue.documents import FormField, Item, Material
from ..catalogue.selectors import item_authority, item_get, place_of
from ..journal import bodies as b
from ..journal.clock import Instant, instant_date
from ..journal.place import CORE, Here
from ..staff.actors import Actor
from .deadlines import WorkCalendar
from .errors import (
    AgentIncomplete,
    CertificateMissing,
    DeferralTooLate,
    FieldInvalid,
    ItemChanged,
    ItemUnavailable,
    MaterialNotAllowed,
    MaterialsMissing,
    NotDevolved,
    RoleMissing,
)
from .identity import citizen_id_parse, uscc_check
from .models import DraftIntake, SerialCounter
from .numbering import case_number, first_serial
from .state import CaseState
from .writing import Act, act_opening, work_calendar

#: Who may take an application in.
COUNTER_ROLES: Final = ("clerk", "village_agent")

RECEIVED, ELECTRONIC, CERTIFICATE, DEFERRED, PLEDGED = "received", "electronic", "certificate", "deferred", "pledged"

#: As long as their columns are (models.Case).
MAX_NAME, MAX_ID_NUMBER = 120, 40

# What the intake's button will do (interface.md).
ACCEPT_HERE: Final = "accept"  #: 受理
FINISH_HERE: Final = "finish"  #: 当场办结
FORWARD_ON: Final = "forward"  #: 收件并转
SUPPLEMENT: Final = "supplement"  #: 出具补正告知


@dataclass(frozen=True)
class Handed:
    """How one material was handed in. `due` only for a deferred one; `text` is its commitment or pledge."""

    how: str
    count: int = 1
    attachments: tuple[b.AttachmentRef, ...] = ()
    due: date | None = None
    text: str = ""
    #: The number of the certificate that stands for it.
    certificate: str = ""


@dataclass(frozen=True)
class Application:
    """What the counter knows when the button is pressed."""

    item_code: str
    applicant: b.Party
    form: Mapping[str, str] = field(default_factory=dict)
    materials: Mapping[str, Handed] = field(default_factory=dict)
    situation: str = ""
    agent: b.Agent | None = None
    #: The item's version the form was made from; 0: whatever is in force.
    item_version: int = 0
    draft_id: UUID | None = None


def role_require(actor: Actor, *roles: str) -> None:
    """Raises RoleMissing unless the person has one of these roles here."""
    if not actor.has(*roles):
        raise RoleMissing(actor=actor.code, roles=roles)


def materials_needed(item: Item, situation: str) -> list[Material]:
    """The item's materials for this situation, in the catalogue's order."""
    return [m for m in item.materials if not m.situations or not situation or situation in m.situations]


def materials_missing(item: Item, situation: str, handed: Container[str]) -> list[Material]:
    """Required materials nothing stands for yet."""
    return [
        m
        for m in materials_needed(item, situation)
        if m.code not in handed and (m.necessity == "required" or (m.necessity == "situation" and situation))
    ]


def outcome_expected(item: Item, authority: Authority, *, missing: bool, deferred: bool = False) -> str:
    """What the intake's button will do: ACCEPT_HERE, FINISH_HERE, FORWARD_ON or SUPPLEMENT. With a material `deferred`
    nothing is finished on the spot."""
    if missing:
        return SUPPLEMENT
    if isinstance(authority, Denied) or ACCEPT not in authority.powers:
        return FORWARD_ON
    at_once = item.kind == "immediate" and DECIDE in authority.powers and not deferred
    return FINISH_HERE if at_once else ACCEPT_HERE


def authority_here(item: Item, here: Here, on: date) -> Authority:
    """What this counter may do with the item today."""
    return item_authority(item, place=place_of(here.division, here.level), on=on)


@transaction.atomic
def case_take_in(
    *, application: Application, actor: Actor, allow_missing: bool = False, at: Instant | None = None, trace: str = ""
) -> CaseState:
    """The application is a submitted case with a number, its materials are journalled, its draft is gone.

    Nothing is accepted yet: see case_accept. With `allow_missing` required materials may be missing: the caller
    writes the notice. Raises RoleMissing, ItemUnavailable, ItemChanged, InvalidIdentity, FieldInvalid,
    MaterialNotAllowed, DeferralTooLate, CertificateMissing, AgentIncomplete, MaterialsMissing, SerialExhausted,
    NotEnrolled.
    """
    act = act_opening(actor, at=at, trace=trace)
    role_require(actor, *COUNTER_ROLES)
    item = item_get(application.item_code)
    _item_require(item, application, act)
    applicant = party_check(application.applicant)
    agent = agent_check(application.agent)
    form_check(item.fields, application.form)
    materials_check(item, application.materials, on=instant_date(act.at))
    missing = materials_missing(item, application.situation, application.materials)
    if missing and not allow_missing:
        raise MaterialsMissing(materials=tuple(m.name for m in missing))
    _open(act, item, replace(application, agent=agent), applicant)
    _materials_journal(act, application.materials)
    state = act.append(b.CaseSubmitted())
    if application.draft_id is not None:
        DraftIntake.objects.filter(pk=application.draft_id, clerk=actor.code).delete()
    return state


def materials_check(item: Item, handed: Mapping[str, Handed], *, on: date) -> None:
    """Raises MaterialNotAllowed where a material may not be handed in that way, DeferralTooLate for a date after
    the item's limit (domain.md, Deadlines)."""
    deferred = any(one.how == DEFERRED for one in handed.values())
    latest = deferral_latest(item, on=on, calendar=work_calendar()) if deferred else on
    for code, one in handed.items():
        material = next((m for m in item.materials if m.code == code), None)
        if material is None or not way_allowed(material, one.how):
            raise MaterialNotAllowed(material=material.name if material else code, how=one.how)
        if one.how == DEFERRED and (one.due is None or not on <= one.due <= latest):
            raise DeferralTooLate(material=material.name, latest=latest)
        if one.how == CERTIFICATE and not one.certificate.strip():
            raise CertificateMissing(material=material.name)


def way_allowed(material: Material, how: str) -> bool:
    """Whether the item lets the material be deferred, pledged or replaced by a certificate; else it is handed in."""
    conditions = {DEFERRED: material.deferrable, PLEDGED: material.pledgeable, CERTIFICATE: bool(material.certificate)}
    return conditions.get(how, how in (RECEIVED, ELECTRONIC, "original", "copy"))


def deferral_latest(item: Item, *, on: date, calendar: WorkCalendar) -> date:
    """The last day a deferred material may be promised for: the promised limit of a case accepted on `on`, of one in
    hours its whole days; for an immediate item, which has none, the legal limit."""
    limit = item.legal_limit if item.promised_limit.unit == "immediate" else item.promised_limit
    if limit.unit == "working_day":
        return calendar.working_day_after(on, limit.value)
    days = {"calendar_day": limit.value, "hour": limit.value // 24}
    return on + timedelta(days=days.get(limit.unit, 0))


def _item_require(item: Item, application: Application, act: Act) -> None:
    authority = authority_here(item, act.here, instant_date(act.at))
    if isinstance(authority, Denied) and authority.fallback != FORWARD:
        raise ItemUnavailable(item_code=item.item_code, reason=authority.reason)
    if application.item_version and application.item_version != item.version:
        raise ItemChanged(item_code=item.item_code, version=application.item_version, current=item.version)


def _open(act: Act, item: Item, application: Application, applicant: b.Party) -> None:
    case_id = uuid_utils.compat.uuid7()
    act.append(
        b.CaseOpened(
            number=number_mint(act.here, instant_date(act.at)), item_code=item.item_code, item_version=item.version,
            service_point=act.here.service_point, division=act.here.division, applicant=applicant,
            situation=application.situation, agent=application.agent, form=dict(application.form),
        ),
        case_id=case_id,
    )  # fmt: skip


def _materials_journal(act: Act, materials: Mapping[str, Handed]) -> None:
    for code, handed in materials.items():
        if handed.how == DEFERRED and handed.due is not None:
            act.append(b.MaterialDeferred(material=code, due=handed.due, commitment=handed.text))
        elif handed.how == PLEDGED:
            act.append(b.MaterialPledged(material=code, text=handed.text))
        else:
            act.append(b.MaterialReceived(
                material=code, how=handed.how, count=handed.count, attachments=handed.attachments, note=handed.text,
                certificate=handed.certificate.strip(),
            ))  # fmt: skip


def number_mint(here: Here, day: date) -> str:
    """The service point's next case number of the day. Raises SerialExhausted."""
    counter, new = SerialCounter.objects.select_for_update().get_or_create(
        service_point=here.service_point,
        day=day,
        defaults={"last": first_serial(1 if here.node == CORE else here.epoch)},
    )
    if not new:
        counter.last += 1
        counter.save(update_fields=["last"])
    return case_number(service_point=here.service_point, day=day, serial=counter.last)


def party_check(party: b.Party) -> b.Party:
    """The applicant with their number as registers write it: no spaces, capitals.

    Raises InvalidIdentity where the number cannot be right, FieldInvalid where the name is missing or something is
    longer than any register keeps.
    """
    if not party.name.strip():
        raise FieldInvalid(field="name", label="name", rule="required")
    for name, value, limit in (("name", party.name, MAX_NAME), ("id_number", party.id_number, MAX_ID_NUMBER)):
        # What no column holds would stop this node's whole stream at the core.
        if len(value) > limit or "\0" in value:
            raise FieldInvalid(field=name, label=name, rule="too_long")
    if party.id_type == "citizen_id":
        return structs.replace(party, id_number=citizen_id_parse(party.id_number).number)
    if party.id_type == "uscc":
        return structs.replace(party, id_number=uscc_check(party.id_number))
    if not party.id_number.strip():
        raise FieldInvalid(field="id_number", label="id_number", rule="required")
    return structs.replace(party, id_number=party.id_number.strip())


def agent_check(agent: b.Agent | None) -> b.Agent | None:
    """Whoever acts for the applicant 代办, with their number as registers write it and what authorises them.

    Raises AgentIncomplete, InvalidIdentity.
    """
    if agent is None:
        return None
    for name in ("name", "id_number", "authorisation"):
        value = getattr(agent, name).strip()
        if not value or len(value) > MAX_NAME or "\0" in value:
            raise AgentIncomplete(field=name)
    return structs.replace(agent, id_number=citizen_id_parse(agent.id_number).number)


def form_check(fields: Sequence[FormField], form: Mapping[str, str]) -> None:
    """Raises FieldInvalid for the first field whose value breaks its rule."""
    for one in fields:
        rule = field_problem(one, form.get(one.name, "").strip())
        if rule:
            raise FieldInvalid(field=one.name, label=one.label, rule=rule)


def field_problem(one: FormField, value: str) -> str:
    """The rule the value breaks ("" where it is right)."""
    if not value:
        return "required" if one.required else ""
    checks = {"number": r"-?\d+(\.\d+)?", "phone": r"(\+?86)?1\d{10}|0\d{2,3}-?\d{7,8}"}
    if one.type in checks and not re.fullmatch(checks[one.type], value):
        return one.type
    if one.type == "choice" and value not in one.choices:
        return "choice"
    if one.type == "date" and not _is_date(value):
        return "date"
    return "pattern" if one.rule and not re.fullmatch(one.rule, value) else ""


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def power_require(item: Item, act: Act, power: str) -> None:
    """Raises NotDevolved unless this service point has the power for the item today."""
    authority = authority_here(item, act.here, instant_date(act.at))
    if isinstance(authority, Allowed) and power in authority.powers:
        return
    denied = authority if isinstance(authority, Denied) else None
    raise NotDevolved(
        item_code=item.item_code, service_point=act.here.service_point, power=power,
        reason=denied.reason if denied else "power_missing", fallback=denied.fallback if denied else FORWARD,
        department=item.department,
    )  # fmt: skip
