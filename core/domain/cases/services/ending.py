"""Ends that are no decision: withdrawn by the applicant, terminated by the authority."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from ...catalogue.authority import DECIDE
from ...journal import bodies as b
from ...journal.clock import Instant, instant_date
from ...staff.actors import Actor
from ..errors import DeferralNotMissed
from ..intake import role_require
from ..lifecycle import require_allowed
from ..state import CaseState
from ..writing import act_on
from .materials import deferrals_missed
from .powers import ROLES_ACCEPT, ROLES_DECIDE, case_item, entitled_require, words_require

#: The applicant did not bring in time what was to follow (容缺受理); whoever took the case in may say so.
DEFERRAL_MISSED: Final = "deferral_missed"
CAUSES: Final = (DEFERRAL_MISSED, "applicant_gone", "impossible", "other")


@transaction.atomic
def case_withdraw(*, case_id: UUID, actor: Actor, reason: str, at: Instant | None = None) -> CaseState:
    """The applicant takes the application back before it is decided. Raises ReasonMissing."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.CaseWithdrawn(reason=words_require(reason, "withdraw")))


@transaction.atomic
def case_terminate(
    *, case_id: UUID, actor: Actor, reason: str, cause: str = "other", at: Instant | None = None
) -> CaseState:
    """The case ends without a decision, with its written reason. `cause` is one of CAUSES.

    What was not made good is ended by whoever has the case, everything else by who may decide. Raises NotDevolved,
    ReasonMissing, DeferralNotMissed (nothing that was to follow is late).
    """
    act = act_on(case_id, actor, at=at)
    missed = cause == DEFERRAL_MISSED
    role_require(actor, *(ROLES_ACCEPT if missed else ROLES_DECIDE))
    if not missed:
        entitled_require(case_item(act.case), act, DECIDE)
    require_allowed("case.terminated", act.case.status)
    if missed and not deferrals_missed(act.case, today=instant_date(act.at)):
        raise DeferralNotMissed
    if cause not in CAUSES:
        raise ValueError(cause)
    return act.append(b.CaseTerminated(reason=words_require(reason, "terminate"), cause=cause))
