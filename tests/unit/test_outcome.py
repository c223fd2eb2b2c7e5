"""What became of a case is computed from its entries: visits, 一次办成, early or late."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core.domain.cases import state as s
from core.domain.cases.deadlines import WorkCalendar
from core.domain.cases.fold import fold
from core.domain.cases.outcome import Outcome, outcome_of, visit_days
from core.domain.cases.state import CaseState
from core.domain.journal.bodies import LimitValue
from core.domain.journal.clock import Instant, instant_of
from tests.samples import BODIES, entry

#: November 2026 has no holiday; the 2nd is a Monday.
CALENDAR = WorkCalendar(years=frozenset({2026}))


def on(day: int, hour: int = 9) -> Instant:
    return instant_of(datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour - 8))


def case(*, decided: int = 5, status: str = "delivered", **more: Any) -> CaseState:
    """Opened and accepted at a window on Monday the 2nd; promised in ten working days, so by Monday the 16th."""
    opened = fold(None, entry(1, BODIES["case.opened"], rev=1))
    decision = s.Decision(granted=True, department="D", by="a", at=on(decided), node="core")
    fields: dict[str, Any] = {
        "status": status, "opened_at": on(2), "submitted_at": on(2), "accepted_at": on(2), "decision": decision,
        "promised": LimitValue(value=10, unit="working_day"), "updated_at": on(decided),
    }  # fmt: skip
    return replace(opened, **(fields | more))


def came(how: str, day: int) -> s.MaterialFact:
    return s.MaterialFact(how=how, count=1, at=on(day), by="a", node="n")


def fetched(how: str, day: int = 9) -> s.Delivery:
    return s.Delivery(how=how, receiver="陈秀英", by="a", at=on(day), node="n")


@pytest.mark.parametrize(("more", "days"), [
    ({}, [2]),
    ({"channel": "web"}, []),
    ({"channel": "web", "delivery": fetched("window")}, [9]),
    ({"delivery": fetched("window", 2)}, [2]),
    ({"delivery": fetched("window")}, [2, 9]),
    *(({"delivery": fetched(how)}, [2]) for how in ("agent", "mail", "locker", "electronic")),
    *(({"materials": {"M01": {"1": came(how, 4)}}}, [2, 4]) for how in ("received", "original", "copy")),
    *(({"materials": {"M01": {"1": came(how, 4)}}}, [2]) for how in ("electronic", "certificate")),
    ({"materials": {"M01": {"1": came("copy", 4)}, "M02": {"2": came("copy", 4), "3": came("copy", 2)}}}, [2, 4]),
    # Twenty past midnight in China is the day before in the entries' own time.
    ({"delivery": s.Delivery(how="window", receiver="x", by="a", at=on(9, 0), node="n")}, [2, 9]),
])  # fmt: skip
def test_a_visit_is_a_day_on_which_somebody_had_to_come(more, days):
    assert visit_days(case(**more)) == {date(2026, 11, day) for day in days}


@pytest.mark.parametrize(("more", "once"), [
    ({"delivery": fetched("window", 2)}, True),
    ({"delivery": fetched("mail")}, True),
    ({"delivery": fetched("window")}, False),
    ({"materials": {"M01": {"1": came("original", 4)}}, "delivery": fetched("agent")}, False),
    ({"channel": "web", "delivery": fetched("window")}, True),
    ({"channel": "web", "delivery": fetched("electronic")}, True),
])  # fmt: skip
def test_done_in_one_visit_is_a_result_in_hand_after_one_visit_or_none(more, once):
    found = outcome_of(case(**more), calendar=CALENDAR)
    assert found is not None and found.done_in_one_visit is once


def test_a_case_is_not_done_in_one_visit_before_the_applicant_has_the_result():
    assert outcome_of(case(status="completed"), calendar=CALENDAR) == Outcome(1, False, 7)


@pytest.mark.parametrize("status", ["accepted", "under_review", "terminated", "decided"])
def test_nothing_came_of_a_case_that_is_not_through(status):
    assert outcome_of(case(status=status), calendar=CALENDAR) is None
    assert outcome_of(case(decision=None), calendar=CALENDAR) is None


@pytest.mark.parametrize(("decided", "early"), [
    (2, 10), (5, 7), (13, 1), (16, 0), (17, -1), (24, -6),
    # On the Saturday before the last day, Monday, one working day is left.
    (14, 1),
])  # fmt: skip
def test_early_is_how_many_working_days_before_the_promised_limit_it_was_decided(decided, early):
    found = outcome_of(case(decided=decided), calendar=CALENDAR)
    assert found is not None and (found.days_early, found.early) == (early, early > 0)


def test_days_a_procedure_took_make_nobody_late():
    stops = (s.Stop(procedure="hearing", from_at=on(4), to_at=on(11)),)
    found = outcome_of(case(decided=20, stops=stops), calendar=CALENDAR)
    # The limit moved by five working days, to Monday the 23rd.
    assert found is not None and found.days_early == 1


def test_calendar_days_are_measured_in_working_days_too():
    found = outcome_of(case(promised=LimitValue(value=10, unit="calendar_day")), calendar=CALENDAR)
    # Due on Thursday the 12th, decided on Thursday the 5th.
    assert found is not None and found.days_early == 5


@pytest.mark.parametrize("promised", [LimitValue(value=0, unit="immediate"), LimitValue(value=4, unit="hour"), None])
def test_what_has_no_limit_in_days_is_neither_early_nor_late(promised):
    found = outcome_of(case(promised=promised), calendar=CALENDAR)
    assert found is not None and (found.days_early, found.early) == (None, False)
