"""fold: what each entry makes of a case."""

import pytest
from msgspec.structs import replace

from core.domain.cases import lifecycle as s
from core.domain.cases.fold import fold
from core.domain.cases.state import CaseState, state_bytes, state_decode, state_hash
from core.domain.journal import bodies as b
from tests import samples
from tests.samples import CORE, TOWN, VILLAGE, entry


def opened() -> CaseState:
    return fold(None, entry(1, samples.BODIES["case.opened"], rev=1))


def at(status: str, **more) -> CaseState:
    return replace(opened(), status=status, **more)


def test_a_case_begins_with_its_opening_at_the_counter_that_wrote_it():
    state = opened()
    assert (state.status, state.rev, state.custodian, state.opened_by) == ("draft", 1, VILLAGE, VILLAGE)
    assert (state.number, state.clerk, state.release) == (samples.NUMBER, "agent1", 1)
    assert state.parties == frozenset({VILLAGE})
    assert state.opened_at == state.updated_at == entry(1, b.CaseSubmitted(), rev=1).at


@pytest.mark.parametrize("kind", sorted(samples.CASE_KINDS - {"case.opened"}))
def test_nothing_but_an_opening_opens_a_case(kind):
    with pytest.raises(ValueError, match="cannot open a case"):
        fold(None, samples.sample(kind))


@pytest.mark.parametrize("kind", sorted(samples.CASE_KINDS - {"case.opened", "clock.resumed"}))
def test_an_entry_leads_where_its_rule_says(kind):
    rule = s.RULES[kind]
    for status in rule.allowed:
        state = fold(at(status), samples.sample(kind, 2))
        assert state.status == (rule.to or status)
        assert state.rev == (1 if kind in b.COMMUTING else 2)


@pytest.mark.parametrize("status", [s.ACCEPTED, s.UNDER_REVIEW])
def test_a_resumed_clock_leads_back_to_where_it_was_stopped(status):
    stopped = fold(at(status), entry(2, b.ClockStopped(procedure="hearing"), rev=2))
    assert (stopped.status, stopped.resume_to, stopped.stops[0].to_at) == (s.SUSPENDED, status, None)
    resumed = fold(stopped, entry(3, b.ClockResumed(), rev=3))
    assert (resumed.status, resumed.resume_to) == (status, "")
    assert resumed.stops[0].to_at == entry(3, b.ClockResumed(), rev=3).at


def test_forwarding_gives_custody_away_and_makes_a_party_of_the_receiver():
    state = fold(at(s.ACCEPTED), entry(2, b.CaseForwarded(to=TOWN, power="review"), rev=2))
    assert (state.custodian, state.parties) == (TOWN, frozenset({VILLAGE, TOWN}))
    assert state.routing is not None and (state.routing.to, state.routing.power) == (TOWN, "review")


def test_the_county_takes_custody_without_the_lost_node():
    state = fold(at(s.ACCEPTED), entry(2, b.CustodyTaken(from_node=VILLAGE, reason=""), rev=2, author=CORE))
    assert (state.custodian, state.status, state.parties) == (CORE, s.ACCEPTED, frozenset({VILLAGE, CORE}))


def test_an_answered_notice_hands_the_application_in_anew():
    asked = fold(at(s.SUBMITTED), entry(2, samples.BODIES["supplement.requested"], rev=2))
    answer = entry(3, b.SupplementReceived(), rev=3)
    state = fold(asked, answer)
    assert (state.status, state.submitted_at) == (s.SUBMITTED, answer.at)
    assert state.supplement is not None
    assert (state.supplement.lacking, state.supplement.answered_at) == (("M02", "M03"), answer.at)


def test_a_second_opinion_of_a_department_replaces_its_first_in_the_stage_it_names():
    state = fold(at(s.ACCEPTED), entry(2, b.StageOpened(stage="S1", name="", departments=("D",)), rev=2))
    state = fold(state, entry(3, b.OpinionRecorded(stage="S1", department="D", verdict="return"), rev=3))
    state = fold(state, entry(4, b.StageOpened(stage="S2", name="", departments=("D",)), rev=4))
    state = fold(state, entry(5, b.OpinionRecorded(stage="S1", department="D", verdict="pass"), rev=5))
    assert [stage.opinions["D"].verdict for stage in state.stages if stage.opinions] == ["pass"]
    assert state.stage is not None and state.stage.code == "S2"


def test_an_opinion_on_a_stage_nobody_opened_changes_no_stage():
    state = fold(at(s.UNDER_REVIEW), entry(2, b.OpinionRecorded(stage="S9", department="D", verdict="pass"), rev=2))
    assert (state.stages, state.rev) == ((), 2)


def test_a_second_opening_takes_its_rev_and_says_nothing():
    decided = at(s.DECIDED)
    state = fold(decided, entry(2, samples.BODIES["case.opened"], rev=2))
    assert replace(state, rev=1, updated_at=decided.updated_at) == decided


def test_an_act_outside_the_procedure_is_written_down_all_the_same():
    assert fold(at(s.DELIVERED), entry(2, b.CaseAccepted(
        legal=b.LimitValue(value=1, unit="working_day"), promised=b.LimitValue(value=1, unit="working_day")
    ), rev=2)).status == s.ACCEPTED  # fmt: skip


def test_time_in_a_case_never_goes_back():
    state = opened()
    early = replace(entry(2, b.NoteAdded(text="x"), rev=0), at=5)
    assert fold(state, early).updated_at == state.updated_at


def test_folding_changes_the_state_it_was_given_in_nothing():
    before = opened()
    kept = state_bytes(before)
    for kind in samples.CASE_KINDS:
        fold(before, samples.sample(kind, 2))
    assert state_bytes(before) == kept


def test_a_state_comes_back_from_its_bytes_as_it_was():
    state = opened()
    for one in samples.full_life()[1:]:
        state = fold(state, one)
    assert state_decode(state_bytes(state)) == state
    assert len(state_hash(state_bytes(state))) == 32
