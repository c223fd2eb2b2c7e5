"""Acts of review and decision."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from core.domain.cases import services
from core.domain.cases.state import CaseState

from ...access import StaffRequest
from .given import Incomplete, Typed, day, given


def appoint(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    """The departments of the joint stage meet then and there."""
    met_on, place = day(typed, "day", _("Day")), given(typed, "place", _("Place"))
    return services.appointment_set(
        case_id=case_id, actor=request.actor, day=met_on, place=place, time=typed.get("time", "").strip()[:5],
        text=typed.get("text", "").strip(),
    )  # fmt: skip


def opinion(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    """A return names what is wrong; a joint stage has one opinion for all."""
    verdict = typed.get("verdict", "")
    if verdict not in ("pass", "return", "object"):
        raise Incomplete(_("Please choose: pass, return or object."))
    text = typed.get("text", "") if verdict == "pass" else given(typed, "text", _("Opinion"))
    returned = tuple(request.POST.getlist("returned")) if verdict == "return" else ()
    return services.opinion_record(case_id=case_id, actor=request.actor, verdict=verdict, text=text, returned=returned)


def decide(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    granted = typed.get("granted", "")
    if granted not in ("yes", "no"):
        raise Incomplete(_("Please choose: grant or deny."))
    return services.case_decide(
        case_id=case_id, actor=request.actor, granted=granted == "yes", text=typed.get("text", ""),
        basis=typed.get("basis", ""), result_number=typed.get("result_number", ""),
    )  # fmt: skip
