"""What a case's services refuse: nothing is changed then, nothing journalled. One refusal for each missing arrow."""

from collections.abc import Callable
from dataclasses import replace as replace_actor
from uuid import UUID

import pytest

from core.domain.cases import intake, lifecycle, selectors, services
from core.domain.cases.errors import (
    CaseUnknown,
    FieldInvalid,
    ItemChanged,
    ItemUnavailable,
    NoReview,
    NotCustodian,
    NotDevolved,
    RoleMissing,
    SamePerson,
    StageOpen,
)
from core.domain.cases.identity import InvalidIdentity
from core.domain.cases.lifecycle import IllegalTransition
from core.domain.cases.state import CaseState
from core.domain.catalogue.services import release_apply
from core.domain.journal import bodies as b
from core.domain.journal.bodies import Party
from core.domain.journal.models import Entry
from core.domain.journal.place import NotEnrolled
from tests import place
from tests.domain import build
from tests.domain.acts import HEAD, NOBODY, SUPERVISOR, WAYS, case_in, refused
from tests.domain.build import AGENT, CLERK, REVIEWER, application

pytestmark = pytest.mark.django_db

#: Where the service's first step is another entry: an opinion, or an appointment, opens the first stage.
ALSO = {"opinion.recorded": {lifecycle.ACCEPTED}, "appointment.set": {lifecycle.ACCEPTED}}
MAY = {kind: lifecycle.RULES[kind].allowed | ALSO.get(kind, set()) for kind in WAYS}
MISSING = [(kind, status) for kind in sorted(WAYS) for status in lifecycle.STATES if status not in MAY[kind]]
#: What takes more than the state: the one act of an immediate item; a stage that is a joint one.
SPECIAL = {("case.decided", lifecycle.ACCEPTED), ("appointment.set", lifecycle.ACCEPTED)}
PRESENT = [(kind, status) for kind in sorted(WAYS) for status in lifecycle.STATES
           if status in MAY[kind] and (kind, status) not in SPECIAL]  # fmt: skip


@pytest.fixture
def at_the_county(catalogue, monkeypatch) -> CaseState:
    """A promised case, submitted at the county's own window."""
    build.stand(monkeypatch, place.HALL)
    return services.case_submit(application=application(build.ALLOWANCE), actor=CLERK)


def test_every_kind_of_a_case_is_tried():
    assert set(WAYS) == set(lifecycle.RULES)
    assert len(MISSING) + len(PRESENT) + len(SPECIAL) == len(lifecycle.RULES) * len(lifecycle.STATES)


@pytest.mark.parametrize(("kind", "status"), MISSING)
def test_an_arrow_that_is_not_in_the_table_is_refused(at_the_county, monkeypatch, kind, status):
    way = WAYS[kind]
    state = case_in(at_the_county, status, **way.needs)
    build.stand(monkeypatch, way.where)
    error = refused(lambda: way.call(state.id, way.actor), IllegalTransition)
    assert error == IllegalTransition(kind=kind, status=status)
    assert selectors.case_state(state.id) == state


@pytest.mark.parametrize(("kind", "status"), PRESENT)
def test_an_arrow_of_the_table_is_taken(at_the_county, monkeypatch, kind, status):
    way = WAYS[kind]
    state = case_in(at_the_county, status, **way.needs)
    build.stand(monkeypatch, way.where)
    way.call(state.id, way.actor)
    assert kind in set(Entry.objects.filter(case_id=state.id, at__gt=state.updated_at).values_list("kind", flat=True))
    to = lifecycle.RULES[kind].to
    assert to is None or kind == "case.decided" or selectors.case_state(state.id).status == to


#: Whoever has the case may be somewhere else for these.
ANYWHERE = b.COMMUTING | {"custody.taken"}
#: No role is asked for: a rating is the applicant's, a note anybody's, a step another act's.
ROLELESS = {"case.rated", "note.added", "case.opened", "material.deferred", "material.pledged", "case.submitted",
            "case.completed"}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(WAYS) - ANYWHERE))
def test_whoever_is_not_the_custodian_may_not_move_the_case(at_the_county, monkeypatch, kind):
    build.stand(monkeypatch, place.VILLAGE)
    way = WAYS[kind]
    error = refused(lambda: way.call(at_the_county.id, way.actor), NotCustodian)
    assert error == NotCustodian(number=at_the_county.number, custodian="core")


@pytest.mark.parametrize("kind", sorted(WAYS))
def test_a_case_nobody_knows_is_refused(catalogue, monkeypatch, kind):
    build.stand(monkeypatch, place.HALL)
    refused(lambda: WAYS[kind].call(UUID(int=7), WAYS[kind].actor), CaseUnknown)


@pytest.mark.parametrize("kind", sorted(set(WAYS) - ROLELESS))
def test_an_account_without_a_role_for_it_may_do_nothing(at_the_county, monkeypatch, kind):
    way = WAYS[kind]
    state = case_in(at_the_county, at_the_county.status, **way.needs)
    build.stand(monkeypatch, way.where)
    error = refused(lambda: way.call(state.id, NOBODY), RoleMissing)
    assert isinstance(error, RoleMissing) and error.actor == "nobody"


def test_a_machine_without_a_card_writes_nothing(catalogue, monkeypatch):
    build.stand(monkeypatch, None)
    refused(lambda: services.case_submit(application=application(build.CARD), actor=AGENT), NotEnrolled)


def test_only_the_county_takes_custody(catalogue):
    state = services.case_submit(application=application(build.CARD), actor=AGENT)
    refused(lambda: services.custody_take(case_id=state.id, actor=SUPERVISOR, reason=""), NotCustodian)


