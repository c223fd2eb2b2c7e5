"""Acts on the clocks: a special procedure, an extension."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from core.domain.cases import services
from core.domain.cases.state import CaseState

from ...access import StaffRequest
from .given import Incomplete, Typed, number


def stop(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.clock_stop(
        case_id=case_id, actor=request.actor, procedure=typed.get("procedure", ""), text=typed.get("text", ""),
        expected_days=number(typed, "expected_days"),
    )  # fmt: skip


def resume(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.clock_resume(case_id=case_id, actor=request.actor)


def ask(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.extension_request(
        case_id=case_id, actor=request.actor, days=number(typed, "days"), reason=typed.get("reason", "")
    )


def answer(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    """Approved, the legal limit is longer; declined with a reason, it stays."""
    answered = typed.get("approve", "")
    if answered not in ("yes", "no"):
        raise Incomplete(_("Please choose: approve or decline."))
    if answered == "yes":
        return services.deadline_extend(case_id=case_id, actor=request.actor)
    return services.extension_decline(case_id=case_id, actor=request.actor, reason=typed.get("reason", ""))
