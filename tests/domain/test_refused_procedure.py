"""What is refused between acceptance and decision: without words, beyond the law's days, by the wrong person."""

from datetime import date
from uuid import UUID

import pytest

from core.domain.cases import services
from core.domain.cases.errors import (
    AppointmentMissing,
    ExtensionRefused,
    NoReview,
    NotDevolved,
    ProcedureUnknown,
    ReasonMissing,
    SamePerson,
    StageOpen,
)
from core.domain.cases.state import CaseState
from core.domain.staff.actors import Actor
from tests.domain import build
from tests.domain.acts import HEAD, SUPERVISOR, on, refused
from tests.domain.build import CLERK, REVIEWER, USCC
from tests.domain.county import (
    JOINT,
    OTHER,
    TAKEN,
    accepted,
    approve,
    asked,
    decide,
    extend,
    is_refused,
    objected,
    opine,
    rated_low,
    reviewed,
    submitted,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("county_hall")]

# Words


@pytest.mark.parametrize(("act", "call"), [
    ("refuse", lambda: services.case_refuse(case_id=submitted().id, actor=REVIEWER, reason=" ", at=TAKEN)),
    ("supplement", lambda: services.supplement_request(case_id=submitted().id, actor=REVIEWER, lacking=(), at=TAKEN)),
    ("deny", lambda: decide(reviewed(), granted=False, text=" ")),
    ("overrule", lambda: decide(objected())),
    ("return", lambda: opine(accepted(), "return", returned=("M01",))),
    ("returned", lambda: opine(accepted(), "return", text="看不清")),
    ("object", lambda: opine(accepted(), "object")),
    ("appoint", lambda: services.appointment_set(
        case_id=accepted(JOINT).id, actor=REVIEWER, day=date(2026, 11, 9), place=" ")),
    ("stop", lambda: services.clock_stop(
        case_id=accepted().id, actor=REVIEWER, procedure="hearing", text=" ", expected_days=7)),
    ("extend", lambda: services.extension_request(case_id=accepted().id, actor=REVIEWER, days=10, reason=" ",
                                                  at=TAKEN)),
    ("extend", lambda: services.extension_decline(case_id=asked(), actor=HEAD, reason=" ", at=TAKEN)),
    ("terminate", lambda: services.case_terminate(case_id=accepted().id, actor=HEAD, reason=" ")),
    ("withdraw", lambda: services.case_withdraw(case_id=accepted().id, actor=CLERK, reason=" ")),
    ("urge", lambda: services.case_urge(case_id=accepted().id, actor=CLERK, level="urging", text=" ")),
    ("follow_up", lambda: follow_silently(*rated_low())),
])  # fmt: skip
def test_an_act_that_needs_words_is_refused_without(act, call):
    with pytest.raises(ReasonMissing) as refusal:
        call()
    assert refusal.value == ReasonMissing(act=act)


def follow_silently(case: UUID, rating: UUID) -> CaseState:
    return services.rating_follow(case_id=case, actor=SUPERVISOR, rating=rating, step="contacted", text=" ")


def test_a_reason_missing_changes_nothing():
    state = accepted()
    is_refused(
        lambda: services.case_terminate(case_id=state.id, actor=HEAD, reason="\n"), ReasonMissing(act="terminate")
    )
    # The stage the appointment would have opened is not open either.
    joint = accepted(JOINT)
    is_refused(
        lambda: services.appointment_set(case_id=joint.id, actor=REVIEWER, day=date(2026, 11, 9), place=""),
        ReasonMissing(act="appoint"),
    )


# Clocks


@pytest.mark.parametrize(("procedure", "days"), [("lunch", 7), ("", 7), ("hearing", 0), ("hearing", 367)])
def test_only_a_procedure_of_the_law_stops_the_clock_and_for_a_number_of_days(procedure, days):
    state = accepted()
    is_refused(
        lambda: services.clock_stop(
            case_id=state.id, actor=REVIEWER, procedure=procedure, text="x", expected_days=days
        ),
        ProcedureUnknown(procedure=procedure),
    )


