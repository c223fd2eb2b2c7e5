"""What was handed in, is to follow, or is missing; and notes beside it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from ...catalogue.documents import Item, Material
from ...journal import bodies as b
from ...journal.clock import Instant
from ...staff.actors import Actor
from ..errors import CertificateMissing, MaterialNotAllowed
from ..intake import CERTIFICATE, materials_missing, role_require, way_allowed
from ..state import CaseState, Deferral
from ..writing import act_on
from .powers import ROLES_ACCEPT, case_item, words_require


def materials_lacking(state: CaseState, item: Item) -> list[Material]:
    """Required materials of the case that were neither handed in, deferred nor pledged."""
    return materials_missing(item, state.situation, {*state.materials, *state.deferrals, *state.pledges})


def deferrals_open(state: CaseState) -> dict[str, Deferral]:
    """Materials that are to follow and are not in yet, by code."""
    return {code: one for code, one in state.deferrals.items() if code not in state.materials}


def deferrals_missed(state: CaseState, *, today: date) -> dict[str, Deferral]:
    """Those whose day has gone by."""
    return {code: one for code, one in deferrals_open(state).items() if one.due < today}


def material_words(item: Item, codes: object) -> tuple[str, ...]:
    """The names of these materials, in the item's order."""
    wanted = set(codes)  # type: ignore[call-overload]
    return tuple(material.name for material in item.materials if material.code in wanted)


@transaction.atomic
def material_receive(
    *, case_id: UUID, actor: Actor, material: str, how: str, count: int = 1, note: str = "", certificate: str = "",
    attachments: tuple[b.AttachmentRef, ...] = (), at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """A material is in, whoever has the case. Raises MaterialNotAllowed (the item takes no certificate for it),
    CertificateMissing."""
    act = act_on(case_id, actor, at=at, needs_custody=False)
    role_require(actor, *ROLES_ACCEPT)
    if how == CERTIFICATE:
        _certificate_require(case_item(act.case), material, certificate)
    return act.append(b.MaterialReceived(
        material=material, how=how, count=count, attachments=attachments, note=note, certificate=certificate.strip()
    ))  # fmt: skip


def _certificate_require(item: Item, code: str, number: str) -> None:
    material = next((one for one in item.materials if one.code == code), None)
    name = material.name if material else code
    if material is None or not way_allowed(material, CERTIFICATE):
        raise MaterialNotAllowed(material=name, how=CERTIFICATE)
    if not number.strip():
        raise CertificateMissing(material=name)


@transaction.atomic
def note_add(
    *, case_id: UUID, actor: Actor, text: str, answers: UUID | None = None, at: Instant | None = None
) -> CaseState:
    """A note stands in the case; `answers` names the `case.urged` entry it answers. Raises ReasonMissing."""
    act = act_on(case_id, actor, at=at, needs_custody=False)
    return act.append(b.NoteAdded(text=words_require(text, "note"), answers=answers))
