"""好差评: five levels, once for the case and once a visit; a low one is followed up until it is settled.

Source: 国务院办公厅《关于建立政务服务“好差评”制度提高政务服务水平的意见》 (国办发〔2019〕51号); GB/T 39735-2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from ...journal import bodies as b
from ...journal.clock import Instant, instant_date
from ...staff.actors import Actor
from ..deadlines import WorkCalendar
from ..errors import RatedAlready, RatingInvalid
from ..intake import role_require
from ..state import CaseState, FollowUp, RatingFact
from ..writing import act_on
from .powers import ROLES_ACCEPT, words_require

SCORES: Final = (5, 4, 3, 2, 1)
#: Ratings of at most this are followed up (差评).
LOW: Final = 2
MAX_TEXT: Final = 1000
#: Codes an applicant may tick beside a score; the words stand in core/counter/wording.py.
REASONS_GOOD: Final = ("fast", "friendly", "clear", "one_visit", "near_home")
REASONS_LOW: Final = ("slow", "unfriendly", "unclear", "many_visits", "extra_materials", "illegal_fee", "other")
#: Who may follow a low rating up: not the applicant who gave it.
ROLES_FOLLOW: Final = (*ROLES_ACCEPT, "supervisor", "county_admin")
#: The applicant themselves, at a counter's screen or by the receipt's QR code.
APPLICANT: Final = Actor(code="applicant", name="")


@dataclass(frozen=True)
class Following:
    """A low rating and what was done about it; `settled` None while it is open, `second` the rating afterwards."""

    rating_id: UUID
    rating: RatingFact
    due: date
    contacted: FollowUp | None
    settled: FollowUp | None
    second: RatingFact | None


@transaction.atomic
def case_rate(
    *, case_id: UUID, score: int, actor: Actor = APPLICANT, reasons: tuple[str, ...] = (), text: str = "",
    visit: date | None = None, second_of: UUID | None = None, at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """The applicant's rating stands in the case: of the case as a whole, or of the visit on that day.

    `second_of` is the low rating it follows, after somebody had spoken with the applicant. Nobody's custody is
    needed. Raises RatingInvalid, RatedAlready.
    """
    act = act_on(case_id, actor, at=at, needs_custody=False)
    day = visit.isoformat() if visit else ""
    known = (*REASONS_GOOD, *REASONS_LOW)
    if score not in SCORES:
        raise RatingInvalid(reason="score")
    if score <= LOW and not reasons and not text.strip():
        raise RatingInvalid(reason="reasons")
    if len(text) > MAX_TEXT or "\0" in text or any(reason not in known for reason in reasons):
        raise RatingInvalid(reason="too_long")
    if second_of is not None:
        _second_check(act.case, second_of)
    elif any(one.visit == day and one.second_of is None for one in act.case.ratings.values()):
        raise RatedAlready(visit=day)
    return act.append(b.CaseRated(
        score=score, reasons=tuple(dict.fromkeys(reasons)), text=text.strip(), visit=day, second_of=second_of
    ))  # fmt: skip


def _second_check(state: CaseState, first: UUID) -> None:
    rating = state.ratings.get(first.hex)
    if rating is None or rating.score > LOW or rating.second_of is not None:
        raise RatingInvalid(reason="unknown")
    if _step(state, first, "contacted") is None:
        raise RatingInvalid(reason="contact")
    if any(one.second_of == first for one in state.ratings.values()):
        raise RatedAlready(visit=rating.visit)


def _step(state: CaseState, rating: UUID, step: str) -> FollowUp | None:
    found = [one for one in state.follow_ups.values() if one.rating == rating and one.step == step]
    return min(found, key=lambda one: one.at) if found else None


@transaction.atomic
def rating_follow(
    *, case_id: UUID, actor: Actor, rating: UUID, step: str, text: str, at: Instant | None = None
) -> CaseState:
    """Somebody spoke with the applicant about a low rating (`step` contacted), or what came of it (settled).

    Whoever may take a case in, or supervises. Raises RatingInvalid, ReasonMissing.
    """
    act = act_on(case_id, actor, at=at, needs_custody=False)
    role_require(actor, *ROLES_FOLLOW)
    fact = act.case.ratings.get(rating.hex)
    if fact is None or fact.score > LOW or fact.second_of is not None or step not in ("contacted", "settled"):
        raise RatingInvalid(reason="unknown")
    if _step(act.case, rating, "settled") is not None:
        raise RatingInvalid(reason="settled")
    if step == "settled" and _step(act.case, rating, "contacted") is None:
        raise RatingInvalid(reason="contact")
    text = words_require(text, "follow_up")
    return act.append(b.RatingFollowed(rating=rating, step=step, text=text))  # type: ignore[arg-type]


def followings(state: CaseState, *, days: int, calendar: WorkCalendar) -> list[Following]:
    """The case's low ratings with what was done about each, oldest first; due `days` working days after the rating."""
    low = [(UUID(key), one) for key, one in state.ratings.items() if one.score <= LOW and one.second_of is None]
    return [
        Following(
            rating_id=key, rating=one, due=calendar.working_day_after(instant_date(one.at), days),
            contacted=_step(state, key, "contacted"), settled=_step(state, key, "settled"),
            second=next((two for two in state.ratings.values() if two.second_of == key), None),
        )
        for key, one in sorted(low, key=lambda pair: pair[1].at)
    ]  # fmt: skip