def do(kind: str, state: CaseState) -> None:
    WAYS[kind].call(state.id, WAYS[kind].actor)


def submit(code: str = build.CARD, **more: object) -> Callable[[], object]:
    return lambda: services.case_submit(application=application(code, **more), actor=AGENT)


@pytest.mark.parametrize(("party", "error", "reason"), [
    (Party(name="陈秀英", id_number="110105194912310021"), InvalidIdentity, "check"),
    (Party(name="陈秀英", id_number="1101051949"), InvalidIdentity, "length"),
    (Party(name="公司", kind="organisation", id_type="uscc", id_number="911100006000373410"), InvalidIdentity, "check"),
    (Party(name=" ", id_number=build.CITIZEN), FieldInvalid, "required"),
    (Party(name="John", id_type="passport", id_number=" "), FieldInvalid, "required"),
    (Party(name="陈" * 121, id_number=build.CITIZEN), FieldInvalid, "too_long"),
    (Party(name="陈\0", id_number=build.CITIZEN), FieldInvalid, "too_long"),
    (Party(name="John", id_type="passport", id_number="9" * 41), FieldInvalid, "too_long"),
])  # fmt: skip
def test_an_applicant_who_cannot_be_right_is_refused(catalogue, party, error, reason):
    found = refused(submit(applicant=party), error)
    assert getattr(found, "reason", getattr(found, "rule", "")) == reason


def test_the_applicants_number_is_kept_as_registers_write_it(catalogue):
    party = Party(name="陈秀英", id_number=" 110105 19491231 002x")
    state = services.case_submit(application=application(build.CARD, applicant=party), actor=AGENT)
    assert state.applicant.id_number == build.CITIZEN
    assert selectors.case_list(text=build.CITIZEN).get().pk == state.id


@pytest.mark.parametrize(("form", "rule"), [({}, "required"), ({"bank": ""}, "required"), ({"bank": "六二"}, "number")])
def test_a_form_that_breaks_its_rules_is_refused(catalogue, form, rule):
    error = refused(submit(build.ALLOWANCE, form=form), FieldInvalid)
    assert isinstance(error, FieldInvalid)
    assert (error.field, error.label, error.rule) == ("bank", "银行账号", rule)


def test_an_item_withdrawn_since_the_form_was_opened_is_refused(catalogue):
    parts = [one for one in build.records() if one.key not in (build.CARD, "G1")]
    release_apply(build.release(2, parts))
    error = refused(submit(), ItemUnavailable)
    assert isinstance(error, ItemUnavailable) and error.reason == "withdrawn"


def test_a_form_made_for_another_version_of_the_item_is_refused(catalogue):
    error = refused(submit(item_version=9), ItemChanged)
    assert isinstance(error, ItemChanged) and (error.version, error.current) == (9, 1)


def test_a_service_point_without_a_grant_accepts_nothing(catalogue):
    state = intake.case_take_in(application=application(build.PERMIT), actor=AGENT)
    error = refused(lambda: services.case_accept(case_id=state.id, actor=AGENT), NotDevolved)
    assert isinstance(error, NotDevolved)
    assert (error.power, error.reason, error.fallback) == ("accept", "not_devolved", "forward")


def test_a_front_loaded_grant_lets_nobody_decide(catalogue):
    state = intake.case_take_in(application=application(build.ALLOWANCE), actor=AGENT)
    services.case_accept(case_id=state.id, actor=AGENT)
    stranger = replace_actor(HEAD, departments=frozenset())
    error = refused(lambda: services.case_decide(case_id=state.id, actor=stranger, granted=True), NotDevolved)
    assert isinstance(error, NotDevolved) and error.power == "decide"


def test_an_officer_of_another_department_decides_nothing_at_the_county(at_the_county):
    services.case_accept(case_id=at_the_county.id, actor=REVIEWER)
    other = replace_actor(HEAD, departments=frozenset({"11430321DEM0000999"}))
    # The hall of a town that was granted only acceptance has no power of its own either.
    refused(lambda: services.case_decide(case_id=at_the_county.id, actor=other, granted=True), NotDevolved)


def test_a_case_is_not_decided_before_its_last_stage(at_the_county):
    services.case_accept(case_id=at_the_county.id, actor=REVIEWER)
    refused(lambda: do("case.decided", at_the_county), NoReview)
    do("opinion.recorded", at_the_county)
    refused(lambda: do("case.decided", at_the_county), NoReview)


def test_a_stage_does_not_open_while_one_waits_nor_after_the_last(at_the_county):
    services.case_accept(case_id=at_the_county.id, actor=REVIEWER)
    do("stage.opened", at_the_county)
    refused(lambda: do("stage.opened", at_the_county), StageOpen)
    for _ in range(2):
        do("opinion.recorded", at_the_county)
    refused(lambda: do("stage.opened", at_the_county), NoReview)


def test_an_opinion_of_a_department_the_stage_does_not_ask_is_refused(at_the_county):
    services.case_accept(case_id=at_the_county.id, actor=REVIEWER)
    call = lambda: services.opinion_record(  # noqa: E731
        case_id=at_the_county.id, actor=REVIEWER, verdict="pass", department="11430321DEM0000999"
    )
    refused(call, StageOpen)


def test_whoever_reviewed_does_not_decide(at_the_county):
    services.case_accept(case_id=at_the_county.id, actor=REVIEWER)
    both = replace_actor(HEAD, roles=frozenset({"reviewer", "approver"}))
    for _ in range(2):
        services.opinion_record(case_id=at_the_county.id, actor=both, verdict="pass")
    error = refused(lambda: services.case_decide(case_id=at_the_county.id, actor=both, granted=True), SamePerson)
    assert isinstance(error, SamePerson) and error.actor == "head1"
