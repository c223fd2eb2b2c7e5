"""Words beside a case: notes, reminders and urgings, answers to them."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from core.domain.cases import services
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState

from ...access import StaffRequest
from .given import Incomplete, Typed, day_or_none, given


def note(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.note_add(case_id=case_id, actor=request.actor, text=given(typed, "text", _("Note")))


def urge(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    level, department = typed.get("level", ""), typed.get("department", "")
    if level not in services.LEVEL_ROLES:
        raise Incomplete(_("Please choose how strongly."))
    if department and department not in services.departments_of(services.case_item(case_state(case_id))):
        raise Incomplete(_("Please choose one of the departments of this item."))
    return services.case_urge(
        case_id=case_id, actor=request.actor, level=level, text=typed.get("text", ""), department=department,
        due=day_or_none(typed, "due"),
    )  # fmt: skip


def answer(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    """A note that answers one urging."""
    chosen = typed.get("urging", "")
    urging = next((key for key in services.urgings_unanswered(case_state(case_id)) if str(key) == chosen), None)
    if urging is None:
        raise Incomplete(_("Please choose what you answer; it may be answered already."))
    text = given(typed, "text", _("Answer"))
    return services.note_add(case_id=case_id, actor=request.actor, text=text, answers=urging)
