"""What is known of a case beforehand and afterwards: who will decide it and why, what it left the applicant with."""

from datetime import date

import pytest

from core.domain.cases import selectors, services
from core.domain.cases.selectors import Certificate
from core.domain.cases.services import RouteStep, route_expected
from core.domain.catalogue.authority import Allowed, Denied
from core.domain.catalogue.documents import Grant, Item, Result
from core.domain.catalogue.selectors import item_get
from core.domain.catalogue.services import release_apply
from core.domain.journal.bodies import Party
from core.domain.journal.place import Here
from tests import place
from tests.domain import build
from tests.domain.acts import on
from tests.domain.build import AGENT, CITIZEN, CLERK, COUNTY, USCC, application
from tests.domain.county import decide, reviewed

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)
VILLAGE, TOWN, HALL = place.VILLAGE, place.TOWN, place.HALL
WHOLE = ("accept", "review", "decide")


def route(code: str, here: Here) -> list[tuple[str, str, str, tuple[str, ...], str]]:
    steps = route_expected(item_get(code), here, on=DAY)
    return [(one.node, one.division, one.level, one.powers, one.department) for one in steps]


def at(here: Here, *powers: str) -> tuple[str, str, str, tuple[str, ...], str]:
    return (here.node, here.division, here.level, powers, USCC)


def county(*powers: str) -> tuple[str, str, str, tuple[str, ...], str]:
    return ("core", "", "county", powers, USCC)


@pytest.mark.parametrize(("code", "here", "steps"), [
    # Everything was devolved to the village: nobody else has a hand in it.
    (build.CARD, VILLAGE, [at(VILLAGE, *WHOLE)]),
    # The village accepts, the county does the rest.
    (build.ALLOWANCE, VILLAGE, [at(VILLAGE, "accept"), county("review", "decide")]),
    # The village accepts, its town may do everything.
    (build.HOUSE, VILLAGE, [at(VILLAGE, "accept"), at(TOWN, "review", "decide")]),
    (build.HOUSE, TOWN, [at(TOWN, *WHOLE)]),
    # Nothing was devolved: taken in and sent on.
    (build.PERMIT, VILLAGE, [at(VILLAGE), county(*WHOLE)]),
    (build.PERMIT, TOWN, [at(TOWN), county(*WHOLE)]),
    # At the county's own window in a town's hall.
    (build.HOUSE, HALL, [at(HALL, *WHOLE)]),
    (build.PERMIT, HALL, [at(HALL), county(*WHOLE)]),
])  # fmt: skip
def test_a_clerk_sees_beforehand_who_will_do_what(catalogue, code, here, steps):
    assert route(code, here) == steps


def test_each_step_says_by_which_grant_or_why_not(catalogue):
    here, town = route_expected(item_get(build.HOUSE), VILLAGE, on=DAY)
    assert isinstance(here.authority, Allowed) and here.authority.grant is not None
    assert isinstance(town.authority, Allowed) and town.authority.grant is not None
    assert (here.authority.grant.code, town.authority.grant.code) == ("G3", "G4")
    refused, county_itself = route_expected(item_get(build.PERMIT), VILLAGE, on=DAY)
    assert isinstance(refused.authority, Denied) and refused.authority.reason == "not_devolved"
    assert county_itself == RouteStep("core", "", "county", WHOLE, USCC)


def test_a_village_without_a_link_to_its_town_goes_to_the_county(catalogue):
    alone = Here(**{**{name: getattr(VILLAGE, name) for name in VILLAGE.__dataclass_fields__},
                    "peers": frozenset({"core"})})  # fmt: skip
    assert route(build.HOUSE, alone) == [at(VILLAGE, "accept"), county("review", "decide")]


def test_an_item_decided_in_one_act_has_no_review_to_go_to(db):
    grant = Grant(code="G9", item_code="ITEM-ONCE", mode="direct", powers=("accept", "decide"), level="village",
                  below=COUNTY)  # fmt: skip
    release_apply(build.release(parts=[*build.records(), build.item("ITEM-ONCE", "当场办结", "immediate"), grant]))
    assert route("ITEM-ONCE", VILLAGE) == [at(VILLAGE, "accept", "decide")]
    state = services.case_submit(application=application("ITEM-ONCE"), actor=AGENT)
    assert (state.status, state.custodian) == ("completed", VILLAGE.node)


