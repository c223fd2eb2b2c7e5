"""merge: copies that have the same entries are the same bytes, however the entries came."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.domain.cases.merge import (
    CONFLICT,
    ILLEGAL,
    NOT_A_CASE,
    NOT_CUSTODIAN,
    UNKNOWN_CASE,
    Merged,
    merge,
    replay,
)
from core.domain.cases.state import state_bytes
from core.domain.journal import bodies as b
from core.domain.journal.format import Entry
from tests import samples
from tests.machines import Copy
from tests.samples import BODIES, CORE, TOWN, VILLAGE, entry

MOVES = sorted(samples.CASE_KINDS - {"case.opened", "case.forwarded", "custody.taken"})
act = st.tuples(
    st.sampled_from([VILLAGE, TOWN, CORE]),
    st.sampled_from([*MOVES, "case.opened", "forward:village", "forward:town", "forward:core", "custody.taken"]),
    st.integers(min_value=-1, max_value=2),
)


def history(acts: Sequence[tuple[str, str, int]]) -> list[Entry]:
    """Entries as three machines would write them, each by what it believes: legal or not, custodian or not.

    A slip other than 0 makes a writer believe in a rev behind or ahead. A custodian itself writes each rev once.
    """
    entries = [entry(1, BODIES["case.opened"], rev=1)]
    state = replay(entries).state
    assert state is not None
    for number, (author, kind, slip) in enumerate(acts, 2):
        custodian = author == state.custodian or (kind == "custody.taken" and author == CORE)
        if kind.startswith("forward:"):
            to = {"village": VILLAGE, "town": TOWN, "core": CORE}[kind.partition(":")[2]]
            body: b.Body = b.CaseForwarded(to=to, power="review")
        else:
            body = BODIES[kind]
        # Rev 1 is the opener's: a case id is random and known to nobody before its opening is.
        rev = 0 if b.kind_of(body) in b.COMMUTING else max(2, state.rev + 1 + (0 if custodian else slip))
        one = entry(number, body, rev=rev, author=author)
        entries.append(one)
        if custodian:
            merged = merge(state, [one])
            assert merged.state is not None
            state = merged.state
    return entries


def lost_node(entries: list[Entry], taken_at: int) -> list[Entry]:
    """The county takes the case at a rev its custodian may have passed already, and goes on with it."""
    taken = entry(500, b.CustodyTaken(from_node=VILLAGE, reason="lost"), rev=taken_at, author=CORE)
    after = entry(501, b.CaseTerminated(reason="lost"), rev=taken_at + 1, author=CORE)
    return [*entries, taken, after]


def deliver(entries: Sequence[Entry], seed: int) -> Copy:
    """Each author's entries in their order, the streams mixed, duplicated and cut into batches at random."""
    random = Random(seed)
    streams = {author: [one for one in entries if one.author == author] for author in (VILLAGE, TOWN, CORE)}
    copy, sent = Copy(), []
    while any(streams.values()):
        batch = []
        for _ in range(random.randint(1, 6)):
            stream = random.choice([one for one in streams.values() if one] or [[]])
            if stream:
                batch.append(stream.pop(0))
        sent += batch
        batch += random.sample(sent, min(len(sent), random.randint(0, 3)))
        copy.read(batch)
    return copy


@settings(max_examples=300, deadline=None)
@given(st.lists(act, max_size=25), st.integers(), st.integers())
@example([(TOWN, "case.decided", -1)], 1, 2)
def test_copies_agree_however_the_streams_were_mixed_and_cut(acts, one, two):
    entries = history(acts)
    whole = replay(entries)
    assert whole.state is not None
    assert deliver(entries, one).wire == deliver(entries, two).wire == state_bytes(whole.state)


@settings(max_examples=300, deadline=None)
@given(st.lists(act, max_size=20), st.integers(min_value=2, max_value=12), st.integers(), st.integers())
def test_copies_agree_on_a_case_the_county_took_from_a_lost_node(acts, taken_at, one, two):
    entries = lost_node([e for e in history(acts) if e.author == VILLAGE], taken_at)
    whole = replay(entries)
    assert whole.state is not None
    assert deliver(entries, one).wire == deliver(entries, two).wire == state_bytes(whole.state)


