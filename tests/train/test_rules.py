"""Who takes a version when, what stops the train, whom the county sees well: tables, without a machine."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.county.ops.train import judging
from core.county.ops.train.inventory import machines_of
from core.county.ops.train.plan import (
    Machine,
    PlanInvalid,
    bundle_require,
    rings_of,
    size_at,
    sizes_parse,
    version_require,
)  # fmt: skip
from core.county.ops.train.record import Batch, Host, RecordUnread, Shelf, record_new
from core.county.ops.train.soaking import RULES, Report, Rollout, is_silent, judge, moment

SWITCHED = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
BEFORE = Report(node="n", version="1.0", waiting=3, made_at=SWITCHED - timedelta(minutes=5))
WELL = Report(node="n", version="2.0", waiting=4, made_at=SWITCHED + timedelta(seconds=9))


# --- plan


def batches_of(ring: int, sizes: str) -> list[int]:
    """The sizes of a ring's batches where every host answers."""
    found: list[int] = []
    while (left := ring - sum(found)) > 0:
        found.append(min(left, size_at(sizes_parse(sizes), len(found), ring=ring)))
    return found


@pytest.mark.parametrize(
    ("ring", "batches"),
    [
        (1, [1]), (2, [1, 1]), (3, [1, 1, 1]), (10, [1, 1, 8]), (11, [1, 2, 8]), (21, [1, 3, 17]), (100, [1, 10, 89]),
        (299, [1, 30, 268]), (300, [1, 30, 269]),
    ],
)  # fmt: skip
def test_a_ring_is_taken_by_one_machine_then_a_tenth_then_the_rest(ring, batches):
    assert batches_of(ring, "1,10%,100%") == batches


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [("100%", [30]), ("5", [5] * 6), ("1,50%", [1, 15, 14]), ("1,4,25%", [1, 4, 8, 8, 8, 1]), ("40", [30])],
)
def test_the_last_size_repeats_until_the_ring_is_done(sizes, batches):
    assert batches_of(30, sizes) == batches


@given(ring=st.integers(1, 300), sizes=st.lists(st.sampled_from(["1", "7", "1%", "10%", "33%", "100%"]), min_size=1))
def test_every_machine_of_a_ring_is_in_exactly_one_batch_and_no_batch_is_empty(ring, sizes):
    batches = batches_of(ring, ",".join(sizes))
    assert sum(batches) == ring and all(batches)


@pytest.mark.parametrize("text", ["", "0", "1,", "-1", "101%", "10%%", "x", "1;2", "0%"])
def test_what_is_no_list_of_sizes_is_refused(text):
    with pytest.raises(PlanInvalid):
        sizes_parse(text)


def test_rings_are_taken_in_their_order_and_machines_that_pull_are_in_none():
    fleet = [Machine("d", "d", 2, False), Machine("b", "b", 0, False), Machine("c", "c", 2, False),
             Machine("a", "a", 1, False), Machine("p", "p", 0, True)]  # fmt: skip
    assert list(rings_of(fleet).items()) == [(0, ["b"]), (1, ["a"]), (2, ["c", "d"])]


@pytest.mark.parametrize("version", ["", "../x", "1 2", "$(id)", "1.0;x", "v" * 65])
def test_what_cannot_be_a_version_becomes_part_of_no_command(version):
    with pytest.raises(PlanInvalid):
        version_require(version)


@pytest.mark.parametrize("name", [
    "yizhan-1.9-bookworm-amd64.tar.zst", "yizhan-core-2.0-bookworm-amd64.tar.zst", "yizhan-2.0-bookworm-amd64.tar",
])  # fmt: skip
def test_a_bundle_of_another_version_or_for_the_core_is_refused(name):
    bundle_require("yizhan-2.0-bookworm-amd64.tar.zst", "2.0")
    with pytest.raises(PlanInvalid):
        bundle_require(name, "2.0")


def test_the_registrys_inventory_and_an_operators_own_file_say_ring_and_pull_alike():
    ours = {"_meta": {"hostvars": {"a": {"yizhan_ring": 0, "yizhan_pull": False, "yizhan_service_point": "point"}}},
            "edge": {"hosts": ["a"]}, "pull": {"hosts": []}}  # fmt: skip
    own = {"_meta": {"hostvars": {}}, "edge": {"children": ["west"]}, "west": {"hosts": ["b", "c"]},
           "ring_1": {"hosts": ["b"]}, "pull": {"hosts": ["c"]}}  # fmt: skip
    assert machines_of(ours) == [Machine("a", "point", 0, False)]
    assert machines_of(own) == [Machine("b", "b", 1, False), Machine("c", "c", 2, True)]


