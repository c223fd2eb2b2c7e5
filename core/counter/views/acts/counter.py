"""Acts of the counter: accept, refuse, ask for what is missing, pass on, take a material in."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from core.domain.cases import services
from core.domain.cases.intake import CERTIFICATE, way_allowed
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item

from ...access import StaffRequest
from ...services import scans_keep
from ...timeline import AGENT_AUTHORISATION
from .given import Incomplete, Typed, given, number

#: How a material may come in once the case is under way.
WAYS_IN = ("received", "original", "copy", "electronic", CERTIFICATE)
MAX_COPIES = 99


def accept(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.case_accept(case_id=case_id, actor=request.actor)


def refuse(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    reason = given(typed, "reason", _("Reason"))
    return services.case_refuse(case_id=case_id, actor=request.actor, reason=reason, basis=typed.get("basis", ""))


def supplement(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    other = typed.get("other", "").strip()
    lacking = (*request.POST.getlist("lacking"), *((other,) if other else ()))
    return services.supplement_request(
        case_id=case_id, actor=request.actor, lacking=lacking, text=typed.get("text", "")
    )


def complete_supplement(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.supplement_complete(case_id=case_id, actor=request.actor)


def forward(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.case_forward(case_id=case_id, actor=request.actor, reason=typed.get("reason", ""))


def material(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    """One material is in, with its scans and, for a certificate, its number."""
    code, how = given(typed, "material", _("Material")), typed.get("how", "received")
    _way_check(services.case_item(case_state(case_id)), code, how)
    certificate = typed.get("certificate", "").strip() or typed.get("pick", "").strip()
    scans = scans_keep(request.FILES.getlist("files"))
    return services.material_receive(
        case_id=case_id, actor=request.actor, material=code, how=how, note=typed.get("note", ""),
        count=min(number(typed, "count"), MAX_COPIES) or 1, attachments=scans,
        certificate=certificate if how == CERTIFICATE else "",
    )  # fmt: skip


def _way_check(item: Item, code: str, how: str) -> None:
    if how not in WAYS_IN:
        raise Incomplete(_("Please choose how it was handed in."))
    if code == AGENT_AUTHORISATION:
        return
    found = next((one for one in item.materials if one.code == code), None)
    if found is None:
        raise Incomplete(_("Please choose one of the item's materials."))
    if not way_allowed(found, how):
        raise Incomplete(_("No certificate may stand for %(name)s.") % {"name": found.name})