@settings(max_examples=200, deadline=None)
@given(st.lists(act, max_size=20), st.randoms(use_true_random=False))
def test_every_entry_ends_in_exactly_one_place(acts, random):
    entries = history(acts)
    random.shuffle(entries)
    merged = replay(entries)
    places = [e.id for e in merged.applied] + [e.id for e in merged.parked] + [e.id for e, _ in merged.refused]
    assert sorted(places) == sorted(e.id for e in entries)
    assert {e.id for e, _ in merged.flagged} <= {e.id for e in merged.applied}


def accepted() -> list[Entry]:
    kinds = ("case.opened", "case.submitted", "case.accepted")
    return [entry(rev, BODIES[kind], rev=rev) for rev, kind in enumerate(kinds, 1)]


def wires(*orders: Sequence[Entry]) -> set[bytes]:
    """The bytes of copies that read one entry after the other, in these orders."""
    found = set()
    for order in orders:
        copy = Copy()
        for one in order:
            copy.read([one])
        found.add(copy.wire)
    return found


def test_the_countys_takeover_wins_over_what_the_lost_node_wrote_whichever_comes_first():
    begun = accepted()
    lost = [entry(4, BODIES["stage.opened"], rev=4), entry(5, BODIES["opinion.recorded"], rev=5)]
    county = [
        entry(6, b.CustodyTaken(from_node=VILLAGE, reason=""), rev=4, author=CORE),
        entry(7, BODIES["case.terminated"], rev=5, author=CORE),
    ]
    assert len(wires([*begun, *lost, *county], [*begun, *county, *lost], [*county, *begun, *lost])) == 1
    merged = replay([*begun, *lost, *county])
    assert merged.state is not None
    assert (merged.state.status, merged.state.custodian, merged.state.rev) == ("terminated", CORE, 5)
    assert {e.id for e, _ in merged.refused} == {e.id for e in lost}


def test_only_the_county_takes_custody():
    merged = merge(None, [*accepted(), entry(9, BODIES["custody.taken"], rev=4, author=TOWN)])
    assert merged.state is not None and merged.state.custodian == VILLAGE
    assert [reason for _, reason in merged.refused] == [NOT_CUSTODIAN]


def test_an_entry_ahead_of_its_predecessor_waits_and_then_counts():
    first, second, third = accepted()
    early = merge(None, [third, first])
    assert early.state is not None and (early.state.rev, early.parked) == (1, [third])
    whole = merge(early.state, [third, second])
    assert whole.state is not None and (whole.state.status, whole.parked) == ("accepted", [])


def test_a_note_on_a_case_not_opened_yet_waits():
    note = entry(2, BODIES["note.added"], rev=0, author=CORE)
    assert merge(None, [note]).parked == [note]
    state = merge(None, [note, *accepted()]).state
    assert state is not None and [one.text for one in state.notes.values()] == ["电话已通知"]


def refusal_of(merged: Merged) -> list[str]:
    return [reason for _, reason in merged.refused]


def test_whoever_is_not_the_custodian_changes_nothing():
    state = merge(None, accepted()).state
    merged = merge(state, [entry(9, BODIES["case.terminated"], rev=4, author=TOWN)])
    assert (merged.state, refusal_of(merged)) == (state, [NOT_CUSTODIAN])


def test_a_rev_that_is_taken_is_a_conflict():
    state = merge(None, accepted()).state
    merged = merge(state, [entry(9, BODIES["case.refused"], rev=3)])
    assert (merged.state, refusal_of(merged)) == (state, [CONFLICT])


def test_a_first_entry_that_opens_nothing_is_of_an_unknown_case():
    merged = merge(None, [entry(9, BODIES["case.submitted"], rev=1)])
    assert (merged.state, refusal_of(merged)) == (None, [UNKNOWN_CASE])


