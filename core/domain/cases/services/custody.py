"""The county takes a case from a machine that will not let go of it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from ...journal.clock import Instant
from ...staff.actors import Actor
from ..intake import role_require
from ..state import CaseState
from ..writing import act_on


@transaction.atomic
def custody_take(*, case_id: UUID, actor: Actor, reason: str, at: Instant | None = None) -> CaseState:
    """The county has the case although its custodian never let go (lost or revoked node). Only on the core."""
    act = act_on(case_id, actor, at=at, needs_custody=False)
    role_require(actor, "county_admin", "supervisor")
    return act.take_custody(reason)
