"""The one notice of what is missing 补正告知, what answers it, and what happens when nothing does."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from ...catalogue.documents import Item
from ...journal import bodies as b
from ...journal.clock import Instant, instant_date
from ...journal.policy import policy
from ...staff.actors import Actor
from ..deadlines import WorkCalendar
from ..errors import MaterialsMissing, NoticeGiven, NotYetDue
from ..intake import role_require
from ..lifecycle import require_allowed
from ..state import CaseState
from ..writing import Act, act_on
from .acceptance import answerable_require
from .materials import materials_lacking
from .powers import ROLES_ACCEPT, case_item, words_require


@transaction.atomic
def supplement_request(
    *, case_id: UUID, actor: Actor, lacking: tuple[str, ...], text: str = "", at: Instant | None = None
) -> CaseState:
    """One notice lists everything that is missing; the applicant's turn until the day it names.

    Raises NoticeGiven (there was one), DeemedAccepted (five days have gone by), ReasonMissing (it lists nothing).
    Source: 行政许可法 Art. 32 (4).
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    require_allowed("supplement.requested", act.case.status)
    if act.case.supplement is not None:
        raise NoticeGiven(on=instant_date(act.case.supplement.at))
    answerable_require(act)
    return notice_append(act, case_item(act.case), lacking=lacking, text=text)


def notice_append(act: Act, item: Item, *, lacking: tuple[str, ...], text: str = "") -> CaseState:
    """The notice stands in the case, with the day by which it is to be answered."""
    words_require("".join(lacking), "supplement")
    return act.append(b.SupplementRequested(lacking=lacking, text=text, due=_due_on(act, item, since=act.at)))


def supplement_due_on(item: Item, *, since: Instant, calendar: WorkCalendar, usual_days: int) -> date:
    """The last day for the applicant's answer to a notice of `since`: the item's working days, else the county's."""
    return calendar.working_day_after(instant_date(since), item.supplement_days or usual_days)


def _due_on(act: Act, item: Item, *, since: Instant) -> date:
    return supplement_due_on(item, since=since, calendar=act.calendar, usual_days=policy("supplement_days"))


@transaction.atomic
def supplement_receive(*, case_id: UUID, actor: Actor, at: Instant | None = None) -> CaseState:
    """What was missing is there; the case counts as handed in from now."""
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    return act.append(b.SupplementReceived())


def supplement_close(act: Act) -> CaseState:
    """Raises MaterialsMissing while something required is still missing."""
    require_allowed("supplement.received", act.case.status)
    lacking = materials_lacking(act.case, case_item(act.case))
    if lacking:
        raise MaterialsMissing(materials=tuple(material.name for material in lacking))
    return act.append(b.SupplementReceived())


@transaction.atomic
def case_lapse(*, case_id: UUID, actor: Actor, reason: str = "", at: Instant | None = None) -> CaseState:
    """The applicant has not supplied what the notice listed by its day: the application ends here.

    Raises NotYetDue up to and on that day.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    require_allowed("case.lapsed", act.case.status)
    asked = act.case.supplement
    assert asked is not None  # nothing else leads to where a case may lapse
    # Notices of older programs name no day.
    due = asked.due or _due_on(act, case_item(act.case), since=asked.at)
    if instant_date(act.at) <= due:
        raise NotYetDue(due=due)
    return act.append(b.CaseLapsed(reason=reason))
