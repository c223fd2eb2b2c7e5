"""What a case's services refuse: nothing is changed then, nothing journalled. One refusal for each missing arrow."""

from collections.abc import Callable
from dataclasses import replace as replace_actor
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from core.domain.cases import intake, lifecycle, models, selectors, services
from core.domain.cases.errors import (
    CaseRefusal,
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
from core.domain.cases.writing import states_write
from core.domain.catalogue.services import release_apply
from core.domain.journal.bodies import Party
from core.domain.journal.models import Entry, OutboxItem
from core.domain.journal.place import NotEnrolled
from core.domain.staff.actors import Actor
from tests import place
from tests.domain import build
from tests.domain.build import AGENT, APPROVER, CLERK, REVIEWER, application

pytestmark = pytest.mark.django_db

SUPERVISOR = Actor(code="sup1", name="监察员", roles=frozenset({"supervisor"}))
HEAD = replace_actor(APPROVER, code="head1")

#: The services that move a case, by the entry each writes first.
ACTS: dict[str, Callable[[UUID], CaseState]] = {
    "case.accepted": lambda key: services.case_accept(case_id=key, actor=REVIEWER),
    "case.refused": lambda key: services.case_refuse(case_id=key, actor=REVIEWER, reason="不属于本机关职权"),
    "supplement.requested": lambda key: services.supplement_request(case_id=key, actor=REVIEWER, lacking=("照片",)),
    "supplement.received": lambda key: services.supplement_receive(case_id=key, actor=REVIEWER),
    "stage.opened": lambda key: services.stage_open_next(case_id=key, actor=REVIEWER),
    "opinion.recorded": lambda key: services.opinion_record(case_id=key, actor=REVIEWER, verdict="pass"),
    "case.decided": lambda key: services.case_decide(case_id=key, actor=HEAD, granted=True),
    "result.delivered": lambda key: services.result_deliver(case_id=key, actor=CLERK, how="window", receiver="陈秀英"),
    "case.withdrawn": lambda key: services.case_withdraw(case_id=key, actor=CLERK, reason="撤回"),
    "case.terminated": lambda key: services.case_terminate(case_id=key, actor=HEAD, reason="终止"),
    "custody.taken": lambda key: services.custody_take(case_id=key, actor=SUPERVISOR, reason="设备丢失"),
    "material.received": lambda key: services.material_receive(
        case_id=key, actor=CLERK, material="M01", how="original"),
}  # fmt: skip
#: Where the service's first step is another entry: an opinion opens the first stage of an accepted case.
ALSO = {"opinion.recorded": {lifecycle.ACCEPTED}}
MISSING = [
    (kind, status) for kind in ACTS for status in lifecycle.STATES
    if status not in lifecycle.RULES[kind].allowed | ALSO.get(kind, set())
]  # fmt: skip


def everything() -> tuple[list[Any], ...]:
    """All that an act could have changed."""
    tables = (models.Case, models.SerialCounter, models.ParkedEntry, models.Flag, models.DraftIntake, Entry, OutboxItem)
    return tuple(list(table.objects.order_by("pk").values()) for table in tables)


def refused(call: Callable[[], object], *errors: type[Exception]) -> Exception:
    before = everything()
    with pytest.raises(errors) as refusal:
        call()
    assert everything() == before
    return refusal.value


@pytest.fixture
def at_the_county(catalogue, monkeypatch) -> CaseState:
    """A promised case, submitted at the county's own window."""
    build.stand(monkeypatch, place.HALL)
    return services.case_submit(application=application(build.ALLOWANCE), actor=CLERK)


def case_in(state: CaseState, status: str) -> CaseState:
    """The case as if it stood in this status."""
    changed = replace(state, status=status)
    states_write([changed])
    return changed


@pytest.mark.parametrize(("kind", "status"), MISSING)
def test_an_arrow_that_is_not_in_the_table_is_refused(at_the_county, kind, status):
    state = case_in(at_the_county, status)
    error = refused(lambda: ACTS[kind](state.id), IllegalTransition, CaseRefusal)
    if isinstance(error, IllegalTransition):
        assert error.status == status
    else:
        # A promised case without its stages is refused before the table is asked.
        assert isinstance(error, NoReview)
    assert selectors.case_state(state.id) == state


ONES_OWN = sorted(set(ACTS) - {"custody.taken", "material.received"})


@pytest.mark.parametrize("kind", ONES_OWN)
def test_whoever_is_not_the_custodian_may_not_move_the_case(at_the_county, monkeypatch, kind):
    build.stand(monkeypatch, place.VILLAGE)
    error = refused(lambda: ACTS[kind](at_the_county.id), NotCustodian)
    assert isinstance(error, NotCustodian)
    assert (error.number, error.custodian) == (at_the_county.number, "core")


@pytest.mark.parametrize("kind", sorted(ACTS))
def test_a_case_nobody_knows_is_refused(catalogue, monkeypatch, kind):
    build.stand(monkeypatch, place.HALL)
    refused(lambda: ACTS[kind](UUID(int=7)), CaseUnknown)


@pytest.mark.parametrize("kind", sorted(ACTS))
def test_an_account_without_a_role_for_it_may_do_nothing(at_the_county, monkeypatch, kind):
    nobody = Actor(code="nobody", name="")
    for actor in ("AGENT", "CLERK", "REVIEWER", "HEAD", "SUPERVISOR"):
        monkeypatch.setitem(globals(), actor, nobody)
    error = refused(lambda: ACTS[kind](at_the_county.id), RoleMissing)
    assert isinstance(error, RoleMissing) and error.actor == "nobody"


def test_a_machine_without_a_card_writes_nothing(catalogue, monkeypatch):
    build.stand(monkeypatch, None)
    refused(lambda: services.case_submit(application=application(build.CARD), actor=AGENT), NotEnrolled)


def test_only_the_county_takes_custody(catalogue):
    state = services.case_submit(application=application(build.CARD), actor=AGENT)
    refused(lambda: services.custody_take(case_id=state.id, actor=SUPERVISOR, reason=""), NotCustodian)


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
    refused(lambda: ACTS["case.decided"](at_the_county.id), NoReview)
    ACTS["opinion.recorded"](at_the_county.id)
    refused(lambda: ACTS["case.decided"](at_the_county.id), NoReview)


def test_a_stage_does_not_open_while_one_waits_nor_after_the_last(at_the_county):
    services.case_accept(case_id=at_the_county.id, actor=REVIEWER)
    ACTS["stage.opened"](at_the_county.id)
    refused(lambda: ACTS["stage.opened"](at_the_county.id), StageOpen)
    for _ in range(2):
        ACTS["opinion.recorded"](at_the_county.id)
    refused(lambda: ACTS["stage.opened"](at_the_county.id), NoReview)


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
