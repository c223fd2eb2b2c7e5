"""What is refused around acceptance: an answer too late, a second notice, a promise too long, an agent unproven."""

from datetime import date

import pytest

from core.domain.cases import services
from core.domain.cases.errors import (
    AgentIncomplete,
    CertificateMissing,
    DeemedAccepted,
    DeferralNotMissed,
    DeferralOpen,
    DeferralTooLate,
    MaterialNotAllowed,
    MaterialsMissing,
    NoticeGiven,
    NotYetDue,
    RoleMissing,
)
from core.domain.cases.intake import Handed
from core.domain.cases.state import CaseState
from core.domain.journal.bodies import Agent
from tests.domain.acts import on, refused
from tests.domain.build import CITIZEN, CLERK, REVIEWER, application
from tests.domain.county import (
    AT_ONCE,
    DEFERRING,
    HOURLY,
    M03_OWED,
    TAKEN,
    accepted,
    decide,
    is_refused,
    reviewed,
    submitted,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("county_hall")]

# Acceptance and the one notice (Art. 32)

#: The fifth working day after Monday 2 November is Monday 9 November.
IN_TIME, TOO_LATE = on("2026-11-09", 23), on("2026-11-10", 0)


def refuse(state, at):
    return services.case_refuse(case_id=state.id, actor=REVIEWER, reason="不属于本机关职权", at=at)


def ask(state, at):
    return services.supplement_request(case_id=state.id, actor=REVIEWER, lacking=("照片",), at=at)


@pytest.mark.parametrize(("act", "status"), [(refuse, "refused"), (ask, "awaiting_supplement")])
def test_an_answer_comes_within_five_working_days_or_the_case_is_accepted_by_law(act, status):
    assert act(submitted(), IN_TIME).status == status
    state = submitted()
    is_refused(lambda: act(state, TOO_LATE), DeemedAccepted(since=date(2026, 11, 2)))


def test_a_case_accepted_in_time_is_not_deemed_accepted():
    state = services.case_accept(case_id=submitted().id, actor=REVIEWER, at=IN_TIME)
    assert state.deemed_from is None


def test_a_case_nobody_answered_is_accepted_from_the_day_it_was_handed_in():
    state = services.case_accept(case_id=submitted().id, actor=REVIEWER, at=TOO_LATE)
    assert (state.status, state.deemed_from) == ("accepted", date(2026, 11, 2))


# The county's fifteen working days after Tuesday 3 November end on Tuesday 24 November.
def test_there_is_one_notice_and_no_second():
    state = ask(submitted(), on("2026-11-03"))
    assert state.supplement is not None and state.supplement.due == date(2026, 11, 24)
    services.supplement_receive(case_id=state.id, actor=REVIEWER, at=on("2026-11-04"))
    is_refused(lambda: ask(state, on("2026-11-05")), NoticeGiven(on=date(2026, 11, 3)))


def test_nothing_lapses_before_the_day_after_the_notices_last():
    state = ask(submitted(), on("2026-11-03"))

    def lapse(day: str) -> CaseState:
        return services.case_lapse(case_id=state.id, actor=CLERK, at=on(day, 23))

    is_refused(lambda: lapse("2026-11-24"), NotYetDue(due=date(2026, 11, 24)))
    assert lapse("2026-11-25").status == "lapsed"


def test_a_notice_is_not_answered_while_something_required_is_missing():
    state = services.case_submit(
        application=application(DEFERRING, materials={}), actor=CLERK, lacking_allowed=True, at=TAKEN
    )
    assert state.supplement is not None and state.supplement.lacking == ("M01", "M03")
    is_refused(
        lambda: services.supplement_complete(case_id=state.id, actor=CLERK),
        MaterialsMissing(materials=("身份证", "体检表")),
    )


# Materials, deferrals, agents


