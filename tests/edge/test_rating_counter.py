"""The applicant rates on the counter's screen, offline; the counter shows every rating and follows low ones up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from msgspec.structs import replace as changed

from core.counter import rating as pages
from core.counter.rating import Subject, firsts, rating_address, rating_panel, rating_qr, subject_of
from core.domain.cases import services
from core.domain.cases.receipt import receipt_from_token
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState, RatingFact
from core.domain.cases.writing import work_calendar
from core.domain.journal import clock
from core.domain.journal.models import Entry
from tests import place
from tests.domain import build
from tests.edge.counter_desk import desk, identity

__all__ = ["desk"]
DAY = date(2026, 11, 20)


@pytest.fixture
def finished(desk: Client) -> CaseState:
    """A case the village finished on the spot: the applicant stands at the counter."""
    return services.case_submit(application=build.application(build.CARD), actor=build.AGENT)


@pytest.fixture
def known(settings):
    """The county's address is known here."""
    settings.COUNTY_URL = "https://county.example.cn/"


def rate_url(state: CaseState) -> str:
    return f"/cases/{state.id}/rate/"


def given(state: CaseState) -> list[tuple[int, tuple[str, ...], str, str]]:
    ratings = sorted(case_state(state.id).ratings.values(), key=lambda one: one.at)
    return [(one.score, one.reasons, one.text, one.visit) for one in ratings]


def rated_entries() -> int:
    return Entry.objects.filter(kind__in=("case.rated", "rating.followed")).count()


def only_rating(state: CaseState) -> UUID:
    (key,) = case_state(state.id).ratings
    return UUID(key)


def test_the_page_for_the_applicant_shows_item_and_number_and_nothing_of_the_person(desk, finished):
    page = desk.get(rate_url(finished)).content.decode()
    assert "老年人优待证办理" in page and finished.number[:6] in page
    assert "陈秀英" not in page and build.CITIZEN not in page and "agent1" not in page
    assert [f'id="score-{score}"' in page for score in (5, 4, 3, 2, 1)] == [True] * 5
    assert "very satisfied" in page and "very dissatisfied" in page


def test_a_rating_of_todays_visit_stands_in_the_case_and_the_screen_says_thanks(desk, finished):
    answer = desk.post(rate_url(finished), {"score": "5", "reason": ["fast", "near_home"], "text": " 谢谢 "})
    assert answer["Location"] == f"/cases/{finished.id}/rate/thanks/"
    assert given(finished) == [(5, ("fast", "near_home"), "谢谢", clock.today().isoformat())]
    thanks = desk.get(answer["Location"]).content.decode()
    assert "Thank you for your rating" in thanks and f'href="/cases/{finished.id}/"' in thanks
    assert "陈秀英" not in thanks


def test_reasons_that_do_not_fit_the_score_are_left_out(desk, finished):
    desk.post(rate_url(finished), {"score": "4", "reason": ["illegal_fee", "friendly", "no_such_reason"]})
    assert given(finished)[0][1] == ("friendly",)


def test_a_visit_is_rated_once_and_the_second_attempt_is_told_so_kindly(desk, finished):
    desk.post(rate_url(finished), {"score": "5"})
    answer = desk.post(rate_url(finished), {"score": "1", "text": "again"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "has its rating already" in page and "Thank you" in page and "Send the rating" not in page
    assert [score for score, *_ in given(finished)] == [5] and rated_entries() == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"text": "nothing chosen"}, "choose one of the five"),
        ({"score": "6"}, "choose one of the five"),
        ({"score": "2"}, "at least one reason"),
    ],
)
def test_a_rating_that_is_not_complete_is_refused_and_keeps_what_was_typed(desk, finished, typed, told):
    answer = desk.post(rate_url(finished), typed)
    assert answer.status_code == 422
    assert told in answer.content.decode() and typed.get("text", "") in answer.content.decode()
    assert given(finished) == [] and rated_entries() == 0


def test_without_a_visit_today_the_case_as_a_whole_is_rated(desk, finished):
    tomorrow = DAY + timedelta(days=1)
    opened = changed(finished, opened_at=clock.instant(1_763_000_000_000), delivery=None, materials={})
    assert subject_of(opened, today=tomorrow) == Subject()
    desk.post(rate_url(finished), {"score": "5"})
    services.case_rate(case_id=finished.id, score=4)
    assert [(score, visit) for score, _, _, visit in given(finished)] == [(5, clock.today().isoformat()), (4, "")]


def test_a_low_rating_is_followed_up_at_the_counter_and_rated_a_second_time(desk, finished):
    desk.post(rate_url(finished), {"score": "1", "reason": ["unfriendly"], "text": "态度不好"})
    key = only_rating(finished)
    page = f"/cases/{finished.id}/ratings/{key}/"
    assert "态度不好" in desk.get(page).content.decode()
    assert subject_of(case_state(finished.id), today=clock.today()).rated
    assert desk.post(page, {"step": "contacted", "text": "已上门道歉"})["Location"] == f"/cases/{finished.id}/"
    assert subject_of(case_state(finished.id), today=clock.today()) == Subject(second_of=key)
    assert "how satisfied are you now" in desk.get(rate_url(finished)).content.decode()
    desk.post(rate_url(finished), {"score": "4"})
    desk.post(page, {"step": "settled", "text": "申请人表示理解"})
    state = case_state(finished.id)
    (line,) = [one for one in pages.rating_lines(state, today=clock.today()) if one.key == key]
    assert line.follow is not None and line.follow.second is not None
    assert (line.light, line.follow.second.score) == ("done", 4)
    late = replace(line.follow, due=clock.today() - timedelta(days=1))
    assert pages.follow_light(late, today=clock.today(), calendar=work_calendar(), days=5) == "red"
    assert [step.text for step in line.steps] == ["已上门道歉", "申请人表示理解"]
    assert list(firsts(state)) == [key.hex]


