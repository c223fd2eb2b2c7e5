"""What the intake's one button does, and what completing a supplement goes on with."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from ...catalogue.authority import ACCEPT, DECIDE, REVIEW
from ...journal.clock import Instant, instant_date
from ...staff.actors import Actor
from ..intake import Application, case_take_in, role_require
from ..state import CaseState
from ..writing import Act, act_on
from .acceptance import accept
from .decision import decide
from .forwarding import forward
from .materials import deferrals_open, materials_lacking
from .powers import ROLES_ACCEPT, case_item, powers_devolved
from .supplement import notice_append, supplement_close


@transaction.atomic
def case_submit(
    *, application: Application, actor: Actor, lacking_allowed: bool = False, at: Instant | None = None, trace: str = ""
) -> CaseState:
    """What the intake's one button does: take in, then accept, finish on the spot, or send on, as this counter may.

    With `lacking_allowed`, what is missing does not refuse the application: it is taken in and one notice lists all
    of it (出具补正告知). Raises what case_take_in raises; nothing is written then.
    """
    state = case_take_in(application=application, actor=actor, allow_missing=lacking_allowed, at=at, trace=trace)
    act = act_on(state.id, actor, at=state.updated_at + 1, trace=trace)
    item = case_item(state)
    lacking = materials_lacking(state, item)
    if lacking:
        return notice_append(act, item, lacking=tuple(material.code for material in lacking))
    return _proceed(act)


@transaction.atomic
def supplement_complete(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """Everything on the notice is there: the case counts as handed in from now and goes on as intake would have it.

    Raises MaterialsMissing while something required is still missing.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    supplement_close(act)
    return _proceed(act)


def _proceed(act: Act) -> CaseState:
    item = case_item(act.case)
    powers = powers_devolved(item, act.here, instant_date(act.at))
    if ACCEPT in powers:
        accept(act)
    if item.kind == "immediate" and {ACCEPT, DECIDE} <= powers:
        # What is to follow keeps the case open here: nothing is granted on a promise (容缺受理, not 容缺办结).
        if not deferrals_open(act.case):
            decide(act, item, granted=True)
        return act.case
    # Whoever may review goes on with the case where it is.
    if {ACCEPT, REVIEW, DECIDE} <= powers:
        return act.case
    return forward(act, item)
