"""fold: exactly what each entry of the longer procedure leaves in a case."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from core.domain.cases import lifecycle as life
from core.domain.cases import state as s
from core.domain.cases.fold import fold
from core.domain.cases.state import CaseState, state_bytes
from core.domain.journal import bodies as b
from core.domain.journal.format import Entry
from tests.samples import BODIES, CORE, OTHER_CASE, TOWN, VILLAGE, entry

USCC = "11430321DEM0000140"
LIMIT = b.LimitValue(value=10, unit="working_day")


def case(status: str, **more: Any) -> CaseState:
    return replace(fold(None, entry(1, BODIES["case.opened"], rev=1)), status=status, **more)


def only(before: CaseState, one: Entry, **changes: Any) -> CaseState:
    """The case after the entry: it changed these fields, its rev and its time, and nothing else."""
    after = fold(before, one)
    rev = one.rev or before.rev
    assert after == replace(before, rev=rev, updated_at=one.at, **changes)
    return after


def test_a_case_accepted_by_law_keeps_the_day_its_clocks_run_from():
    one = entry(2, b.CaseAccepted(legal=LIMIT, promised=LIMIT, service_point=VILLAGE, deemed_from=date(2026, 11, 2)),
                rev=2)  # fmt: skip
    only(case(life.SUBMITTED), one, status=life.ACCEPTED, legal=LIMIT, promised=LIMIT, accepted_at=one.at,
         accepted_by="agent1", accepted_point=VILLAGE, deemed_from=date(2026, 11, 2))  # fmt: skip


def test_a_material_replaced_by_a_certificate_keeps_its_number():
    one = entry(2, b.MaterialReceived(material="M01", how="certificate", certificate="潭档1号"), rev=0, author=TOWN)
    fact = s.MaterialFact(how="certificate", count=1, at=one.at, by="agent1", node=TOWN, certificate="潭档1号")
    only(case(life.SUBMITTED), one, materials={"M01": {one.id.hex: fact}})


def test_a_deferral_and_a_pledge_keep_what_the_applicant_signed():
    deferred = entry(2, BODIES["material.deferred"], rev=2)
    state = only(case(life.DRAFT), deferred, deferrals={
        "M02": s.Deferral(due=date(2026, 12, 1), at=deferred.at, commitment="三日内补齐")})  # fmt: skip
    pledged = entry(3, BODIES["material.pledged"], rev=3)
    only(state, pledged, pledges={"M03": s.Pledge(at=pledged.at, text="本人承诺属实")})


def test_a_notice_keeps_its_day_and_when_it_was_answered():
    asked = entry(2, BODIES["supplement.requested"], rev=2)
    notice = s.Supplement(
        lacking=("M02", "M03"), at=asked.at, by="agent1", text="请补正", due=date(2026, 12, 1)
    )  # fmt: skip
    state = only(case(life.SUBMITTED), asked, status=life.AWAITING_SUPPLEMENT, supplement=notice)
    answer = entry(3, b.SupplementReceived(), rev=3)
    only(state, answer, status=life.SUBMITTED, submitted_at=answer.at,
         supplement=replace(notice, answered_at=answer.at))  # fmt: skip


def opened(joint: str = "", departments: tuple[str, ...] = (USCC, "D2")) -> CaseState:
    one = entry(2, b.StageOpened(stage="S1", name="联合踏勘", departments=departments, joint=joint), rev=2)
    stage = s.StageState(code="S1", name="联合踏勘", departments=departments, opened_at=one.at, joint=joint)
    return only(case(life.ACCEPTED), one, status=life.UNDER_REVIEW, stages=(stage,))


def test_an_appointment_stands_in_its_stage_and_a_later_one_in_its_place():
    state = opened("site_inspection")
    first, second = (entry(n, BODIES["appointment.set"], rev=n, author=CORE) for n in (3, 4))
    for one in (first, second):
        made = s.Appointment(
            day=date(2026, 12, 2), place="易俗河镇某村", at=one.at, by="agent1", time="09:30", text="联合踏勘"
        )
        state = only(state, one, stages=(replace(state.stages[0], appointment=made),))


def test_an_appointment_for_a_stage_nobody_opened_changes_no_stage():
    body = b.AppointmentSet(stage="S9", day=date(2026, 12, 2), place="某村")
    only(opened("site_inspection"), entry(3, body, rev=3))


def test_the_one_opinion_of_a_joint_stage_stands_under_each_of_its_departments():
    state = opened("site_inspection")
    one = entry(3, b.OpinionRecorded(stage="S1", department=USCC, verdict="pass", text="合格", joint=True,
                                     instead_of="rev7"), rev=3, author=CORE)  # fmt: skip
    said = s.Opinion(verdict="pass", by="agent1", at=one.at, node=CORE, text="合格", instead_of="rev7")
    only(state, one, stages=(replace(state.stages[0], opinions={USCC: said, "D2": said}),))


def test_a_return_keeps_what_is_returned_and_leaves_other_departments_alone():
    state = opened()
    one = entry(3, b.OpinionRecorded(stage="S1", department="D2", verdict="return", text="看不清",
                                     returned=("M01", "bank")), rev=3)  # fmt: skip
    said = s.Opinion(verdict="return", by="agent1", at=one.at, node=VILLAGE, text="看不清", returned=("M01", "bank"))
    only(state, one, stages=(replace(state.stages[0], opinions={"D2": said}),))


def test_a_stopped_clock_keeps_the_procedure_and_the_state_it_goes_back_to():
    state = opened()
    one = entry(3, BODIES["clock.stopped"], rev=3)
    stopped = s.Stop(procedure="publicity", from_at=one.at, text="公示")
    state = only(state, one, status=life.SUSPENDED, stops=(stopped,), resume_to=life.UNDER_REVIEW)
    back = entry(4, b.ClockResumed(), rev=4)
    only(state, back, status=life.UNDER_REVIEW, stops=(replace(stopped, to_at=back.at),), resume_to="")


@pytest.mark.parametrize(("stages", "back"), [(False, life.ACCEPTED), (True, life.UNDER_REVIEW)])
def test_a_clock_resumed_that_nobody_stopped_leads_where_the_case_would_be(stages, back):
    state = replace(opened() if stages else case(life.ACCEPTED), status=life.SUSPENDED)
    only(state, entry(3, b.ClockResumed(), rev=3), status=back)


def test_more_days_are_asked_for_and_declined_or_given():
    request = entry(2, BODIES["extension.requested"], rev=2)
    asked = only(case(life.ACCEPTED), request, extension_asked=s.ExtensionAsked(
        days=10, reason="案情复杂", at=request.at, by="agent1"))  # fmt: skip
    only(asked, entry(3, BODIES["extension.declined"], rev=3), extension_asked=None)
    given = entry(3, BODIES["deadline.extended"], rev=3, actor="clerk9")
    only(asked, given, extension_asked=None, extensions=(
        s.Extension(days=10, at=given.at, by="head1", reason="案情复杂"),))  # fmt: skip


def test_a_decision_keeps_in_whose_place_it_was_made():
    one = entry(2, b.CaseDecided(granted=False, department=USCC, text="距离不足", basis="第三十八条",
                                 instead_of="app7"), rev=2)  # fmt: skip
    only(case(life.UNDER_REVIEW), one, status=life.DECIDED, decision=s.Decision(
        granted=False, department=USCC, by="agent1", at=one.at, node=VILLAGE, text="距离不足", basis="第三十八条",
        instead_of="app7"))  # fmt: skip


def test_a_delivery_keeps_who_received_it_and_by_what_right():
    one = entry(2, b.ResultDelivered(how="agent", receiver="陈大明", receiver_id="X1", authorisation="委托书"), rev=2)
    only(case(life.COMPLETED), one, status=life.DELIVERED, ended_at=one.at, delivery=s.Delivery(
        how="agent", receiver="陈大明", by="agent1", at=one.at, node=VILLAGE, receiver_id="X1",
        authorisation="委托书"))  # fmt: skip


@pytest.mark.parametrize(("body", "status", "cause"), [
    (b.CaseTerminated(reason="逾期未补交", cause="deferral_missed"), life.TERMINATED, "deferral_missed"),
    (b.CaseTerminated(reason="终止"), life.TERMINATED, ""),
    (b.CaseWithdrawn(reason="撤回"), life.WITHDRAWN, ""),
    (b.CaseRefused(reason="不受理"), life.REFUSED, ""),
    (b.CaseLapsed(reason="逾期"), life.LAPSED, ""),
])  # fmt: skip
def test_an_end_that_is_no_decision_keeps_its_reason_and_cause(body, status, cause):
    one = entry(2, body, rev=2)
    only(case(life.SUBMITTED), one, status=status, ended_at=one.at, reason=body.reason, cause=cause)


def test_ratings_and_what_follows_them_stand_beside_the_case_by_entry():
    low = entry(2, b.CaseRated(score=1, reasons=("slow",), text="太慢", visit="2026-11-21"), rev=0)
    state = only(case(life.DELIVERED), low, ratings={low.id.hex: s.RatingFact(
        score=1, at=low.at, by="agent1", reasons=("slow",), text="太慢", visit="2026-11-21")})  # fmt: skip
    spoke = entry(3, b.RatingFollowed(rating=low.id, step="contacted", text="已电话回访"), rev=0, author=CORE)
    state = only(state, spoke, follow_ups={spoke.id.hex: s.FollowUp(
        rating=low.id, step="contacted", text="已电话回访", by="agent1", at=spoke.at, node=CORE)})  # fmt: skip
    again = entry(4, b.CaseRated(score=4, second_of=low.id), rev=0)
    second = s.RatingFact(score=4, at=again.at, by="agent1", second_of=low.id)
    only(state, again, ratings={**state.ratings, again.id.hex: second})


def test_an_urging_and_its_answer_stand_beside_the_case_by_entry():
    urge = entry(2, BODIES["case.urged"], rev=0, author=CORE)
    state = only(case(life.ACCEPTED), urge, urgings={urge.id.hex: s.Urging(
        level="urging", text="请尽快办理", by="agent1", at=urge.at, node=CORE, department=USCC,
        due=date(2026, 12, 3))})  # fmt: skip
    note = entry(3, b.NoteAdded(text="已办理", answers=urge.id), rev=0)
    only(state, note, notes={note.id.hex: s.NoteFact(
        text="已办理", by="agent1", at=note.at, node=VILLAGE, answers=urge.id)})  # fmt: skip


def test_an_old_entry_without_the_new_fields_leaves_the_bytes_it_always_left():
    old = fold(case(life.ACCEPTED), entry(2, b.CaseRated(score=5, visit="1"), rev=0))
    assert b"second_of" not in state_bytes(old) and b"deemed_from" not in state_bytes(old)
    later = fold(old, entry(3, b.CaseRated(score=5, second_of=OTHER_CASE), rev=0))
    assert b"second_of" in state_bytes(later)
