"""Acts that end a case: the result is handed out, the applicant withdraws, nothing more can come of it."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from core.domain.cases import services
from core.domain.cases.identity import citizen_id_parse
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState

from ...access import StaffRequest
from .given import Incomplete, Typed, given


def deliver(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    """Whoever receives it has shown who they are, where somebody stands there."""
    how = typed.get("how", "")
    if how not in services.WAYS:
        raise Incomplete(_("Please choose how the result is handed out."))
    receiver, number = _receiver(case_state(case_id), typed)
    if how in services.IN_PERSON:
        number = _number_shown(case_state(case_id), number)
    return services.result_deliver(
        case_id=case_id, actor=request.actor, how=how, receiver=receiver, receiver_id=number,
        tracking=typed.get("tracking", ""), authorisation=typed.get("authorisation", ""),
    )  # fmt: skip


def _receiver(state: CaseState, typed: Typed) -> tuple[str, str]:
    """(name, number) of the applicant or the agent where they were chosen, else as typed."""
    who = typed.get("who", "")
    if who == "applicant":
        return state.applicant.name, state.applicant.id_number
    if who == "agent" and state.agent is not None:
        return state.agent.name, state.agent.id_number
    return typed.get("receiver", "").strip(), typed.get("receiver_id", "").strip()


def _number_shown(state: CaseState, number: str) -> str:
    """The number on the receiver's document; anybody not named in the case shows an identity card."""
    known = {state.applicant.id_number} | ({state.agent.id_number} if state.agent else set())
    if not number or number in known:
        return number
    return citizen_id_parse(number).number


def withdraw(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    reason = given(typed, "reason", _("Reason"))
    return services.case_withdraw(case_id=case_id, actor=request.actor, reason=reason)


def lapse(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.case_lapse(case_id=case_id, actor=request.actor, reason=typed.get("reason", ""))


def terminate(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    cause = typed.get("cause", "")
    if cause not in services.CAUSES:
        raise Incomplete(_("Please choose why the case ends."))
    return services.case_terminate(case_id=case_id, actor=request.actor, reason=typed.get("reason", ""), cause=cause)
