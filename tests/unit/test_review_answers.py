"""What a returned case still waits for, which urgings have no answer, what is done about a low rating."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from core.domain.cases import services
from core.domain.cases import state as s
from core.domain.cases.deadlines import WorkCalendar
from core.domain.cases.fold import fold
from core.domain.cases.state import CaseState
from tests.samples import BODIES, entry
from tests.unit.test_deadlines_by_hand import CALENDAR, on

D1, D2 = "11430321DEM0000140", "11430321DEM0000221"


def case(**more: Any) -> CaseState:
    return replace(fold(None, entry(1, BODIES["case.opened"], rev=1)), status="under_review", **more)


def opinion(verdict: str, at: int = 10, returned: tuple[str, ...] = ()) -> s.Opinion:
    return s.Opinion(verdict=verdict, by="rev1", at=at, node="core", returned=returned)


def stage(joint: str = "", **opinions: s.Opinion) -> s.StageState:
    given = {{"d1": D1, "d2": D2}[key]: one for key, one in opinions.items()}
    return s.StageState(code="S1", name="初审", departments=(D1, D2), opened_at=1, joint=joint, opinions=given)


def came(at: int) -> dict[str, s.MaterialFact]:
    return {str(at): s.MaterialFact(how="copy", count=1, at=at, by="a", node="n")}


def note(at: int, **more: Any) -> s.NoteFact:
    return s.NoteFact(text="x", by="a", at=at, node="n", **more)


@pytest.mark.parametrize(("stages", "waits"), [
    ((), set()),
    ((stage(),), {D1, D2}),
    ((stage(d1=opinion("pass")),), {D2}),
    ((stage(d1=opinion("object")),), {D2}),
    ((stage(d1=opinion("return")),), {D1, D2}),
    ((stage(d1=opinion("pass"), d2=opinion("object")),), set()),
    ((stage(joint="site_inspection"),), {D1}),
    ((stage(joint="site_inspection", d1=opinion("pass")),), set()),
])  # fmt: skip
def test_a_stage_waits_for_whoever_has_not_spoken_or_has_returned_the_case(stages, waits):
    assert services.stage_waits_for(case(stages=stages)) == waits


@pytest.mark.parametrize(("returned", "more", "answered"), [
    # A material is answered by coming in anew, not by a note.
    (("M01",), {"materials": {"M01": came(5)}}, False),
    (("M01",), {"materials": {"M01": came(5)}, "notes": {"1": note(11)}}, False),
    (("M01",), {"materials": {"M01": {**came(5), **came(11)}}}, True),
    (("M01",), {"materials": {"M01": came(5), "M02": came(11)}}, False),
    (("M01", "M02"), {"materials": {"M01": came(11), "M02": came(5)}}, False),
    (("M01", "M02"), {"materials": {"M01": came(11), "M02": came(12)}}, True),
    # One that was deferred or pledged is still to come.
    (("M03",), {"deferrals": {"M03": s.Deferral(due=date(2026, 12, 1), at=2)}, "notes": {"1": note(11)}}, False),
    (("M04",), {"pledges": {"M04": s.Pledge(at=2)}, "materials": {"M04": came(11)}}, True),
    # A field of the form is answered by a note written afterwards.
    (("bank",), {}, False),
    (("bank",), {"notes": {"1": note(9)}}, False),
    (("bank",), {"notes": {"1": note(11)}}, True),
    (("bank", "M01"), {"materials": {"M01": came(5)}, "notes": {"1": note(11)}}, False),
    (("bank", "M01"), {"materials": {"M01": came(11)}, "notes": {"1": note(11)}}, True),
    # Entries of the time when a return named nothing: anything new answers.
    ((), {}, False), ((), {"notes": {"1": note(11)}}, True), ((), {"materials": {"M01": came(11)}}, True),
])  # fmt: skip
def test_a_return_is_answered_when_all_it_names_has_come(returned, more, answered):
    back = opinion("return", returned=returned)
    found = services.returns_unanswered(case(stages=(stage(d1=back, d2=opinion("pass")),), **more))
    assert found == ({} if answered else {D1: back})


def test_only_the_open_stages_returns_wait():
    back = opinion("return", returned=("bank",))
    closed, following = stage(d1=back, d2=opinion("pass")), replace(stage(d1=opinion("pass")), code="S2")
    assert services.returns_unanswered(case(stages=(closed, following))) == {}
    assert services.returns_unanswered(case()) == {}


def urging(at: int, level: str = "urging") -> s.Urging:
    return s.Urging(level=level, text="请尽快办理", by="sup1", at=at, node="core")


def test_urgings_and_supervisions_wait_for_an_answer_and_reminders_for_none():
    late, early, kind, done = (UUID(int=n) for n in range(1, 5))
    state = case(
        urgings={late.hex: urging(9), early.hex: urging(5, "supervision"), kind.hex: urging(1, "reminder"),
                 done.hex: urging(2)},
        notes={"1": note(11, answers=done), "2": note(12)},
    )  # fmt: skip
    assert list(services.urgings_unanswered(state)) == [early, late]


def test_a_deferral_is_open_until_the_material_is_in_and_missed_after_its_day():
    due = date(2026, 12, 1)
    owed = {"M02": s.Deferral(due=due, at=2), "M03": s.Deferral(due=date(2026, 12, 2), at=2)}
    state = case(deferrals=owed)
    assert set(services.deferrals_open(state)) == {"M02", "M03"}
    assert services.deferrals_missed(state, today=due) == {}
    assert set(services.deferrals_missed(state, today=date(2026, 12, 2))) == {"M02"}
    made_good = case(deferrals=owed, materials={"M02": came(3)})
    assert services.deferrals_missed(made_good, today=date(2026, 12, 2)) == {}


def test_a_low_rating_is_followed_up_within_working_days_and_shows_each_step():
    first, late, fine = UUID(int=1), UUID(int=2), UUID(int=3)
    low = s.RatingFact(score=1, at=on("2026-09-24"), by="applicant")
    later = s.RatingFact(score=2, at=on("2026-10-08"), by="applicant")
    spoke = s.FollowUp(rating=first, step="contacted", text="x", by="sup1", at=7, node="core")
    spoke_again = replace(spoke, at=9)
    settled = replace(spoke, step="settled", at=8)
    second = s.RatingFact(score=2, at=on("2026-10-09"), by="applicant", second_of=first)
    state = case(
        ratings={late.hex: later, first.hex: low, fine.hex: replace(low, score=3), UUID(int=4).hex: second},
        follow_ups={"1": spoke_again, "2": settled, "3": spoke},
    )  # fmt: skip
    # From Thursday 24 September 25 to 27 are off: 28(1) 29(2) 30(3), October 1 to 7 are off, 8(4) 9(5).
    # From Thursday 8 October: 9(1) Sat 10(2) 12-14(5).
    assert services.followings(state, days=5, calendar=CALENDAR) == [
        services.Following(first, low, date(2026, 10, 9), spoke, settled, second),
        services.Following(late, later, date(2026, 10, 14), None, None, None),
    ]
    assert services.followings(case(), days=5, calendar=WorkCalendar()) == []