# --- what stops the train

OK, BAD, GONE, ILL = judging.RUNNING, judging.FAILED, judging.LOST, judging.UNWELL


@pytest.mark.parametrize(
    ("states", "max_fail", "stops"),
    [
        ([OK], 0, False), ([BAD], 0, True), ([GONE], 0, True), ([ILL], 0, True),
        ([OK] * 9 + [BAD], 0, True), ([OK] * 9 + [BAD], 9.9, True), ([OK] * 9 + [BAD], 10, False),
        ([OK] * 8 + [BAD, GONE], 10, True), ([OK] * 7 + [BAD, GONE, ILL], 29, True),
        ([OK] * 7 + [BAD, GONE, ILL], 30, False),
        ([BAD], 99, True), ([BAD, GONE, ILL], 100, False), ([OK] * 99 + [ILL], 1, False),
        ([OK] * 98 + [ILL, BAD], 1, True),
        ([], 0, False),
    ],
)  # fmt: skip
def test_failed_lost_and_unwell_machines_count_alike_against_the_percentage(states, max_fail, stops):
    assert judging.too_many(states, max_fail=max_fail) is stops


def test_put_back_is_whom_this_train_brought_to_the_version_and_nobody_else():
    runs = {"took": "2.0", "undid-itself": "1.0", "had-it": "2.0", "bare": "2.0", "gone": ""}
    former = {"took": "1.0", "undid-itself": "1.0", "had-it": "2.0", "bare": "", "gone": "1.0"}
    assert judging.goes_back(runs, former, version="2.0") == ["took"]


def test_batch_or_everyone_is_concerned_by_a_stop():
    states = {"a": judging.DONE, "b": judging.DONE, "c": judging.FAILED, "d": judging.UNWELL, "e": judging.WAITING}
    assert judging.concerned(states, batch=["c", "d"], everyone=False) == ["c", "d"]
    assert judging.concerned(states, batch=["c", "d"], everyone=True) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("states", "stopped", "outcome", "code"),
    [
        ([judging.DONE] * 2, False, "done", 0), ([judging.DONE, judging.OFFLINE], False, "left", 3),
        ([judging.DONE, judging.SILENT], False, "left", 3), ([judging.DONE, judging.FAILED], False, "left", 3),
        ([judging.DONE, judging.WAITING], True, "stopped", 2), ([], False, "done", 0),
    ],
)  # fmt: skip
def test_how_a_train_ends_and_its_exit_code(states, stopped, outcome, code):
    assert judging.outcome_of(states, stopped=stopped) == outcome and judging.OUTCOMES[outcome] == code


@pytest.mark.parametrize(
    ("ring", "first", "proven", "told", "taken", "undone", "may"),
    [
        (0, 0, 0, 0, 0, 0, True),   # the pulling canary
        (1, 0, 0, 0, 0, 0, False),  # nobody runs it
        (2, 0, 5, 0, 0, 0, True),   # proven by machines that can be reached
        (1, 0, 5, 2, 0, 0, False),  # the pulling canaries have not taken it yet
        (1, 0, 5, 2, 1, 0, True),
        (1, 0, 5, 2, 1, 1, False),  # one put it back
    ],
)  # fmt: skip
def test_a_ring_that_pulls_waits_for_proof(ring, first, proven, told, taken, undone, may):
    found = judging.may_publish(
        ring=ring, first=first, proven=proven, told=told, taken=taken, undone=undone, max_fail=0
    )
    assert found is may


# --- what a later run knows


@pytest.mark.parametrize(
    ("state", "taken", "former"),
    [
        (judging.DONE, False, "1.0"),
        # These may run the new version: asked anew, they would say that it is what they ran before.
        (judging.RUNNING, True, "1.0"), (judging.LOST, True, "1.0"), (judging.UNWELL, True, "1.0"),
        (judging.STUCK, True, "1.0"),
        (judging.FAILED, True, ""), (judging.ROLLED_BACK, True, ""), (judging.OFFLINE, True, ""),
        (judging.SILENT, True, ""), (judging.WAITING, True, ""),
    ],
)  # fmt: skip
def test_a_later_run_takes_whoever_is_not_done_and_remembers_what_to_put_back(state, taken, former):
    record = record_new("2.0", "bundle")
    record.hosts["a"] = Host(node="a", ring=0, state=state, former="1.0", before=BEFORE)
    record.again({"a"})
    host = record.hosts["a"]
    assert (host.state == judging.WAITING) is taken and host.former == former
    assert (host.before is not None) is (former != "")


