"""Accepting 受理 or refusing 不予受理 what was handed in; after five days the law has accepted it (Art. 32)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from ...catalogue.authority import ACCEPT
from ...journal import bodies as b
from ...journal.clock import Instant, instant_date
from ...staff.actors import Actor
from ..deadlines import deemed_accepted_on
from ..errors import DeemedAccepted
from ..intake import role_require
from ..state import CaseState
from ..writing import Act, act_on
from .materials import deferrals_open
from .powers import ROLES_ACCEPT, case_item, entitled_require, limits_of, words_require


@transaction.atomic
def case_accept(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """Accept a submitted case and start its clocks; the day of acceptance is day 0. A case nobody answered within
    five working days is accepted from the day it was handed in.

    Raises NotDevolved. Source: 行政许可法 Art. 32, 42.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return accept(act)


def accept(act: Act) -> CaseState:
    item = case_item(act.case)
    entitled_require(item, act, ACCEPT)
    legal, promised = limits_of(item)
    if item.kind == "immediate" and deferrals_open(act.case):
        # What is to follow may take as long as the law gives, so on the spot is no promise that could be kept.
        promised = legal
    return act.append(b.CaseAccepted(
        legal=legal, promised=promised, service_point=act.here.service_point, deemed_from=deemed_on(act)
    ))  # fmt: skip


def deemed_on(act: Act) -> date | None:
    """The day from which the law has accepted the case by now, None while there is time to answer."""
    return deemed_accepted_on(act.case, today=instant_date(act.at), calendar=act.calendar)


def answerable_require(act: Act) -> None:
    """Raises DeemedAccepted where the days to refuse the case, or to ask for a supplement, have gone by."""
    since = deemed_on(act)
    if since is not None:
        raise DeemedAccepted(since=since)


@transaction.atomic
def case_refuse(*, case_id: UUID, actor: Actor, reason: str, basis: str = "", at: Instant | None = None) -> CaseState:
    """Refuse a submitted case with its written reason. Raises ReasonMissing, DeemedAccepted. Source: Art. 32."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    entitled_require(case_item(act.case), act, ACCEPT)
    answerable_require(act)
    return act.append(b.CaseRefused(reason=words_require(reason, "refuse"), basis=basis))
