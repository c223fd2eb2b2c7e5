"""Stopping, resuming and extending the clocks (行政许可法 Art. 42, 45)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from ...catalogue.authority import DECIDE, REVIEW
from ...catalogue.documents import Item
from ...journal import bodies as b
from ...journal.clock import Instant, instant_date
from ...staff.actors import Actor
from ..deadlines import EXTENSION_DAYS, JOINT_EXTENSION_DAYS, due_on
from ..errors import ExtensionRefused, ProcedureUnknown, SamePerson
from ..intake import role_require
from ..lifecycle import require_allowed
from ..state import CaseState
from ..writing import Act, act_on
from .powers import ROLES_DECIDE, ROLES_REVIEW, case_item, departments_of, entitled_require, words_require

#: What stops the clock 特别程序 (Art. 45): the days it takes are not counted.
PROCEDURES: Final = (
    "hearing", "tender", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review", "publicity",
)  # fmt: skip
#: An expectation beyond this is a slip of the keyboard (days).
MAX_EXPECTED_DAYS: Final = 366


@transaction.atomic
def clock_stop(
    *, case_id: UUID, actor: Actor, procedure: str, text: str, expected_days: int, at: Instant | None = None
) -> CaseState:
    """A special procedure stops the clocks; the applicant is told in writing how long it is to take (days).

    Raises NotDevolved, ProcedureUnknown, ReasonMissing. Source: 行政许可法 Art. 45.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    entitled_require(case_item(act.case), act, REVIEW)
    if procedure not in PROCEDURES or not 1 <= expected_days <= MAX_EXPECTED_DAYS:
        raise ProcedureUnknown(procedure=procedure)
    text = words_require(text, "stop")
    return act.append(b.ClockStopped(procedure=procedure, text=text, expected_days=expected_days))


@transaction.atomic
def clock_resume(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """The procedure is over; the day it ends is a day 0 again."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    entitled_require(case_item(act.case), act, REVIEW)
    return act.append(b.ClockResumed())


def is_joint(item: Item) -> bool:
    """Whether several departments handle the item together (统一办理、联合办理、集中办理, Art. 42 (2))."""
    return len(departments_of(item)) > 1


def extension_most(item: Item) -> int:
    """Days the legal limit may be extended by, once: 10, or 15 where departments handle it together (Art. 42)."""
    return JOINT_EXTENSION_DAYS if is_joint(item) else EXTENSION_DAYS


@transaction.atomic
def extension_request(*, case_id: UUID, actor: Actor, days: int, reason: str, at: Instant | None = None) -> CaseState:
    """Whoever may approve it is asked for more days of the legal limit. Raises ExtensionRefused, ReasonMissing."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_REVIEW)
    item = case_item(act.case)
    entitled_require(item, act, REVIEW)
    require_allowed("extension.requested", act.case.status)
    _extendable(act, item, days)
    return act.append(b.ExtensionRequested(days=days, reason=words_require(reason, "extend")))


@transaction.atomic
def extension_decline(*, case_id: UUID, actor: Actor, reason: str, at: Instant | None = None) -> CaseState:
    """The request is answered with no; the limit stays. Raises ExtensionRefused (nobody asked), ReasonMissing."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_DECIDE)
    entitled_require(case_item(act.case), act, DECIDE)
    require_allowed("extension.declined", act.case.status)
    if act.case.extension_asked is None:
        raise ExtensionRefused(reason="not_asked")
    return act.append(b.ExtensionDeclined(reason=words_require(reason, "extend")))


@transaction.atomic
def deadline_extend(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """The request is approved: the legal limit is longer by its days, and the applicant is told.

    Raises ExtensionRefused, SamePerson (who asked does not approve), NotDevolved. Source: 行政许可法 Art. 42.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_DECIDE)
    item = case_item(act.case)
    entitled_require(item, act, DECIDE)
    require_allowed("deadline.extended", act.case.status)
    asked = act.case.extension_asked
    if asked is None:
        raise ExtensionRefused(reason="not_asked")
    if asked.by == actor.code:
        raise SamePerson(actor=actor.code)
    _extendable(act, item, asked.days)
    return act.append(b.DeadlineExtended(days=asked.days, reason=asked.reason, approved_by=actor.code))


def _extendable(act: Act, item: Item, days: int) -> None:
    most = extension_most(item)
    if act.case.extensions:
        raise ExtensionRefused(reason="used")
    if not 1 <= days <= most:
        raise ExtensionRefused(reason="too_long", most=most)
    due = due_on(act.case, "legal", calendar=act.calendar, today=instant_date(act.at))
    if due is None or due < instant_date(act.at):
        raise ExtensionRefused(reason="overdue")
