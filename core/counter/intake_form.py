"""The intake page's form: what was typed, what is wrong with it, and the application it makes.

Nothing typed is ever lost: a form that is refused is drawn again from the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from core.domain.cases.identity import Citizen, InvalidIdentity, citizen_id_parse, uscc_check
from core.domain.cases.intake import (
    CERTIFICATE,
    DEFERRED,
    ELECTRONIC,
    PLEDGED,
    RECEIVED,
    Application,
    Handed,
    field_problem,
    materials_missing,
    materials_needed,
    way_allowed,
)
from core.domain.cases.selectors import Certificate
from core.domain.catalogue.documents import FormField, Item, Material
from core.domain.journal.bodies import Agent, AttachmentRef, Party

from . import wording
from .commitments import authorisation_text, commitment_text, pledge_text
from .timeline import AGENT_AUTHORISATION, day_words, material_names

WAYS: Final = (RECEIVED, ELECTRONIC, CERTIFICATE, DEFERRED, PLEDGED)
#: What identifies a person, an organisation.
PERSON_IDS: Final = ("citizen_id", "passport", "other")
ORGANISATION_IDS: Final = ("uscc", "other")
#: The input of each part of an agent, as AgentIncomplete names them.
AGENT_INPUTS: Final = {"name": "agent_name", "id_number": "agent_id", "authorisation": "agent_kind"}
MAX_VALUE: Final = 4000  #: characters of one field


@dataclass(frozen=True)
class FieldRow:
    """One field of the item's own form as the page draws it."""

    field: FormField
    name: str
    value: str
    error: str


@dataclass(frozen=True)
class MaterialRow:
    """One material as the page draws it; `ways` are the ways it may be handed in here."""

    material: Material
    ways: tuple[str, ...]
    how: str
    count: str
    due: str
    text: str
    files: tuple[AttachmentRef, ...]
    required: bool
    error: str
    #: The number of the certificate that stands for it, and those of the applicant known here to choose from.
    certificate: str = ""
    certificates: tuple[Certificate, ...] = ()
    #: What the applicant signs for it.
    commitment: str = ""
    pledge: str = ""

    @property
    def cert_input(self) -> str:
        """The input a certificate's number is typed into."""
        return f"m_{self.material.code}_cert"


