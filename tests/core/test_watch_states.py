"""The state of a service point: one table, the worst that holds counts."""

import pytest

from core.county.watch.limits import Limits
from core.county.watch.states import (
    BY_URGENCY,
    DUE,
    FINE,
    HELD,
    NEVER,
    ONLINE,
    REVOKED,
    RULES,
    SILENT,
    STALE,
    WAITING,
    NodeFigures,
    contact_of,
    state_of,
)

LIMITS = Limits(stale_s=900, silent_s=86_400, waiting_s=3_600)
#: One machine in each state with everything below it wrong too.
WORST = {
    REVOKED: NodeFigures(revoked=True, quiet_s=None, due_soon=1, held=1, waits_s=9_999),
    NEVER: NodeFigures(quiet_s=None, due_soon=1, held=1, waits_s=9_999),
    DUE: NodeFigures(quiet_s=90_000, due_soon=1, held=1, waits_s=9_999),
    HELD: NodeFigures(quiet_s=90_000, held=1, waits_s=9_999),
    SILENT: NodeFigures(quiet_s=86_400, waits_s=9_999),
    STALE: NodeFigures(quiet_s=86_399, waits_s=9_999),
    WAITING: NodeFigures(quiet_s=899, waits_s=3_600),
    FINE: NodeFigures(quiet_s=899, waits_s=3_599),
}


@pytest.mark.parametrize("state", WORST)
def test_the_worst_that_holds_is_the_state(state):
    assert state_of(WORST[state], LIMITS) == state


def test_a_point_without_a_machine_was_never_heard_of():
    assert state_of(NodeFigures(enrolled=False, quiet_s=None), LIMITS) == NEVER


def test_every_state_has_one_rule_and_one_place_in_the_order_of_urgency():
    assert [state for state, _holds in RULES] == list(WORST)
    assert sorted(BY_URGENCY) == sorted(WORST)


@pytest.mark.parametrize(
    ("quiet_s", "contact"),
    [(None, NEVER), (0, ONLINE), (899, ONLINE), (900, STALE), (86_399, STALE), (86_400, SILENT)],
)
def test_contact_is_told_by_the_seconds_since_the_last_word(quiet_s, contact):
    assert contact_of(quiet_s, LIMITS) == contact
