"""The main line of a case, from the village's counter to the result in the applicant's hand."""

from dataclasses import replace

import pytest

from core.domain.cases import models, selectors, services
from core.domain.cases.errors import MaterialsMissing, NoReview, NotCustodian, ReceiverUnproven, SamePerson
from core.domain.journal.models import Entry, OutboxItem
from tests import place
from tests.domain import build
from tests.domain.build import AGENT, APPROVER, REVIEWER, application

pytestmark = pytest.mark.django_db


def kinds(case_id):
    return [entry.kind for entry in selectors.case_timeline(case_id)]


def test_an_immediate_devolved_item_is_finished_in_one_act_at_the_village(catalogue):
    state = services.case_submit(application=application(build.CARD), actor=AGENT)
    assert state.status == "completed"
    assert state.custodian == place.VILLAGE.node
    assert kinds(state.id) == [
        "case.opened", "material.received", "case.submitted", "case.accepted", "case.decided", "case.completed"
    ]  # fmt: skip
    delivered = services.result_deliver(
        case_id=state.id, actor=AGENT, how="window", receiver="陈秀英", receiver_id=build.CITIZEN
    )
    assert delivered.status == "delivered"
    assert OutboxItem.objects.filter(audience="core").count() == 7


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ({"receiver": " "}, "name"),
        ({"receiver": "陈秀英"}, "id_number"),
        ({"receiver": "路人甲", "receiver_id": "430321199001011234"}, "authorisation"),
        ({"receiver": "陈秀英", "how": "mail"}, "tracking"),
        ({"receiver": "陈秀英", "how": "locker"}, "tracking"),
    ],
)
def test_a_result_is_not_handed_out_to_somebody_unproven(catalogue, shown, reason):
    state = services.case_submit(application=application(build.CARD), actor=AGENT)
    before = Entry.objects.count()
    with pytest.raises(ReceiverUnproven) as refusal:
        services.result_deliver(**{"case_id": state.id, "actor": AGENT, "how": "window", **shown})
    assert refusal.value.reason == reason
    assert selectors.case_state(state.id).status == "completed"
    assert Entry.objects.count() == before


def test_somebody_with_an_authorisation_may_receive_the_result(catalogue):
    state = services.case_submit(application=application(build.CARD), actor=AGENT)
    delivered = services.result_deliver(
        case_id=state.id, actor=AGENT, how="window", receiver="陈小妹", receiver_id="430321199001011234",
        authorisation="委托书",
    )  # fmt: skip
    assert delivered.delivery is not None and delivered.delivery.authorisation == "委托书"


def test_a_front_loaded_item_is_accepted_at_the_village_and_goes_to_the_county(catalogue):
    state = services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    assert (state.status, state.custodian) == ("accepted", "core")
    assert state.routing is not None and state.routing.power == "review"
    with pytest.raises(NotCustodian):
        services.opinion_record(case_id=state.id, actor=REVIEWER, verdict="pass")


def test_an_item_the_town_decides_goes_to_the_linked_town(catalogue):
    state = services.case_submit(application=application(build.HOUSE), actor=AGENT)
    assert (state.status, state.custodian) == ("accepted", place.TOWN.node)
    # The town hears the whole case, and so does the county.
    assert OutboxItem.objects.filter(audience=place.TOWN.node).count() == 5
    assert OutboxItem.objects.filter(audience="core").count() == 5


def test_an_item_that_is_not_devolved_is_taken_in_and_forwarded_without_acceptance(catalogue):
    state = services.case_submit(application=application(build.PERMIT), actor=AGENT)
    assert (state.status, state.custodian, state.accepted_at) == ("submitted", "core", None)


def test_a_missing_required_material_is_refused_and_nothing_is_journalled(catalogue):
    with pytest.raises(MaterialsMissing) as refusal:
        services.case_submit(application=application(build.CARD, materials={}), actor=AGENT)
    assert refusal.value.materials == ("身份证",)
    assert Entry.objects.count() == models.Case.objects.count() == models.SerialCounter.objects.count() == 0


def test_the_county_reviews_and_another_person_decides_and_custody_goes_back(catalogue, monkeypatch):
    build.stand(monkeypatch, place.HALL)
    state = services.case_submit(application=application(build.ALLOWANCE), actor=build.CLERK)
    assert (state.status, state.custodian) == ("submitted", "core")
    services.case_accept(case_id=state.id, actor=REVIEWER)
    with pytest.raises(NoReview):
        services.case_decide(case_id=state.id, actor=APPROVER, granted=True)
    services.opinion_record(case_id=state.id, actor=REVIEWER, verdict="pass")
    state = services.opinion_record(case_id=state.id, actor=APPROVER, verdict="pass")
    assert [stage.code for stage in state.stages] == ["S1", "S2"]
    with pytest.raises(SamePerson):
        services.case_decide(case_id=state.id, actor=APPROVER, granted=True)
    decider = replace(APPROVER, code="app2")
    state = services.case_decide(case_id=state.id, actor=decider, granted=True, result_number="潭民〔2026〕1号")
    assert (state.status, state.custodian) == ("completed", "core")
    assert state.decision is not None and state.decision.by == "app2"