@dataclass
class IntakeForm:
    """`values` by input name; `files` are scans kept already, by material code; `errors` by input name."""

    item: Item
    values: dict[str, str]
    draft_id: UUID
    files: dict[str, tuple[AttachmentRef, ...]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    #: What earlier cases of the applicant ended in, as far as it is known here; the page asks for it.
    certificates: list[Certificate] = field(default_factory=list)

    def value(self, name: str) -> str:
        return self.values.get(name, "").strip()

    @property
    def kind(self) -> str:
        """person or organisation; at first what the item is mostly for."""
        given = self.value("kind")
        if given in ("person", "organisation"):
            return given
        return "person" if "1" in self.item.service_objects else "organisation"

    @property
    def id_type(self) -> str:
        allowed = PERSON_IDS if self.kind == "person" else ORGANISATION_IDS
        return self.value("id_type") if self.value("id_type") in allowed else allowed[0]

    @property
    def situation(self) -> str:
        codes = {situation.code for situation in self.item.situations}
        return self.value("situation") if self.value("situation") in codes else ""

    @property
    def item_version(self) -> int:
        text = self.value("item_version")
        return int(text) if text.isdigit() and len(text) < 9 else self.item.version

    @property
    def citizen(self) -> Citizen | None:
        """Who the number says the applicant is; None while it is not a right one."""
        if self.id_type != "citizen_id":
            return None
        try:
            return citizen_id_parse(self.value("id_number"))
        except InvalidIdentity:
            return None

    @property
    def applicant_id(self) -> str:
        """The number on the applicant's document as registers write it."""
        return self.value("id_number").upper().replace(" ", "")

    def handed(self) -> dict[str, Handed]:
        """The materials that are in, or stood for, by code; those of other situations are left out."""
        given: dict[str, Handed] = {}
        for material in materials_needed(self.item, self.situation):
            how = self.value(f"m_{material.code}")
            files = self.files.get(material.code, ())
            if how not in WAYS:
                if not files:
                    continue
                how = ELECTRONIC  # a scan alone is an electronic copy
            given[material.code] = self._handed(material, how, files)
        return given

    def _handed(self, material: Material, how: str, files: tuple[AttachmentRef, ...]) -> Handed:
        name = f"m_{material.code}"
        count = self.value(f"{name}_count")
        due = _date(self.value(f"{name}_due")) if how == DEFERRED else None
        text = self.value(f"{name}_text")
        if how == DEFERRED:
            text = commitment_text(material, due)
        elif how == PLEDGED:
            text = " · ".join(part for part in (pledge_text(material), text) if part)
        return Handed(
            how=how, count=min(int(count), 99) if count.isdigit() and len(count) < 4 else 1,
            attachments=files if how in (RECEIVED, ELECTRONIC, CERTIFICATE) else (), due=due, text=text,
            certificate=self.certificate(material) if how == CERTIFICATE else "",
        )  # fmt: skip

    def certificate(self, material: Material) -> str:
        """The number that was typed for the material, else the one that was chosen."""
        return self.value(f"m_{material.code}_cert") or self.value(f"m_{material.code}_pick")

    @property
    def deferred(self) -> bool:
        """Whether something is to follow."""
        return any(one.how == DEFERRED for one in self.handed().values())

    def missing(self) -> list[Material]:
        return materials_missing(self.item, self.situation, self.handed())

    def check(self, *, today: date, latest: date) -> dict[str, str]:
        """What is wrong, by input name, in words; `latest` is the last day a deferral may name."""
        self.errors |= {**self._party_errors(), **self._agent_errors(), **self._field_errors()}
        if self.item.situations and not self.situation:
            self.errors["situation"] = _("Please choose the situation: the materials depend on it.")
        for code, one in self.handed().items():
            if one.how == DEFERRED and (one.due is None or not today <= one.due <= latest):
                self.errors[f"m_{code}"] = _("Give a date from today to %(latest)s, the limit of the item.") % {
                    "latest": day_words(latest)
                }
            elif one.how == CERTIFICATE and not one.certificate:
                self.errors[f"m_{code}"] = _("Choose the certificate, or type its number.")
        return self.errors

    def _party_errors(self) -> dict[str, str]:
        errors: dict[str, str] = {}
        if not self.value("name"):
            errors["name"] = wording.word(wording.FIELD_RULE, "required")
        number = self.value("id_number")
        try:
            if not number:
                errors["id_number"] = wording.word(wording.FIELD_RULE, "required")
            elif self.id_type == "citizen_id":
                citizen_id_parse(number)
            elif self.id_type == "uscc":
                uscc_check(number)
        except InvalidIdentity as error:
            errors["id_number"] = wording.word(wording.IDENTITY, error.reason)
        if self.value("phone") and field_problem(_PHONE, self.value("phone")):
            errors["phone"] = wording.word(wording.FIELD_RULE, "phone")
        return errors

    def _agent_errors(self) -> dict[str, str]:
        if not self.has_agent:
            return {}
        errors = {
            AGENT_INPUTS[name]: wording.word(wording.AGENT, name)
            for name in ("name", "id_number", "authorisation")
            if not self.value(AGENT_INPUTS[name])
        }
        try:
            if self.value("agent_id"):
                citizen_id_parse(self.value("agent_id"))
        except InvalidIdentity as error:
            errors["agent_id"] = wording.word(wording.IDENTITY, error.reason)
        return errors

    def _field_errors(self) -> dict[str, str]:
        problems = {f"f_{one.name}": field_problem(one, self.value(f"f_{one.name}")) for one in self.item.fields}
        return {name: wording.word(wording.FIELD_RULE, rule) for name, rule in problems.items() if rule}

    @property
    def has_agent(self) -> bool:
        typed = any(self.value(f"agent_{name}") for name in ("name", "id", "phone", "kind", "relation"))
        return typed or bool(self.files.get(AGENT_AUTHORISATION))

    def application(self) -> Application:
        """The application this form makes; its values were checked by `check`."""
        agent = None
        if self.has_agent:
            agent = Agent(
                name=self.value("agent_name"), id_number=self.value("agent_id").upper(),
                phone=self.value("agent_phone"),
                authorisation=authorisation_text(self.value("agent_kind"), self.value("agent_relation")),
            )  # fmt: skip
        return Application(
            item_code=self.item.item_code, item_version=self.item_version, draft_id=self.draft_id,
            applicant=Party(
                name=self.value("name"), kind=self.kind, id_type=self.id_type,  # type: ignore[arg-type]
                id_number=self.applicant_id, phone=self.value("phone"), address=self.value("address"),
            ),
            form={one.name: self.value(f"f_{one.name}") for one in self.item.fields if self.value(f"f_{one.name}")},
            materials=self.handed(), situation=self.situation, agent=agent,
        )  # fmt: skip

    def field_rows(self) -> list[FieldRow]:
        return [
            FieldRow(field=one, name=f"f_{one.name}", value=self.values.get(f"f_{one.name}", ""),
                     error=self.errors.get(f"f_{one.name}", ""))
            for one in self.item.fields
        ]  # fmt: skip

    def material_rows(self) -> list[MaterialRow]:
        """All materials of the item: the page hides those of other situations, so that switching loses nothing."""
        return [
            MaterialRow(
                material=m, ways=tuple(way for way in WAYS if way_allowed(m, way)), how=self.value(f"m_{m.code}"),
                count=self.values.get(f"m_{m.code}_count", str(max(1, m.originals + m.copies))),
                due=self.values.get(f"m_{m.code}_due", ""), text=self.values.get(f"m_{m.code}_text", ""),
                files=self.files.get(m.code, ()), required=m.necessity != "optional",
                error=self.errors.get(f"m_{m.code}", ""), certificate=self.certificate(m),
                certificates=self._certificates_for(m), commitment=commitment_text(m, None) if m.deferrable else "",
                pledge=pledge_text(m) if m.pledgeable else "",
            )
            for m in self.item.materials
        ]  # fmt: skip

    def _certificates_for(self, material: Material) -> tuple[Certificate, ...]:
        """The applicant's certificates, those of the material's own kind first."""
        if not material.certificate:
            return ()
        return tuple(sorted(self.certificates, key=lambda one: one.name != material.certificate))

    def authorisation_row(self) -> MaterialRow:
        """The scan of what authorises the agent, drawn as a material's scans are."""
        code = AGENT_AUTHORISATION
        material = Material(code=code, name=material_names(self.item)[code], necessity="optional")
        return MaterialRow(
            material=material, ways=(), how="", count="1", due="", text="", files=self.files.get(code, ()),
            required=False, error=self.errors.get(f"m_{code}", ""),
        )  # fmt: skip


_PHONE: Final = FormField(name="phone", label="phone", type="phone")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def values_of(post: Mapping[str, Any]) -> dict[str, str]:
    """The typed values of a request, without what is not the form's own; each cut at MAX_VALUE characters."""
    own = ("csrfmiddlewaretoken", "draft", "outcome")
    return {name: str(value)[:MAX_VALUE] for name, value in post.items() if name not in own and str(value)}


def draft_parts(data: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, tuple[AttachmentRef, ...]]]:
    """(values, files) of a saved draft."""
    values = {str(name): str(value) for name, value in dict(data.get("values", {})).items()}
    files = {
        str(code): tuple(msgspec.convert(ref, AttachmentRef) for ref in refs)
        for code, refs in dict(data.get("files", {})).items()
    }
    return values, files
