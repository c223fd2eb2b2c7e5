"""Every act of the procedure on the case page: what is offered, what it writes, why it is not offered or refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.counter.timeline import day_words
from core.domain.cases import services
from core.domain.cases.intake import Handed
from core.domain.cases.selectors import case_state
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Grant
from core.domain.catalogue.services import release_apply
from core.domain.journal import bodies as b
from core.domain.journal.clock import today
from tests.domain import build
from tests.edge.counter_desk import RICH, desk, records
from tests.edge.counter_town import JOINT, OTHER, act, acts, later, opened, page, person, refused, submitted, told, town

__all__ = ["desk", "later", "town"]


def test_an_application_that_waits_can_be_accepted_refused_or_answered_with_one_notice(town):
    state = submitted()
    assert acts(person("clerk1"), state) == [
        "accept", "material", "supplement", "refuse", "urge", "note", "withdraw",
    ]  # fmt: skip
    act(person("clerk1"), state, "refuse", reason="不属于本机关职权范围", basis="行政许可法第三十二条")
    after = case_state(state.id)
    assert (after.status, after.reason) == ("refused", "不属于本机关职权范围")


def test_the_page_says_by_when_to_answer_and_warns_from_the_fourth_working_day(town, later):
    state, calendar = submitted(), work_calendar()
    day = today()
    (binding,) = page(person("clerk1"), state).context["binding_days"]
    assert (binding.day, binding.light) == (calendar.working_day_after(day, 5), "green")
    assert told(person("clerk1"), state) == []
    later((calendar.working_day_after(day, 4) - day).days)
    due = day_words(calendar.working_day_after(day, 5))
    assert told(person("clerk1"), state) == [
        ("warning", f"Not answered yet: after {due} the law accepts the case by itself (Art. 32).")
    ]


def test_after_five_working_days_the_case_can_only_be_accepted_and_the_page_says_since_when(town, later):
    state, day = submitted(), today()
    later((work_calendar().working_day_after(day, 6) - day).days)
    client = person("clerk1")
    assert acts(client, state) == ["accept", "material", "urge", "note", "withdraw"]
    since = day_words(day)
    assert told(client, state) == [(
        "danger", f"Nobody answered within five working days: by law the case is accepted since {since}. Accept it now;"
        " the clocks count from that day.",
    )]  # fmt: skip
    words = (
        f"Nobody answered within five working days, so by law the case counts as accepted since {since} (Art. 32)."
        " It can only be accepted now."
    )
    refused(client, state, "refuse", words, reason="太迟")
    act(client, state, "accept")
    assert case_state(state.id).deemed_from == day
    assert f"By law accepted since {since}" in page(client, state).content.decode()


def test_a_second_supplement_notice_is_not_offered_and_the_page_says_why(town):
    state = submitted()
    client = person("clerk1")
    act(client, state, "supplement", lacking=["M02"], text="请补照片")
    assert case_state(state.id).status == "awaiting_supplement"
    act(client, state, "complete_supplement")
    # A counter that may accept does so once everything is there.
    assert case_state(state.id).status == "accepted"
    again = submitted()
    services.supplement_request(case_id=again.id, actor=build.CLERK, lacking=("M02",))
    services.supplement_receive(case_id=again.id, actor=build.CLERK)
    answer = page(client, again)
    assert "supplement" not in answer.context["acts"]
    words = f"The applicant was told on {day_words(today())} what is missing; a second notice is not allowed (Art. 32)."
    assert ("supplement", words) in answer.context["offer"].why_not
    refused(client, again, "supplement", words, lacking=["M02"])


def test_a_case_lapses_only_after_the_day_its_notice_names(town, later):
    state, client = submitted(), person("clerk1")
    act(client, state, "supplement", lacking=["M02"])
    due = case_state(state.id).supplement.due  # type: ignore[union-attr]
    assert due is not None
    words = f"The applicant has until {day_words(due)} to bring what is missing; the case cannot lapse before."
    answer = page(client, state)
    assert "lapse" not in answer.context["acts"] and ("lapse", words) in answer.context["offer"].why_not
    refused(client, state, "lapse", words)
    later((due - today()).days + 1)
    assert "lapse" in acts(client, state)
    assert told(client, state)[0] == (
        "danger",
        f"The applicant had until {day_words(due)} to bring what is missing. The case may lapse, or still go on.",
    )
    act(client, state, "lapse")
    assert case_state(state.id).status == "lapsed"


def test_a_return_names_what_is_wrong_and_why_and_the_page_shows_it_until_it_is_put_right(town):
    state, reviewer = opened(), person("rev1")
    refused(reviewer, state, "opinion", "Please mark what is wrong: materials or fields of the form.",
            verdict="return", text="看不清")  # fmt: skip
    act(reviewer, state, "opinion", verdict="return", text="看不清", returned=["M01", "bank"])
    opinion = case_state(state.id).stages[0].opinions[build.USCC]
    assert (opinion.verdict, opinion.returned) == ("return", ("M01", "bank"))
    clerk = person("clerk1")
    (notice,) = page(clerk, state).context["notices"]
    assert (notice.tone, notice.text) == ("warning", "民政局 returned the case: 看不清")
    assert notice.lines == (
        "To be put right: 身份证", "To be put right: 银行账号", f"名字rev1, {day_words(today())}",
    )  # fmt: skip
    assert page(clerk, state).context["offer"].main == "material"
    act(clerk, state, "material", material="M01", how="original")
    act(clerk, state, "note", text="账号已核对")
    assert told(clerk, state) == []


def test_a_refused_return_keeps_what_was_marked(town):
    answer = act(person("rev1"), opened(), "opinion", verdict="return", returned=["M01"])
    assert answer.status_code == 422
    assert 'name="returned" value="M01" checked' in answer.content.decode()


def test_a_joint_stage_has_an_appointment_first_and_then_one_opinion_of_all(town):
    both = {"M01": Handed(how="received"), "M02": Handed(how="received")}
    state, reviewer = opened(JOINT, materials=both), person("rev1")
    assert acts(reviewer, state)[0] == "appoint"
    assert "opinion" not in acts(reviewer, state)
    refused(reviewer, state, "opinion", "“现场核验” is done by all departments together: set day and place first.",
            verdict="pass")  # fmt: skip
    day = today() + timedelta(days=3)
    refused(reviewer, state, "appoint", "Please give a date: Day.", place="店面")
    act(reviewer, state, "appoint", day=day.isoformat(), time="09:30", place="某村 3 号", text="带平面图")
    assert told(reviewer, state) == [("info", f"joint site inspection on {day_words(day)} 09:30 at 某村 3 号")]
    assert {"appoint", "opinion"} < set(acts(reviewer, state))
    act(reviewer, state, "opinion", verdict="pass", text="合格")
    opinions = case_state(state.id).stages[0].opinions
    assert {department: opinion.verdict for department, opinion in opinions.items()} == {
        build.USCC: "pass", OTHER: "pass",
    }  # fmt: skip


def test_the_decision_explains_an_objection_and_needs_a_reason_against_it(town):
    state, reviewer, approver = opened(), person("rev1"), person("app1")
    act(reviewer, state, "opinion", verdict="pass")
    act(reviewer, state, "opinion", verdict="object", text="材料不实")
    answer = page(approver, state)
    assert answer.context["acts"][0] == "decide"
    assert "民政局 objects: 材料不实" in answer.content.decode()
    words = "A department objects: please write why it is granted all the same."
    refused(approver, state, "decide", words, granted="yes")
    act(approver, state, "decide", granted="yes", text="已复核属实")
    assert case_state(state.id).status == "completed"


def test_nothing_is_granted_while_something_is_to_follow_and_the_page_says_so(town):
    due = today() + timedelta(days=1)
    handed = {"M01": Handed(how="received"), "M02": Handed(how="deferred", due=due)}
    state, reviewer, approver = opened(JOINT, materials=handed), person("rev1"), person("app1")
    act(reviewer, state, "appoint", day=today().isoformat(), place="店面")
    act(reviewer, state, "opinion", verdict="pass")
    words = "Nothing is granted before what was to follow is in: 平面图. Record the material first."
    answer = page(approver, state)
    assert answer.context["offer"].why["decide"] == words
    assert words in answer.content.decode()
    refused(approver, state, "decide", words, granted="yes")
    act(approver, state, "material", material="M02", how="original")
    act(approver, state, "decide", granted="yes")
    assert case_state(state.id).status == "completed"


def test_the_page_counts_the_days_of_what_is_to_follow_and_offers_the_end_once_it_was_missed(town, later):
    due = today() + timedelta(days=3)
    handed = {"M01": Handed(how="received"), "M02": Handed(how="deferred", due=due)}
    state, clerk = opened(JOINT, materials=handed), person("clerk1")
    assert told(clerk, state) == [(
        "info", f"平面图 is to follow by {day_words(due)}, in 3 days. Nothing is granted before, and the case may be"
        " ended after it.",
    )]  # fmt: skip
    assert "terminate" not in acts(clerk, state)
    refused(clerk, state, "terminate", "No day a material was promised for has gone by: this cause does not apply.",
            cause="deferral_missed", reason="未补")  # fmt: skip
    later(4)
    assert told(clerk, state) == [(
        "danger",
        f"平面图 was promised for {day_words(due)} and is not in. Record it, or end the case for this cause.",
    )]  # fmt: skip
    answer = page(clerk, state)
    assert answer.context["offer"].causes == ("deferral_missed",)
    refused(clerk, state, "terminate", "Please write why the case ends without a decision.", cause="deferral_missed")
    act(clerk, state, "terminate", cause="deferral_missed", reason="容缺材料逾期未补")
    after = case_state(state.id)
    assert (after.status, after.cause, after.reason) == ("terminated", "deferral_missed", "容缺材料逾期未补")


def test_an_approver_ends_a_case_for_a_cause_a_clerk_may_not(town):
    state = opened()
    assert page(person("app1"), state).context["offer"].causes == ("applicant_gone", "impossible", "other")
    assert page(person("clerk1"), state).context["offer"].causes == ()
    refused(person("app1"), state, "terminate", "Please choose why the case ends.", reason="申请人死亡")
    act(person("app1"), state, "terminate", cause="applicant_gone", reason="申请人死亡")
    assert case_state(state.id).cause == "applicant_gone"


def test_a_special_procedure_stops_the_clock_with_its_words_and_days_and_lets_it_run_again(town):
    state, reviewer = opened(), person("rev1")
    words = "Choose the procedure that stops the clock and say how many days it will take (1 to 366)."
    refused(reviewer, state, "stop", words, text="现场勘验", expected_days="10")
    refused(reviewer, state, "stop", words, procedure="inspection", text="现场勘验", expected_days="0")
    refused(reviewer, state, "stop",
            "Please write what the procedure is about: the applicant is told in writing (Art. 45).",
            procedure="inspection", expected_days="10")  # fmt: skip
    act(reviewer, state, "stop", procedure="inspection", text="现场勘验", expected_days="10")
    assert case_state(state.id).status == "suspended"
    assert acts(reviewer, state)[0] == "resume"
    shown = page(reviewer, state)
    assert shown.context["stops"] == [("inspection", today(), None, "现场勘验")]
    assert "the clock stands" in shown.content.decode()
    act(reviewer, state, "resume")
    assert case_state(state.id).status == "accepted"
    assert page(reviewer, state).context["stops"] == [("inspection", today(), today(), "现场勘验")]


def test_an_extension_is_asked_by_one_and_approved_by_another_once(town):
    state, reviewer, approver, other = opened(), person("rev1"), person("app1"), person("app2")
    refused(approver, state, "ask_extension", "The limit may be extended by 1 to 10 working days.", days="11",
            reason="案情复杂")  # fmt: skip
    act(approver, state, "ask_extension", days="10", reason="案情复杂")
    assert told(other, state) == [("warning", "名字app1 asks for 10 more working days: 案情复杂")]
    assert acts(other, state)[0] == "extend" and "extend" not in acts(reviewer, state)
    assert page(approver, state).context["offer"].why["extend"].startswith("You asked for it yourself")
    refused(approver, state, "extend",
            "Whoever reviewed a case may not decide it (two-post rule). Another approver must decide.",
            approve="yes")  # fmt: skip
    refused(other, state, "extend", "Please choose: approve or decline.")
    act(other, state, "extend", approve="yes")
    (extension,) = case_state(state.id).extensions
    assert (extension.days, extension.reason) == (10, "案情复杂")
    assert "10 working days, approved by 名字app2" in page(reviewer, state).content.decode()
    assert "ask_extension" not in acts(reviewer, state)


def test_an_extension_is_declined_with_a_reason_and_the_limit_stays(town):
    state, approver = opened(), person("app1")
    act(person("rev1"), state, "ask_extension", days="5", reason="案情复杂")
    refused(approver, state, "extend", "Please write the reason: the applicant is told (Art. 42).", approve="no")
    act(approver, state, "extend", approve="no", reason="可以按期办结")
    after = case_state(state.id)
    assert (after.extensions, after.extension_asked) == ((), None)


def test_an_urging_is_shown_with_its_day_until_somebody_answers_it(town):
    state, clerk = opened(), person("clerk1")
    assert page(clerk, state).context["offer"].levels == ("reminder", "urging")
    assert page(person("super1"), state).context["offer"].levels == ("reminder", "urging", "supervision")
    due = today() + timedelta(days=2)
    refused(clerk, state, "urge", "Please write what is urged.", level="urging")
    refused(clerk, state, "urge", "This step is for: supervisor. Your account does not have that role here.",
            level="supervision", text="请尽快")  # fmt: skip
    act(person("super1"), state, "urge", level="supervision", text="请说明进度", due=due.isoformat())
    (notice,) = page(clerk, state).context["notices"]
    assert (notice.tone, notice.text) == ("danger", "Not answered yet, supervision: 请说明进度")
    assert notice.lines[-1] == f"An answer is wanted by {day_words(due)}."
    (key,) = services.urgings_unanswered(case_state(state.id))
    refused(clerk, state, "answer", "Please choose what you answer; it may be answered already.", text="在办")
    act(clerk, state, "answer", urging=str(key), text="本周内审结")
    assert services.urgings_unanswered(case_state(state.id)) == {}
    step = page(clerk, state).context["steps"][0]
    assert (step.title, step.text) == ("Note", "answer to: 请说明进度 · 本周内审结")
    assert "answer" not in acts(clerk, state)


def test_a_material_may_be_replaced_by_a_certificate_with_its_number_while_the_case_is_under_way(desk):
    handed = {"M01": Handed(how="received"), "M02": Handed(how="received")}
    state = services.case_submit(
        application=build.application(RICH, materials=handed, situation="S1", form={"bank": "621700000000"}),
        actor=build.AGENT,
    )  # fmt: skip
    refused(desk, state, "material", "身份证: choose or type the number of the certificate that stands for it.",
            material="M01", how="certificate")  # fmt: skip
    refused(desk, state, "material", "No certificate may stand for 照片.", material="M02", how="certificate",
            certificate="湘字001")  # fmt: skip
    act(desk, state, "material", material="M01", how="certificate", certificate="湘字001")
    assert "湘字001" in page(desk, state).content.decode()


@pytest.fixture
def finished(desk):
    """A result that waits at the village, for an applicant somebody acts for."""
    agent = b.Agent(name="陈小妹", id_number="11010519491231002X", authorisation="亲属关系")
    other = b.Party(name="陈秀英", id_number="430321199001011234", id_type="other")
    return services.case_submit(
        application=build.application(build.CARD, applicant=other, agent=agent), actor=build.AGENT
    )


@pytest.mark.parametrize(
    ("who", "receiver", "number"),
    [("applicant", "陈秀英", "430321199001011234"), ("agent", "陈小妹", build.CITIZEN)],
)
def test_the_receiver_is_chosen_of_applicant_and_agent(desk, finished, who, receiver, number):
    act(desk, finished, "deliver", how="window", who=who)
    delivery = case_state(finished.id).delivery
    assert delivery is not None
    assert (delivery.receiver, delivery.receiver_id, delivery.authorisation) == (receiver, number, "")


def test_somebody_else_receives_a_result_only_with_an_authorisation(desk, finished):
    stranger = {"how": "agent", "who": "other", "receiver": "路人甲", "receiver_id": "110101199003070791"}
    told = "This is neither the applicant nor the person acting for them: write what authorises the receiver."
    refused(desk, finished, "deliver", told, **stranger)
    act(desk, finished, "deliver", **stranger, authorisation="委托书")
    delivery = case_state(finished.id).delivery
    assert delivery is not None and (delivery.receiver, delivery.authorisation) == ("路人甲", "委托书")


@pytest.mark.parametrize("how", ["mail", "locker"])
def test_mail_and_locker_have_a_number(desk, finished, how):
    words = "Please write the tracking number of the mail, or the number of the locker."
    refused(desk, finished, "deliver", words, how=how, who="applicant")
    act(desk, finished, "deliver", how=how, who="applicant", tracking="EMS123")
    delivery = case_state(finished.id).delivery
    assert delivery is not None and (delivery.how, delivery.tracking) == (how, "EMS123")


def test_a_finished_case_says_by_when_to_hand_it_out_and_afterwards_what_became_of_it(desk, finished):
    calendar = work_calendar()
    (binding,) = page(desk, finished).context["binding_days"]
    assert (binding.label, binding.day, binding.light) == (
        "The result is to be handed out (Art. 44)", calendar.working_day_after(today(), 10), "green",
    )  # fmt: skip
    act(desk, finished, "deliver", how="window", who="applicant")
    shown = page(desk, finished)
    assert shown.context["outcome"].done_in_one_visit
    assert "done in one visit" in shown.content.decode()
    assert [one.light for one in shown.context["binding_days"]] == ["done"]


def test_every_paper_of_the_case_is_linked(town):
    due = today() + timedelta(days=1)
    handed = {"M01": Handed(how="received"), "M02": Handed(how="deferred", due=due)}
    state, reviewer = opened(JOINT, materials=handed), person("rev1")
    for _ in range(2):
        act(reviewer, state, "stop", procedure="hearing", text="听证", expected_days="3")
        act(reviewer, state, "resume")
    text = page(reviewer, state).content.decode()
    papers = re.findall(rf'<li><a href="/cases/{state.id}/papers/([^"]*)">.*?<span>([^<]*)</span>', text, re.S)
    assert papers == [
        ("receipt/", "Receipt"),
        ("deferral/", "Commitment to hand in later"),
        ("special_procedure/?which=1", "Notice of a special procedure 1"),
        ("special_procedure/?which=2", "Notice of a special procedure 2"),
    ]
    assert all(reviewer.get(f"/cases/{state.id}/papers/{address}").status_code == 200 for address, _title in papers)


def test_a_place_that_only_reviews_is_told_the_day_its_review_must_be_finished(town):
    state, clerk = opened(), person("clerk1")
    assert page(clerk, state).context["binding_days"] == []
    others = [one for one in records() if one.key != "G4"]
    narrower = Grant(code="G4", item_code=build.HOUSE, mode="entrusted", powers=("accept", "review"), level="town",
                     below=build.COUNTY)  # fmt: skip
    release_apply(build.release(number=3, parts=[*others, narrower]))
    (binding,) = page(clerk, state).context["binding_days"]
    assert (binding.label, binding.day, binding.light) == (
        "First review here is to be finished (Art. 43)", work_calendar().working_day_after(today(), 20), "green",
    )  # fmt: skip


def test_acts_that_end_a_case_ask_first(town):
    content = page(person("clerk1"), submitted()).content.decode()
    assert content.count("data-confirm=") == 2  # refuse, withdraw
