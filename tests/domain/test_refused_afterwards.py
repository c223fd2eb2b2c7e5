"""What is refused once a case is decided, and beside it: receivers unproven, ratings and urgings out of place."""

from datetime import date
from uuid import UUID

import pytest

from core.domain.cases import services
from core.domain.cases.errors import RatedAlready, RatingInvalid, ReceiverUnproven, RoleMissing
from core.domain.cases.state import CaseState
from core.domain.journal.bodies import Agent
from tests import place
from tests.domain import build
from tests.domain.acts import NOBODY, SUPERVISOR, refused
from tests.domain.build import AGENT, CITIZEN, CLERK
from tests.domain.county import decide, is_refused, rate, rated_low, reviewed, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("county_hall")]

# Delivery


@pytest.mark.parametrize(("more", "reason"), [
    ({"receiver": " "}, "name"),
    ({"receiver_id": " "}, "id_number"),
    ({"receiver_id": "110105194912310021"}, "authorisation"),
    ({"how": "agent", "receiver_id": ""}, "id_number"),
    ({"how": "agent", "receiver_id": "110105194912310021", "authorisation": " "}, "authorisation"),
    ({"how": "mail"}, "tracking"),
    ({"how": "locker", "tracking": " "}, "tracking"),
])  # fmt: skip
def test_a_result_is_handed_to_somebody_who_has_shown_who_they_are(more, reason):
    state = decide(reviewed())
    given = {"how": "window", "receiver": "陈秀英", "receiver_id": CITIZEN} | more
    is_refused(lambda: services.result_deliver(case_id=state.id, actor=CLERK, **given), ReceiverUnproven(reason=reason))


@pytest.mark.parametrize("more", [
    {"how": "window", "receiver_id": CITIZEN.lower()},
    {"how": "agent", "receiver_id": "430321197001010017"},
    {"how": "window", "receiver_id": "x9", "authorisation": "委托书"},
    {"how": "mail", "tracking": "EMS1"},
    {"how": "locker", "tracking": "12"},
    {"how": "electronic"},
])  # fmt: skip
def test_each_way_of_handing_out_asks_for_what_it_needs_and_no_more(more):
    agent = Agent(name="陈大明", id_number="430321197001010017", authorisation="委托书")
    state = decide(reviewed(agent=agent))
    assert services.result_deliver(case_id=state.id, actor=CLERK, receiver="陈秀英", **more).status == "delivered"


# Ratings


@pytest.mark.parametrize(("more", "reason"), [
    ({"score": 0}, "score"), ({"score": 6}, "score"), ({"score": 2, "reasons": ()}, "reasons"),
    ({"text": "x" * 1001}, "too_long"), ({"text": "\0"}, "too_long"), ({"reasons": ("weather",)}, "too_long"),
    ({"second_of": UUID(int=9)}, "unknown"),
])  # fmt: skip
def test_a_rating_that_cannot_be_right_is_refused(more, reason):
    case = submitted().id
    is_refused(lambda: rate(case, **more), RatingInvalid(reason=reason))


def test_a_case_is_rated_once_and_each_visit_once():
    case = submitted().id
    rate(case, 5, reasons=())
    is_refused(lambda: rate(case, 4, reasons=()), RatedAlready(visit=""))
    rate(case, 4, reasons=(), visit=date(2026, 11, 2))
    is_refused(lambda: rate(case, 3, visit=date(2026, 11, 2)), RatedAlready(visit="2026-11-02"))
    assert len(rate(case, 3, visit=date(2026, 11, 3)).ratings) == 3


def test_a_second_rating_follows_a_low_first_one_after_somebody_has_spoken_with_the_applicant():
    case, first = rated_low()
    is_refused(lambda: rate(case, 4, second_of=first), RatingInvalid(reason="contact"))
    follow(case, first, "contacted")
    rate(case, 4, second_of=first)
    is_refused(lambda: rate(case, 5, second_of=first), RatedAlready(visit=""))


def follow(case: UUID, rating: UUID, step: str, actor=SUPERVISOR) -> CaseState:
    return services.rating_follow(case_id=case, actor=actor, rating=rating, step=step, text="已电话回访")


def test_a_low_rating_is_settled_after_a_first_contact_and_once():
    case, first = rated_low()
    is_refused(lambda: follow(case, first, "settled"), RatingInvalid(reason="contact"))
    follow(case, first, "contacted")
    follow(case, first, "settled")
    is_refused(lambda: follow(case, first, "contacted"), RatingInvalid(reason="settled"))
    is_refused(lambda: follow(case, first, "settled"), RatingInvalid(reason="settled"))


def test_only_a_low_first_rating_is_followed_up():
    state = rate(submitted().id, 3, reasons=())
    good = UUID(next(iter(state.ratings)))
    is_refused(lambda: follow(state.id, good, "contacted"), RatingInvalid(reason="unknown"))
    is_refused(lambda: follow(state.id, UUID(int=9), "contacted"), RatingInvalid(reason="unknown"))
    is_refused(lambda: rate(state.id, 1, second_of=good), RatingInvalid(reason="unknown"))


def test_a_step_nobody_knows_follows_nothing_up_and_the_applicant_not_their_own():
    case, first = rated_low()
    is_refused(lambda: follow(case, first, "forgotten"), RatingInvalid(reason="unknown"))
    refused(lambda: follow(case, first, "contacted", actor=services.APPLICANT), RoleMissing)


# Urging


@pytest.mark.parametrize(("level", "actor"), [("supervision", CLERK), ("urging", NOBODY), ("reminder", NOBODY)])
def test_each_level_of_urging_has_those_who_may_write_it(level, actor):
    case = submitted().id
    refused(lambda: services.case_urge(case_id=case, actor=actor, level=level, text="请尽快办理"), RoleMissing)


def test_a_village_agent_may_urge_a_case_the_county_has(monkeypatch):
    case = submitted().id
    build.stand(monkeypatch, place.VILLAGE)
    state = services.case_urge(case_id=case, actor=AGENT, level="urging", text="请尽快办理")
    assert [one.level for one in state.urgings.values()] == ["urging"]
