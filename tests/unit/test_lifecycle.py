"""Every state and every kind of entry: allowed or refused, as one table says it."""

import pytest

from core.domain.cases import lifecycle as s
from core.domain.journal.bodies import COMMUTING
from tests import samples

#: The procedure as the design writes it down, once more and by hand: kind > states it may be written in.
UNDECIDED = {s.DRAFT, s.SUBMITTED, s.AWAITING_SUPPLEMENT, s.ACCEPTED, s.UNDER_REVIEW, s.SUSPENDED}
OPEN = UNDECIDED | {s.DECIDED, s.COMPLETED}
EVERY = set(s.STATES)
MAY: dict[str, set[str]] = {
    "case.opened": set(),
    "material.received": OPEN,
    "material.deferred": {s.DRAFT, s.SUBMITTED},
    "material.pledged": {s.DRAFT, s.SUBMITTED, s.AWAITING_SUPPLEMENT},
    "case.submitted": {s.DRAFT},
    "case.accepted": {s.SUBMITTED},
    "case.refused": {s.SUBMITTED},
    "supplement.requested": {s.SUBMITTED},
    "supplement.received": {s.AWAITING_SUPPLEMENT},
    "case.lapsed": {s.AWAITING_SUPPLEMENT},
    "stage.opened": {s.ACCEPTED, s.UNDER_REVIEW},
    "appointment.set": {s.UNDER_REVIEW},
    "opinion.recorded": {s.UNDER_REVIEW},
    "clock.stopped": {s.ACCEPTED, s.UNDER_REVIEW},
    "clock.resumed": {s.SUSPENDED},
    "extension.requested": {s.ACCEPTED, s.UNDER_REVIEW, s.SUSPENDED},
    "extension.declined": {s.ACCEPTED, s.UNDER_REVIEW, s.SUSPENDED},
    "deadline.extended": {s.ACCEPTED, s.UNDER_REVIEW, s.SUSPENDED},
    "case.decided": {s.ACCEPTED, s.UNDER_REVIEW},
    "case.completed": {s.DECIDED},
    "result.delivered": {s.COMPLETED},
    "case.withdrawn": UNDECIDED,
    "case.terminated": UNDECIDED,
    "case.forwarded": OPEN - {s.DRAFT},
    "custody.taken": OPEN,
    "case.rated": EVERY - {s.DRAFT},
    "rating.followed": EVERY - {s.DRAFT},
    "case.urged": OPEN - {s.DRAFT},
    "note.added": EVERY,
}
CASES = [(kind, state) for kind in sorted(s.RULES) for state in s.STATES]


def test_the_table_knows_every_kind_of_a_case_and_no_other():
    assert set(s.RULES) == set(MAY) == set(samples.CASE_KINDS)


@pytest.mark.parametrize(("kind", "state"), CASES)
def test_an_entry_is_allowed_in_its_states_and_refused_in_all_others(kind, state):
    if state in MAY[kind]:
        s.require_allowed(kind, state)
        return
    with pytest.raises(s.IllegalTransition) as refused:
        s.require_allowed(kind, state)
    assert (refused.value.kind, refused.value.status) == (kind, state)


@pytest.mark.parametrize("kind", sorted(s.RULES))
def test_every_step_a_rule_takes_is_an_arrow_of_the_table(kind):
    rule = s.RULES[kind]
    for state in rule.allowed:
        assert rule.to is None or rule.to in s.TRANSITIONS[state]


@pytest.mark.parametrize(("state", "to"), [(a, b) for a in s.STATES for b in sorted(s.TRANSITIONS[a])])
def test_every_arrow_of_the_table_has_an_entry_that_takes_it(state, to):
    takers = {kind for kind, rule in s.RULES.items() if state in rule.allowed and rule.to == to}
    # The fold keeps the state a clock was stopped in; the rule cannot name it.
    if state == s.SUSPENDED and to in (s.ACCEPTED, s.UNDER_REVIEW):
        takers.add("clock.resumed")
    assert takers


def test_every_state_has_its_arrows_and_every_arrow_ends_in_a_state():
    assert set(s.TRANSITIONS) == set(s.STATES)
    assert frozenset().union(*s.TRANSITIONS.values()) <= set(s.STATES)


def test_a_closed_case_goes_nowhere_and_an_open_one_somewhere():
    assert {state for state, to in s.TRANSITIONS.items() if not to} == s.CLOSED
    assert set(s.STATES) == s.OPEN | s.CLOSED
    assert not s.OPEN & s.CLOSED


def test_every_state_can_be_reached_from_a_draft():
    reached, new = {s.DRAFT}, {s.DRAFT}
    while new:
        new = set().union(*(s.TRANSITIONS[state] for state in new)) - reached
        reached |= new
    assert reached == set(s.STATES)


def test_what_commutes_moves_no_state():
    assert {s.RULES[kind].to for kind in COMMUTING} == {None}
