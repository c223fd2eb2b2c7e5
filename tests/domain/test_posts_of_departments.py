"""A post in one department is no power in another, though both are asked in the same case."""

from datetime import date

import pytest

from core.domain.cases import services
from core.domain.cases.errors import NotDevolved, StageOpen
from core.domain.staff.actors import Actor
from tests.domain import build
from tests.domain.acts import refused
from tests.domain.county import JOINT, OTHER, TAKEN, accepted, decide, opine, reviewed, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("county_hall")]


def officer(*posts: tuple[str, str]) -> Actor:
    """Somebody with these (role, department) posts."""
    return Actor(
        code="two1", name="贺敏", roles=frozenset(role for role, _ in posts),
        departments=frozenset(department for _, department in posts),
        posts=frozenset((role, department, "") for role, department in posts),
    )  # fmt: skip


ELSEWHERE_HEAD = officer(("reviewer", build.USCC), ("approver", OTHER))
ELSEWHERE_REVIEWER = officer(("reviewer", OTHER), ("clerk", build.USCC))


def test_the_head_of_another_department_does_not_decide_though_they_review_for_this_one():
    case = reviewed()
    refused(lambda: decide(case, actor=ELSEWHERE_HEAD), NotDevolved)


def test_a_clerk_of_the_department_does_not_decide_what_is_promised_by_being_head_elsewhere():
    case = reviewed()
    refused(lambda: decide(case, actor=officer(("clerk", build.USCC), ("approver", OTHER))), NotDevolved)


def test_an_opinion_is_for_the_department_one_reviews_for():
    case = accepted(JOINT)
    appointed = services.appointment_set(
        case_id=case.id, actor=build.REVIEWER, day=date(2026, 11, 9), place="某村", at=TAKEN
    )
    refused(lambda: opine(appointed, actor=ELSEWHERE_REVIEWER), StageOpen)


def test_the_same_posts_are_power_where_they_are_held():
    state = services.case_accept(case_id=submitted().id, actor=ELSEWHERE_HEAD, at=TAKEN)
    assert state.accepted_by == "two1"
    assert opine(state, actor=ELSEWHERE_HEAD).stages[0].opinions[build.USCC].by == "two1"