def test_an_act_outside_the_procedure_counts_and_is_flagged():
    merged = merge(merge(None, accepted()).state, [entry(9, BODIES["result.delivered"], rev=4)])
    assert merged.state is not None and merged.state.status == "delivered"
    assert [reason for _, reason in merged.flagged] == [ILLEGAL]


def ended() -> list[Entry]:
    return [*accepted(), entry(20, BODIES["case.terminated"], rev=4)]


def test_a_material_of_a_case_that_has_ended_since_is_in_order_and_one_handed_in_later_is_flagged():
    before, after = entry(19, BODIES["material.received"], rev=0), entry(21, BODIES["material.received"], rev=0)
    for batches in ([[*ended(), before, after]], [ended(), [after, before]], [[before, after], ended()]):
        copy, flagged = None, []
        parked: list[Entry] = []
        for batch in batches:
            merged = merge(copy, [*parked, *batch])
            copy, parked = merged.state, merged.parked
            flagged += merged.flagged
        assert flagged == [(after, ILLEGAL)]
        assert copy is not None and len(copy.materials["M01"]) == 2


@pytest.mark.parametrize("kind", sorted(samples.CASE_KINDS - b.COMMUTING))
def test_rev_0_smuggles_no_act_past_the_custodian(kind):
    state = merge(None, accepted()).state
    merged = merge(state, [entry(9, BODIES[kind], rev=0, author=TOWN)])
    assert (merged.state, refusal_of(merged)) == (state, [NOT_A_CASE])


@pytest.mark.parametrize("kind", sorted(b.COMMUTING))
def test_what_commutes_takes_no_rev(kind):
    state = merge(None, accepted()).state
    merged = merge(state, [entry(9, BODIES[kind], rev=4)])
    assert (merged.state, refusal_of(merged)) == (state, [NOT_A_CASE])


@pytest.mark.parametrize("kind", sorted(samples.NODE_KINDS))
def test_what_is_about_a_node_is_about_no_case(kind):
    merged = merge(None, [entry(9, BODIES[kind], rev=0), entry(10, BODIES[kind], rev=1)])
    assert (merged.state, refusal_of(merged)) == (None, [NOT_A_CASE, NOT_A_CASE])


def test_of_two_entries_of_a_cloned_custodian_the_one_read_first_stands_whatever_id_it_claims():
    first, backdated = entry(50, BODIES["stage.opened"], rev=4), entry(4, BODIES["case.terminated"], rev=4)
    together = merge(None, [*accepted(), first, backdated])
    apart = merge(merge(None, [*accepted(), first]).state, [backdated])
    parked = Copy()
    for one in (first, backdated, *accepted()):
        parked.read([one])
    assert together.state == apart.state == parked.state
    assert together.state is not None and together.state.status == "under_review"
    assert [e.id for e, _ in together.refused] == [backdated.id]
    # And a replay does not bring the refused one back.
    again = replay([*accepted(), backdated, first], refused={backdated.id})
    assert again.state == together.state


def test_what_a_lost_node_wrote_does_not_come_back_when_the_county_gives_it_the_case_again():
    lost = [entry(4, BODIES["stage.opened"], rev=4), entry(5, BODIES["opinion.recorded"], rev=5),
            entry(6, BODIES["case.decided"], rev=6)]  # fmt: skip
    county = [entry(10, BODIES["custody.taken"], rev=4, author=CORE),
              entry(11, b.CaseForwarded(to=VILLAGE, power="review"), rev=5, author=CORE)]  # fmt: skip
    after = entry(12, BODIES["stage.opened"], rev=6)
    orders = ([*accepted(), *lost, *county, after], [*accepted(), *county, *lost, after])
    assert len(wires(*orders)) == 1
    whole = replay(orders[0])
    assert whole.state is not None and (whole.state.rev, whole.state.status) == (6, "under_review")
    assert {one.id for one, _ in whole.refused} == {one.id for one in lost}