@pytest.mark.parametrize(("code", "days", "most"), [
    (build.ALLOWANCE, 11, 10), (build.ALLOWANCE, 0, 10), (build.ALLOWANCE, -1, 10), (JOINT, 16, 15)])  # fmt: skip
def test_the_limit_is_extended_by_ten_days_or_where_departments_act_together_by_fifteen(code, days, most):
    case = accepted(code).id
    is_refused(lambda: extend(case, days), ExtensionRefused(reason="too_long", most=most))
    extend(case, most)
    assert [one.days for one in approve(case).extensions] == [most]


def test_the_limit_is_extended_once():
    case = asked()
    approve(case)
    is_refused(lambda: extend(case), ExtensionRefused(reason="used"))
    is_refused(lambda: approve(case), ExtensionRefused(reason="not_asked"))


def test_nobody_approves_or_declines_what_nobody_asked_for():
    case = accepted().id
    is_refused(lambda: approve(case), ExtensionRefused(reason="not_asked"))
    is_refused(
        lambda: services.extension_decline(case_id=case, actor=HEAD, reason="x"), ExtensionRefused(reason="not_asked")
    )


def test_a_limit_that_has_run_out_is_not_extended():
    # Twenty working days after Monday 2 November end on Monday 30 November.
    case = accepted().id
    is_refused(lambda: extend(case, at=on("2026-12-01")), ExtensionRefused(reason="overdue"))
    extend(case, at=on("2026-11-30", 22))
    is_refused(lambda: approve(case, at=on("2026-12-01")), ExtensionRefused(reason="overdue"))
    assert approve(case, at=on("2026-11-30", 23)).extensions[0].days == 10


def test_whoever_asked_for_the_days_does_not_approve_them():
    case = accepted().id
    services.extension_request(case_id=case, actor=HEAD, days=5, reason="案情复杂", at=TAKEN)
    is_refused(lambda: approve(case), SamePerson(actor="head1"))


# Review and decision


def test_whoever_gave_an_opinion_that_was_replaced_since_does_not_decide_either():
    state = opine(accepted(), "return", text="看不清", returned=("M01",), actor=HEAD)
    state = opine(opine(state))
    assert {one.by for stage in state.stages for one in stage.opinions.values()} == {"rev1"}
    is_refused(lambda: decide(state), SamePerson(actor="head1"))


def test_a_joint_stage_takes_its_opinion_after_the_departments_were_called_together():
    state = accepted(JOINT)
    is_refused(lambda: opine(state), AppointmentMissing(stage="联合踏勘"))
    services.appointment_set(case_id=state.id, actor=REVIEWER, day=date(2026, 11, 9), place="某村")
    found = opine(state)
    assert set(found.stages[0].opinions) == {USCC, OTHER}


def test_of_a_joint_stage_only_the_department_that_leads_it_speaks():
    state = accepted(JOINT)
    services.appointment_set(case_id=state.id, actor=REVIEWER, day=date(2026, 11, 9), place="某村")
    is_refused(lambda: opine(state, department=OTHER), StageOpen(departments=(USCC,)))


def test_departments_of_a_stage_that_is_no_joint_one_are_not_called_together():
    state = accepted()
    is_refused(
        lambda: services.appointment_set(case_id=state.id, actor=REVIEWER, day=date(2026, 11, 9), place="某村"),
        NoReview(item_code=build.ALLOWANCE),
    )


def test_nobody_decides_while_a_parallel_department_or_a_stage_is_open():
    state = accepted(JOINT)
    services.appointment_set(case_id=state.id, actor=REVIEWER, day=date(2026, 11, 9), place="某村")
    opine(opine(state))
    is_refused(lambda: decide(state), NoReview(item_code=JOINT))
    is_refused(lambda: services.stage_open_next(case_id=state.id, actor=REVIEWER), StageOpen(departments=(OTHER,)))


def test_an_officer_of_another_department_opens_no_stage_of_an_item_that_is_not_theirs():
    state = accepted()
    stranger = Actor(code="rev8", name="", roles=frozenset({"reviewer"}), departments=frozenset({OTHER}))
    error = refused(lambda: services.stage_open_next(case_id=state.id, actor=stranger), NotDevolved)
    assert isinstance(error, NotDevolved) and error.power == "review"
