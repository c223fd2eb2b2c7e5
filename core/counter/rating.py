"""What an applicant rates (好差评), where their own phone finds the page, and a case's ratings on its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from core.domain.cases import lifecycle
from core.domain.cases.deadlines import AMBER, DONE, GREEN, RED, WorkCalendar, amber_day
from core.domain.cases.outcome import visit_days
from core.domain.cases.receipt import receipt_token
from core.domain.cases.services import Following, case_rate, followings
from core.domain.cases.services.rating import LOW, MAX_TEXT, REASONS_GOOD, REASONS_LOW, SCORES
from core.domain.cases.state import CaseState, FollowUp, RatingFact
from core.domain.cases.writing import work_calendar
from core.domain.journal import clock
from core.domain.journal.clock import instant_date
from core.domain.journal.policy import policy
from core.domain.staff.selectors import staff_names

from .qr import qr_inline, receipt_signed

#: From this score on an applicant counts as satisfied (基本满意 and better).
SATISFIED: Final = 3


def reasons_for(score: int) -> tuple[str, ...]:
    """The reasons that can be ticked beside a score: what was good, what was not, beside the middle one both."""
    if score <= LOW:
        return REASONS_LOW
    return REASONS_GOOD if score > SATISFIED else REASONS_GOOD + REASONS_LOW


@dataclass(frozen=True)
class Subject:
    """What the next rating of a case is about: the visit of a day, or the case as a whole (`visit` None); or it is the
    second one after a low rating was followed up. `rated`: that has its rating already."""

    visit: date | None = None
    second_of: UUID | None = None
    rated: bool = False


def subject_of(state: CaseState, *, today: date) -> Subject:
    """A second rating that is due comes first, then today's visit where there is one, else the case."""
    spoken = {one.rating for one in state.follow_ups.values() if one.step == "contacted"}
    again = {one.second_of for one in state.ratings.values() if one.second_of}
    waiting = sorted(spoken - again, key=lambda key: state.ratings[key.hex].at if key.hex in state.ratings else 0)
    for key in waiting:
        if key.hex in state.ratings:
            return Subject(second_of=key)
    visit = today if today in visit_days(state) else None
    day = visit.isoformat() if visit else ""
    return Subject(visit=visit, rated=any(one.visit == day for one in firsts(state).values()))


def firsts(state: CaseState) -> dict[str, RatingFact]:
    """By key, the ratings that count in averages: the first one of the case and of each visit. A second rating after
    a follow-up, and what another machine took in beside the first, are shown but do not count."""
    found: dict[str, tuple[int, str]] = {}
    for key, one in state.ratings.items():
        if one.second_of is None and one.score in SCORES:
            found[one.visit] = min((one.at, key), found.get(one.visit, (one.at, key)))
    return {key: state.ratings[key] for _, key in found.values()}


@dataclass(frozen=True)
class Given:
    """What was chosen on the page; `score` 0 for nothing. Reasons that do not fit the score were left out."""

    score: int
    reasons: tuple[str, ...]
    text: str


def given_of(data: Any) -> Given:
    """What a form (a QueryDict) holds; its texts are bounded here."""
    chosen = str(data.get("score", ""))
    score = int(chosen) if chosen in {str(one) for one in SCORES} else 0
    ticked = set(data.getlist("reason"))
    text = str(data.get("text", ""))[:MAX_TEXT].replace("\0", "")
    return Given(score, tuple(one for one in reasons_for(score) if one in ticked) if score else (), text)


def rating_give(state: CaseState, given: Given, *, today: date) -> CaseState:
    """The applicant's rating stands in the case, of what `subject_of` says. Raises RatedAlready, RatingInvalid."""
    subject = subject_of(state, today=today)
    return case_rate(
        case_id=state.id, score=given.score, reasons=given.reasons, text=given.text, visit=subject.visit,
        second_of=subject.second_of,
    )  # fmt: skip


def rating_form(state: CaseState, given: Given | None, *, today: date) -> dict[str, Any]:
    """Names for counter/rating_form.html."""
    return {
        "subject": subject_of(state, today=today),
        "scores": SCORES,
        "good": REASONS_GOOD,
        "low": REASONS_LOW,
        "given": given,
        "max_text": MAX_TEXT,
    }


def county_address() -> str:
    """The county's address as people reach it, without a slash at the end; "" where this machine was not told."""
    return cast("Callable[[], str]", import_string(settings.COUNTY_ADDRESS))()


def rating_address(state: CaseState) -> str:
    """Where the applicant rates the case on their own phone; "" where the county's address is not known, or this
    machine may not sign the case's receipt: a node signs what it opened, the core everything."""
    county = county_address()
    payload = receipt_signed(state) if county else None
    if payload is None:
        return ""
    return f"{county}/rate/{receipt_token(payload)}/"


def rating_qr(state: CaseState) -> SafeString | None:
    """`rating_address` as an inline SVG for a paper; None where there is none."""
    address = rating_address(state)
    return qr_inline(address) if address else None


@dataclass(frozen=True)
class RatingLine:
    """One rating of a case as its page shows it. `follow` is there for a low one; `light` green, amber, red, done."""

    key: UUID
    rating: RatingFact
    day: date | None
    counted: bool
    follow: Following | None
    light: str
    steps: tuple[FollowUp, ...]


def rating_lines(state: CaseState, *, today: date, calendar: WorkCalendar | None = None) -> list[RatingLine]:
    """The case's ratings, oldest first, with what was done about low ones."""
    if not state.ratings:
        return []
    calendar, days = calendar or work_calendar(), policy("rating_follow_up_days")
    low = {one.rating_id.hex: one for one in followings(state, days=days, calendar=calendar)}
    counted = firsts(state)
    ordered = sorted(state.ratings.items(), key=lambda pair: (pair[1].at, pair[0]))
    return [
        RatingLine(
            key=UUID(key), rating=one, day=visit_of(one),
            counted=key in counted, follow=low.get(key),
            light=follow_light(low[key], today=today, calendar=calendar, days=days) if key in low else "",
            steps=steps_of(state, UUID(key)),
        )
        for key, one in ordered
    ]  # fmt: skip


def visit_of(rating: RatingFact) -> date | None:
    """The day of the visit it is about; None for the case as a whole, and where another machine wrote no day."""
    try:
        return date.fromisoformat(rating.visit) if rating.visit else None
    except ValueError:
        return None


def steps_of(state: CaseState, rating: UUID) -> tuple[FollowUp, ...]:
    """What was done about one rating, oldest first."""
    return tuple(sorted((one for one in state.follow_ups.values() if one.rating == rating), key=lambda one: one.at))


def follow_light(one: Following, *, today: date, calendar: WorkCalendar, days: int) -> str:
    """DONE where it was settled in time, RED after the due day, also where it was settled then; before that GREEN, and
    AMBER from `amber_day`."""
    if (instant_date(one.settled.at) if one.settled else today) > one.due:
        return RED
    if one.settled is not None:
        return DONE
    return AMBER if today >= amber_day(instant_date(one.rating.at), days, calendar=calendar) else GREEN


def rating_panel(state: CaseState, *, today: date | None = None) -> Mapping[str, Any]:
    """Names for counter/rating_panel.html; in a template {% rating_panel case %} of the tags `rating` says it all."""
    today = today or clock.today()
    lines = rating_lines(state, today=today)
    return {
        "case": state,
        "lines": lines,
        "subject": subject_of(state, today=today),
        "can_rate": state.status != lifecycle.DRAFT,
        "by_phone": bool(rating_address(state)),
        "people": staff_names({one.by for line in lines for one in line.steps}),
    }