@pytest.mark.parametrize("code", [build.CARD, build.ALLOWANCE, build.HOUSE, build.PERMIT])
def test_a_case_goes_the_way_that_was_shown(catalogue, code):
    shown = route_expected(item_get(code), VILLAGE, on=DAY)
    state = services.case_submit(application=application(code), actor=AGENT)
    assert state.custodian == shown[-1].node
    assert (state.accepted_at is not None) == ("accept" in shown[0].powers)


def test_a_case_that_is_decided_is_sent_on_to_be_handed_out(catalogue):
    state = services.case_submit(application=application(build.CARD), actor=AGENT)
    state = services.case_forward(case_id=state.id, actor=AGENT)
    assert state.routing is not None
    assert (state.status, state.custodian, state.routing.power) == ("completed", "core", "deliver")


# What an earlier case left the applicant with

PERMIT = Result(name="公共场所卫生许可证", kind="certificate")


@pytest.fixture
def with_results(db, monkeypatch) -> Item:
    """An item that ends in a certificate, at the county's window."""
    item = build.item("ITEM-LICENCE", "卫生许可", "promised", result=PERMIT)
    release_apply(build.release(parts=[*build.records(), item]))
    build.stand(monkeypatch, HALL)
    return item


def test_a_result_with_a_number_stands_for_a_material_the_next_time(with_results):
    state = decide(reviewed("ITEM-LICENCE"), result_number="潭卫证字〔2026〕1号", at=on("2026-11-12"))
    assert state.status == "completed"
    assert selectors.certificates_of(CITIZEN) == [Certificate(
        number="潭卫证字〔2026〕1号", name="公共场所卫生许可证", issued_on=date(2026, 11, 12),
        case_number=state.number, item_code="ITEM-LICENCE",
    )]  # fmt: skip
    services.result_deliver(case_id=state.id, actor=CLERK, how="electronic", receiver="陈秀英", at=on("2026-11-13"))
    assert [one.number for one in selectors.certificates_of(CITIZEN)] == ["潭卫证字〔2026〕1号"]
    assert selectors.certificates_of("430321197001010017") == []


@pytest.mark.parametrize("more", [
    {"granted": False, "text": "不符合条件", "result_number": "1号"}, {"result_number": ""}, None])  # fmt: skip
def test_a_denial_a_result_without_a_number_and_an_open_case_leave_no_certificate(with_results, more):
    state = reviewed("ITEM-LICENCE")
    if more is not None:
        decide(state, **more)
    assert selectors.certificates_of(CITIZEN) == []


def test_the_newest_certificate_comes_first_and_other_people_have_their_own(with_results):
    other = Party(name="陈大明", id_number="430321197001010017")
    for number, party in (("1号", None), ("2号", other), ("3号", None)):
        more = {"applicant": party} if party else {}
        decide(reviewed("ITEM-LICENCE", **more), result_number=number)
    assert [one.number for one in selectors.certificates_of(CITIZEN)] == ["3号", "1号"]
    assert [one.number for one in selectors.certificates_of(other.id_number)] == ["2号"]


# Days that an item sets itself


@pytest.mark.parametrize(("days", "due"), [(0, date(2026, 11, 23)), (5, date(2026, 11, 9))])
def test_a_notice_names_the_items_day_or_else_the_countys(db, monkeypatch, days, due):
    item = build.item("ITEM-SLOW", "慢", "promised", supplement_days=days)
    release_apply(build.release(parts=[*build.records(), item]))
    build.stand(monkeypatch, HALL)
    state = services.case_submit(
        application=application("ITEM-SLOW", materials={}), actor=CLERK, lacking_allowed=True, at=on("2026-11-02")
    )
    assert state.supplement is not None and state.supplement.due == due
