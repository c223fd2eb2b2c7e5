"""Entries from other machines become rows: all kept, each counted once, what is wrong with one said of that one."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.domain.cases import models, selectors
from core.domain.cases.bulk import entries_apply
from core.domain.cases.merge import replay
from core.domain.cases.state import state_bytes, state_hash
from core.domain.journal import bodies as b
from core.domain.journal.format import Entry
from core.domain.journal.models import Attachment
from core.domain.journal.models import Entry as EntryRow
from tests import samples
from tests.domain.remote import Reader
from tests.samples import BODIES, CASE, CORE, TOWN, VILLAGE, entry

pytestmark = pytest.mark.django_db


def opened() -> list[Entry]:
    kinds = ("case.opened", "case.submitted", "case.accepted")
    return [entry(rev, BODIES[kind], rev=rev) for rev, kind in enumerate(kinds, 1)]


def flags() -> dict[UUID, tuple[str, bool]]:
    return {flag.entry_id: (flag.reason, flag.applied) for flag in models.Flag.objects.all()}


def test_a_whole_life_in_one_batch_is_the_row_its_fold_says():
    life = samples.full_life()
    done = entries_apply(life)
    state = replay(life).state
    assert state is not None
    row = models.Case.objects.get()
    wire = state_bytes(state)
    assert (bytes(row.state), bytes(row.state_hash)) == (wire, state_hash(wire))
    assert (row.status, row.rev, row.custodian, row.is_open) == ("delivered", 15, VILLAGE, False)
    assert (row.number, row.applicant_name, row.applicant_id) == (samples.NUMBER, "陈秀英", "11010519491231002X")
    assert (len(done.entries), done.flags, EntryRow.objects.count()) == (18, [], 18)
    assert list(selectors.hashes()) == [(str(CASE), state_hash(wire).hex())]


def test_one_entry_at_a_time_reaches_the_same_bytes_as_all_at_once():
    life = samples.full_life()
    for one in life:
        entries_apply([one])
    state = replay(life).state
    assert state is not None
    assert bytes(models.Case.objects.get().state) == state_bytes(state)
    assert models.ParkedEntry.objects.count() == 0


def test_entries_that_are_known_change_nothing():
    entries_apply(opened())
    before = models.Case.objects.values().get()
    done = entries_apply([*opened(), *opened()])
    assert (done.entries, done.states, done.flags) == ([], [], [])
    assert (models.Case.objects.values().get(), EntryRow.objects.count()) == (before, 3)


def test_a_scan_is_in_transit_until_its_bytes_are_here():
    entries_apply([*opened(), entry(4, BODIES["material.received"], rev=0)])
    scan = Attachment.objects.get()
    assert (bytes(scan.sealed_sha256), scan.case_id, scan.author, scan.present) == (
        bytes(range(32)),
        CASE,
        VILLAGE,
        False,
    )


def test_an_entry_whose_predecessor_comes_in_another_stream_waits_for_it(tmp_path):
    reader = Reader(tmp_path)
    village, town = reader.remote(VILLAGE), reader.remote(TOWN)
    town.write(entry(6, BODIES["stage.opened"], rev=5, author=TOWN), entry(7, BODIES["note.added"], rev=0, author=TOWN))
    assert reader.read(town).entries == 2
    assert (models.Case.objects.count(), models.ParkedEntry.objects.count(), EntryRow.objects.count()) == (0, 2, 2)
    village.write(*opened(), entry(4, b.CaseForwarded(to=TOWN, power="review"), rev=4))
    reader.read(village)
    state = selectors.case_state(CASE)
    assert (state.status, state.rev, state.custodian, len(state.notes)) == ("under_review", 5, TOWN, 1)
    assert (models.ParkedEntry.objects.count(), flags()) == (0, {})


def test_whoever_is_not_the_custodian_is_kept_and_flagged_and_changes_nothing():
    entries_apply(opened())
    before = bytes(models.Case.objects.get().state)
    intruder = entry(9, BODIES["case.terminated"], rev=4, author=TOWN)
    done = entries_apply([intruder])
    assert bytes(models.Case.objects.get().state) == before
    assert [(e.id, reason) for e, reason in done.flags] == [(intruder.id, "not_custodian")]
    assert flags() == {intruder.id: ("not_custodian", False)}
    assert EntryRow.objects.filter(pk=intruder.id).exists()
    assert intruder.id not in {one.id for one in selectors.case_timeline(CASE)}


def test_an_act_outside_the_procedure_counts_and_is_flagged():
    hasty = entry(9, BODIES["result.delivered"], rev=4)
    entries_apply([*opened(), hasty])
    assert models.Case.objects.get().status == "delivered"
    assert flags() == {hasty.id: ("illegal_transition", True)}
    assert hasty.id in {one.id for one in selectors.case_timeline(CASE)}


@pytest.mark.parametrize(("more", "reason"), [
    ({"rev": 0, "body": BODIES["case.decided"]}, "not_a_case"),
    ({"rev": 4, "body": BODIES["note.added"]}, "not_a_case"),
    ({"rev": 4, "body": BODIES["staff.granted"]}, "not_a_case"),
    ({"rev": 0, "body": BODIES["policy.set"]}, "not_a_case"),
    ({"rev": 4, "body": BODIES["case.decided"], "case_id": None}, "not_a_case"),
    ({"rev": 1, "body": BODIES["case.decided"], "case_id": samples.OTHER_CASE}, "unknown_case"),
    ({"rev": 3, "body": BODIES["case.refused"]}, "conflict"),
])  # fmt: skip
def test_what_cannot_count_is_kept_and_flagged(more, reason):
    entries_apply(opened())
    before = bytes(models.Case.objects.get().state)
    fields = {"author": VILLAGE} | more
    odd = entry(9, fields.pop("body"), **fields)
    entries_apply([odd])
    assert flags() == {odd.id: (reason, False)}
    assert (bytes(models.Case.objects.get().state), EntryRow.objects.count()) == (before, 4)


def test_entries_about_the_node_itself_are_not_kept_here():
    assert entries_apply([samples.sample("policy.set")]).entries == []
    assert EntryRow.objects.count() == models.Flag.objects.count() == 0


def test_what_an_uncertain_clock_wrote_counts_and_is_marked():
    entries_apply([*opened(), entry(4, BODIES["note.added"], rev=0, clock_uncertain=True)])
    assert flags() == {samples.entry_id(4): ("clock_uncertain", True)}


def test_the_judges_word_stands_on_the_desk_beside_an_entry_that_counts():
    def judge(counted):
        return [(one, "no_authority") for _, one in counted if one.kind == "case.accepted"]

    done = entries_apply(opened(), judge=judge)
    assert flags() == {samples.entry_id(3): ("no_authority", True)}
    assert models.Case.objects.get().status == "accepted"
    assert len(done.flags) == 1


def lost() -> tuple[list[Entry], list[Entry]]:
    """What the lost node still wrote, and what the county did at the same revs."""
    node = [entry(4, BODIES["stage.opened"], rev=4), entry(5, BODIES["opinion.recorded"], rev=5)]
    county = [entry(6, b.CustodyTaken(from_node=VILLAGE, reason="lost"), rev=4, author=CORE),
              entry(7, BODIES["case.terminated"], rev=5, author=CORE)]  # fmt: skip
    return node, county


@pytest.mark.parametrize("node_first", [True, False])
def test_the_countys_takeover_stands_whichever_comes_first_and_both_sides_are_kept(node_first):
    node, county = lost()
    entries_apply(opened())
    first, second = (node, county) if node_first else (county, node)
    entries_apply(first)
    done = entries_apply(second)
    state = replay([*opened(), *county]).state
    assert state is not None
    assert bytes(models.Case.objects.get().state) == state_bytes(state)
    assert EntryRow.objects.count() == 7
    assert {key: applied for key, (_, applied) in flags().items()} == {one.id: False for one in node}
    assert [one.id for one in selectors.case_timeline(CASE)] == [one.id for one in [*opened(), *county]]
    assert [one.id for one in done.entries] == ([one.id for one in county] if node_first else [])


def test_a_replay_marks_what_counted_before_as_refused_and_the_other_way_round():
    _, county = lost()
    # An act the procedure does not know was flagged and counted; the county's own came without its takeover.
    odd = entry(4, BODIES["result.delivered"], rev=4)
    entries_apply([*opened(), odd])
    entries_apply([county[1]])
    assert flags() == {odd.id: ("illegal_transition", True), county[1].id: ("not_custodian", False)}
    done = entries_apply([county[0]])
    assert flags() == {odd.id: ("illegal_transition", False), county[1].id: ("not_custodian", True)}
    assert [one.id for one in done.entries] == [one.id for one in county]
    assert models.Case.objects.get().status == "terminated"


def batch(cases: int, start: int = 0) -> list[Entry]:
    """Five entries each of so many cases: one of them illegal, one parked, one refused."""
    made = []
    for number in range(start, start + cases):
        case, first = UUID(int=(1 << 64) + number), 1000 + number * 5
        made += [
            entry(first, BODIES["case.opened"], rev=1, case_id=case),
            entry(first + 1, BODIES["material.received"], rev=0, case_id=case),
            entry(first + 2, BODIES["case.decided"], rev=2, case_id=case),
            entry(first + 3, BODIES["case.completed"], rev=9, case_id=case),
            entry(first + 4, BODIES["case.refused"], rev=3, case_id=case, author=TOWN),
        ]
    return made


def statements(entries: list[Entry]) -> int:
    with CaptureQueriesContext(connection) as queries:
        entries_apply(entries)
    return len(queries)


def test_five_hundred_entries_cost_as_many_statements_as_ten():
    entries_apply(batch(1, start=900))  # what Django asks a database once is asked now
    few, many = statements(batch(2)), statements(batch(100, start=2))
    assert many == few
    assert many <= 15
    assert models.Case.objects.count() == 103


def test_a_hundred_takeovers_cost_as_many_statements_as_two():
    def takeovers(cases: range) -> list[Entry]:
        return [entry(900_000 + n, BODIES["custody.taken"], rev=2, case_id=UUID(int=(1 << 64) + n), author=CORE)
                for n in cases]  # fmt: skip

    entries_apply(batch(102))
    assert statements(takeovers(range(2))) == statements(takeovers(range(2, 102)))
    assert set(models.Case.objects.values_list("custodian", flat=True)) == {CORE}