def test_an_outcome_before_anybody_spoke_with_the_applicant_is_refused(desk, finished):
    desk.post(rate_url(finished), {"score": "1", "text": "慢"})
    page = f"/cases/{finished.id}/ratings/{only_rating(finished)}/"
    answer = desk.post(page, {"step": "settled", "text": "已了结"})
    assert answer.status_code == 422 and "已了结" in answer.content.decode()
    assert case_state(finished.id).follow_ups == {} and rated_entries() == 1


def test_there_is_no_follow_up_of_a_good_rating_or_of_none(desk, finished):
    desk.post(rate_url(finished), {"score": "5"})
    assert desk.get(f"/cases/{finished.id}/ratings/{only_rating(finished)}/").status_code == 404
    assert desk.get(f"/cases/{finished.id}/ratings/{uuid4()}/").status_code == 404


def test_the_list_shows_every_rating_newest_first_with_counts_and_average(desk, finished):
    other = services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    desk.post(rate_url(finished), {"score": "1", "text": "等了两个小时"})
    desk.post(rate_url(other), {"score": "4", "text": "办得快"})
    page = desk.get("/ratings/").content.decode()
    assert page.index("办得快") < page.index("等了两个小时")
    assert "<b>2.5</b>" in page and "<b>50.0 %</b>" in page
    assert "陈秀英" not in page


def test_ratings_of_two_machines_both_stand_and_the_first_counts(desk, finished):
    one = RatingFact(score=1, at=5, by="applicant", text="甲")
    two = RatingFact(score=5, at=6, by="applicant", text="乙")
    state = changed(finished, ratings={"b" * 32: one, "a" * 32: two})
    lines = pages.rating_lines(state, today=DAY)
    assert [(line.rating.text, line.counted) for line in lines] == [("甲", True), ("乙", False)]


def test_the_case_page_panel_says_what_was_rated_and_when_it_must_be_settled(desk, finished):
    services.case_rate(case_id=finished.id, score=2, reasons=("slow",))
    panel = rating_panel(case_state(finished.id), today=clock.today())
    (line,) = panel["lines"]
    assert (line.rating.score, line.light, panel["can_rate"], panel["by_phone"]) == (2, "green", True, False)
    late = line.follow.due + timedelta(days=1)
    assert pages.rating_lines(case_state(finished.id), today=late)[0].light == "red"
    assert pages.rating_lines(case_state(finished.id), today=line.follow.due)[0].light == "amber"


def test_a_follow_up_that_came_before_its_rating_waits_for_it(desk, finished):
    from core.domain.cases.state import FollowUp

    early = FollowUp(rating=uuid4(), step="contacted", text="x", by="s", at=1, node="core")
    state = changed(finished, follow_ups={"c" * 32: early})
    assert subject_of(state, today=DAY) == Subject()
    assert pages.rating_lines(state, today=DAY) == []


def test_the_receipt_carries_a_second_code_once_the_countys_address_is_known(desk, finished, known):
    address = rating_address(finished)
    assert address.startswith("https://county.example.cn/rate/") and address.endswith("/")
    token = address.split("/")[-2]
    assert receipt_from_token(token, identity().root_key).number == finished.number
    code = rating_qr(finished)
    assert code is not None and code.startswith("<svg")
    assert str(code) in desk.get(f"/cases/{finished.id}/receipt/").content.decode()
    assert "/rate/qr.svg" in desk.get(f"/cases/{finished.id}/").content.decode()
    image = desk.get(f"/cases/{finished.id}/rate/qr.svg")
    assert image["Content-Type"] == "image/svg+xml" and b'xmlns="http://www.w3.org/2000/svg"' in image.content


def test_no_code_is_printed_where_the_countys_address_is_not_known(desk, finished):
    assert rating_address(finished) == "" and rating_qr(finished) is None
    assert desk.get(f"/cases/{finished.id}/rate/qr.svg").status_code == 404
    assert desk.get(f"/cases/{finished.id}/receipt/").content.decode().count('<svg class="yz-qr"') <= 1
    assert "/rate/qr.svg" not in desk.get(f"/cases/{finished.id}/").content.decode()


def test_the_address_the_machine_was_enrolled_at_is_the_countys(desk, finished):
    from edge_node.models import Enrolment

    Enrolment.objects.create(
        node_id=place.VILLAGE.node, root_key=b"k" * 32, county_url="http://10.0.0.1:8000/", enrolled_at_ms=1
    )
    assert rating_address(finished).startswith("http://10.0.0.1:8000/rate/")


def test_a_machine_signs_no_code_for_a_case_another_one_opened(desk, finished, known):
    assert rating_address(changed(finished, opened_by="430321100000-01")) == ""


def test_nobody_rates_without_the_counter_being_logged_in(finished):
    answer = Client().post(rate_url(finished), {"score": "1", "text": "x"})
    assert answer["Location"].startswith("/login/") and given(finished) == []


def test_a_case_that_is_not_here_has_no_page(desk):
    assert desk.get(f"/cases/{uuid4()}/rate/").status_code == 404


def test_where_the_machine_stands_does_not_matter_for_a_rating(desk, finished, monkeypatch):
    build.stand(monkeypatch, replace(place.VILLAGE, node="430321100200-02"))
    state = services.case_rate(case_id=finished.id, score=5)
    assert [one.score for one in state.ratings.values()] == [5]


def test_the_list_is_read_from_an_index_however_long_the_journal_is(desk, finished):
    from django.db import connection

    from core.counter.rating_list import rated_entries as entries

    sql, params = entries().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert plan == "SCAN journal_entry USING INDEX entry_rated"