def test_a_later_run_leaves_alone_whom_its_pattern_does_not_name():
    record = record_new("2.0", "bundle")
    record.hosts["a"] = Host(node="a", ring=0, state=judging.OFFLINE)
    record.again({"b"})
    assert record.hosts["a"].state == judging.OFFLINE


def test_a_machine_that_left_the_inventory_is_waited_for_no_longer_unless_only_some_were_asked_for():
    record = record_new("2.0", "bundle")
    for name, state in (("gone", judging.OFFLINE), ("served", judging.DONE)):
        record.hosts[name] = Host(node=name, ring=2, state=state)
    record.machines_add([Machine("new", "point", 1, False)], whole=False)
    assert sorted(record.hosts) == ["gone", "new", "served"]
    record.machines_add([Machine("new", "point", 0, False)], whole=True)
    assert sorted(record.hosts) == ["new", "served"] and record.hosts["new"].ring == 0


def test_a_record_is_read_as_it_was_written_and_a_damaged_one_is_not_taken_for_none(tmp_path):
    shelf, record = Shelf(tmp_path / "trains"), record_new("2.0", "bundle")
    record.hosts["a"] = Host(node="a", ring=0, state=judging.DONE, before=BEFORE)
    record.batches.append(Batch(number=1, ring=0, hosts=["a"], seconds={"play": 1.5}))
    assert shelf.read("2.0") is None
    shelf.write(record)
    assert shelf.read("2.0") == record
    shelf.path("2.0").write_text('{"version": "2.0"')
    with pytest.raises(RecordUnread):
        shelf.read("2.0")


# --- what the county sees


@pytest.mark.parametrize(
    ("fault", "before", "now"),
    [
        ("", {}, {}),
        ("unheard", {}, {"made_at": SWITCHED}),
        ("unheard", {}, {"made_at": None}),
        ("undone", {}, {"rollout": Rollout("rolled_back", "2.0", "nobody confirmed", SWITCHED)}),
        ("version", {}, {"version": "1.0"}),
        ("health", {}, {"health": 1}),
        ("health", {"health": 1}, {"health": 4}),
        ("", {"health": 1}, {"health": 1}),
        ("held", {}, {"held": ("core: gap",)}),
        ("held", {}, {"held_at_county": ("n/1: forked",)}),
        ("", {"held": ("core: gap",)}, {"held": ("core: gap",)}),
        ("", {"held": ("core: gap",)}, {}),
        ("", {}, {"waiting": 103}),
        ("waiting", {}, {"waiting": 104}),
        ("", {}, {"clock_offset_ms": -120_000}),
        ("clock", {}, {"clock_offset_ms": 120_001}),
        ("", {"clock_offset_ms": 500_000}, {"clock_offset_ms": 400_000}),
    ],
)  # fmt: skip
def test_a_machine_is_judged_by_what_it_says_after_the_switch_against_what_it_said_before(fault, before, now):
    then, later = msgspec.structs.replace(BEFORE, **before), msgspec.structs.replace(WELL, **now)
    verdict = judge(then, later, version="2.0", since=SWITCHED)
    assert verdict.fault == fault and verdict.good is (fault == "")
    assert bool(verdict.sentence) is bool(fault)


def test_of_a_machine_the_county_does_not_know_any_more_nothing_is_heard():
    assert judge(BEFORE, None, version="2.0", since=SWITCHED).fault == "unheard"


def test_only_what_a_machine_has_undone_is_not_worth_waiting_for():
    assert [rule.name for rule in RULES if rule.final] == ["undone"]
    assert [rule.name for rule in RULES] == ["undone", "version", "health", "held", "waiting", "clock"]


def test_every_rule_has_a_sentence_of_its_own():
    assert len({str(rule.sentence) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(("seconds", "silent"), [(None, True), (0, False), (600, False), (601, True)])
def test_a_machine_silent_for_ten_minutes_cannot_be_judged(seconds, silent):
    heard = None if seconds is None else SWITCHED - timedelta(seconds=seconds)
    assert is_silent(msgspec.structs.replace(BEFORE, last_contact=heard), at=SWITCHED) is silent


def test_a_nodes_own_times_are_read_whatever_zone_they_have_and_nothing_is_the_beginning():
    assert moment("2026-11-22T10:00:00+08:00") == SWITCHED == moment("2026-11-22T02:00:00")
    assert moment("") == moment("soon") == datetime(1970, 1, 1, tzinfo=UTC)