@pytest.mark.parametrize(("code", "day", "latest"), [
    (DEFERRING, None, "2026-11-16"),
    (DEFERRING, "2026-11-01", "2026-11-16"),
    (DEFERRING, "2026-11-17", "2026-11-16"),
    # An immediate item has no days of its own: twenty working days, the legal limit.
    (AT_ONCE, "2026-12-01", "2026-11-30"),
    # Seventy hours from some time on Monday end on Wednesday or later.
    (HOURLY, "2026-11-05", "2026-11-04"),
])  # fmt: skip
def test_a_deferred_material_is_promised_for_a_day_within_the_limit(code, day, latest):
    due = date.fromisoformat(day) if day else None
    handed = {"M01": Handed(how="received"), "M03": Handed(how="deferred", due=due)}
    is_refused(
        lambda: submitted(code, materials=handed), DeferralTooLate(material="体检表", latest=date.fromisoformat(latest))
    )


def test_nothing_is_granted_while_what_was_to_follow_is_missing():
    state = reviewed(DEFERRING, materials=M03_OWED)
    is_refused(lambda: decide(state), DeferralOpen(materials=("体检表",)))
    services.material_receive(case_id=state.id, actor=CLERK, material="M03", how="original")
    assert decide(state).status == "completed"


def test_a_case_may_be_denied_while_what_was_to_follow_is_missing():
    state = decide(reviewed(DEFERRING, materials=M03_OWED), granted=False, text="不符合条件")
    assert state.decision is not None and not state.decision.granted


def test_a_missed_deferral_ends_a_case_only_after_its_day():
    state = accepted(DEFERRING, materials=M03_OWED)

    def end(day: str) -> CaseState:
        return services.case_terminate(
            case_id=state.id, actor=CLERK, reason="逾期未补交", cause="deferral_missed", at=on(day, 23)
        )

    is_refused(lambda: end("2026-11-10"), DeferralNotMissed())
    ended = end("2026-11-11")
    assert (ended.status, ended.cause, ended.reason) == ("terminated", "deferral_missed", "逾期未补交")


def test_a_deferral_that_was_made_good_is_not_missed():
    state = accepted(DEFERRING, materials=M03_OWED)
    services.material_receive(case_id=state.id, actor=CLERK, material="M03", how="copy", at=on("2026-11-09"))
    is_refused(
        lambda: services.case_terminate(
            case_id=state.id, actor=CLERK, reason="x", cause="deferral_missed", at=on("2026-11-20")
        ),
        DeferralNotMissed(),
    )


def test_only_whoever_decides_ends_a_case_for_another_cause():
    state = accepted()
    refused(lambda: services.case_terminate(case_id=state.id, actor=CLERK, reason="终止"), RoleMissing)


def test_a_certificate_stands_for_a_material_by_its_number_and_where_the_item_names_one():
    handed = {"M01": Handed(how="received"), "M03": Handed(how="received")}
    with_one = {**handed, "M02": Handed(how="certificate", certificate=" ")}
    is_refused(lambda: submitted(DEFERRING, materials=with_one), CertificateMissing(material="照片"))
    state = submitted(DEFERRING, materials=handed)

    def receive(material: str, certificate: str) -> CaseState:
        return services.material_receive(
            case_id=state.id, actor=CLERK, material=material, how="certificate", certificate=certificate
        )

    is_refused(lambda: receive("M02", " "), CertificateMissing(material="照片"))
    is_refused(lambda: receive("M01", "1"), MaterialNotAllowed(material="身份证", how="certificate"))
    is_refused(lambda: receive("M77", "1"), MaterialNotAllowed(material="M77", how="certificate"))
    facts = receive("M02", " 潭档1号 ").materials["M02"].values()
    assert [fact.certificate for fact in facts] == ["潭档1号"]


@pytest.mark.parametrize("missing", ["name", "id_number", "authorisation"])
def test_whoever_acts_for_the_applicant_says_who_they_are_and_by_what_right(missing):
    agent = {"name": "陈大明", "id_number": CITIZEN, "authorisation": "委托书"} | {missing: " "}
    is_refused(lambda: submitted(agent=Agent(**agent)), AgentIncomplete(field=missing))
