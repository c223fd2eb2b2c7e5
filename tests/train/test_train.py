"""The train over machines that are folders, driven by real Ansible: what it brings, stops, puts back and leaves."""

import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.train import site as train_site
from tests.train.site import NEW, OLD, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    if reason := train_site.obstacle():
        pytest.skip(reason)
    made = Site(tmp_path)
    made.make()
    return made


def states(said: dict[str, object]) -> dict[str, list[str]]:
    found = said["states"]
    assert isinstance(found, dict)
    return found


def test_rings_follow_one_another_and_within_a_ring_one_goes_before_the_rest(site):
    site.host("canary", ring=1)
    for name in ("x", "y", "z"):
        site.host(name)
    site.host("far", pull=True)
    code, said = site.rollout("--batches", "1,100%")
    assert code == 0 and said["outcome"] == "done"
    assert site.acts()[:2] == ["take canary", "take x"] and sorted(site.acts()[2:]) == ["take y", "take z"]
    assert [(one["ring"], one["hosts"], one["phase"]) for one in said["batches"]] == [
        (1, ["canary"], "passed"), (2, ["x"], "passed"), (2, ["y", "z"], "passed"),
    ]  # fmt: skip
    assert site.all_run() == {"canary": NEW, "x": NEW, "y": NEW, "z": NEW, "far": OLD}
    assert site.published() == [f"rollout_publish {NEW} --ring 2"] and said["pull"] == ["far"]


def test_a_canary_that_refuses_the_version_stops_the_train_before_anybody_else_has_it(site):
    site.host("canary", ring=0, behaves="breaks")
    site.host("first", ring=1)
    site.host("far", ring=0, pull=True)
    code, said = site.rollout()
    assert code == 2 and states(said) == {"failed": ["canary"], "waiting": ["first"]}
    assert said["hosts"]["canary"]["reason"] == "web: does not start"
    # It has undone the switch itself; a second undoing would bring it to the version before the last.
    assert site.acts() == ["take canary"] and site.all_run()["canary"] == OLD
    assert site.published() == []


def test_a_version_the_county_does_not_see_well_is_put_back_in_the_batch_and_where_it_was_before(site):
    site.host("canary", ring=0)
    site.host("x", behaves="sick")
    site.host("y")
    code, said = site.rollout("--batches", "100%", "--soak", "3")
    assert code == 2 and states(said) == {"done": ["canary"], "rolled_back": ["x", "y"]}
    assert site.all_run() == {"canary": NEW, "x": OLD, "y": OLD}
    assert said["hosts"]["x"]["reason"].startswith("health: ")
    assert said["batches"][1]["phase"] == "stopped" and said["batches"][1]["failed"] == ["x"]


def test_all_who_took_it_are_put_back_where_the_operator_says_so_and_who_had_it_keeps_it(site):
    site.host("canary", ring=0)
    site.host("had", ring=0, version=NEW)
    (site.folder / "had/current").write_text(NEW)
    site.host("x", behaves="mute")
    code, said = site.rollout("--batches", "100%", "--soak", "3", "--rollback", "all")
    assert code == 2 and states(said) == {"done": ["had"], "rolled_back": ["canary", "x"]}
    assert site.all_run() == {"canary": OLD, "had": NEW, "x": OLD}
    assert said["hosts"]["x"]["reason"].startswith("unheard: ")


def test_within_the_percentage_the_train_goes_on_and_only_the_sick_one_is_put_back(site):
    site.host("a", behaves="sick")
    site.host("b")
    site.host("c")
    code, said = site.rollout("--batches", "100%", "--max-fail", "34", "--soak", "3")
    assert code == 3 and states(said) == {"done": ["b", "c"], "rolled_back": ["a"]}
    assert site.all_run() == {"a": OLD, "b": NEW, "c": NEW}


def test_who_does_not_answer_is_no_canary_and_is_caught_up_with_later(site):
    for name in ("a", "b", "c"):
        site.host(name, ring=0)
    site.offline("a")
    code, said = site.rollout("--batches", "1,100%")
    assert code == 3 and states(said) == {"done": ["b", "c"], "offline": ["a"]}
    assert said["batches"][0]["hosts"] == ["b"]
    site.online("a")
    code, said = site.rollout("--catch-up")
    assert code == 0 and states(said) == {"done": ["a", "b", "c"]}
    assert site.acts() == ["take b", "take c", "take a"]


def test_without_any_canary_nothing_is_begun(site):
    site.host("canary", ring=0)
    site.offline("canary")
    site.host("first", ring=1)
    code, said = site.rollout()
    assert code == 1 and said["outcome"] == "refused" and "canary" in said["words"]
    assert site.acts() == []


def test_a_machine_lost_in_the_middle_stops_the_train_and_is_left_to_its_own_timer(site):
    site.host("a", behaves="vanishes")
    site.host("b")
    code, said = site.rollout("--batches", "1,100%")
    assert code == 2 and states(said) == {"lost": ["a"], "waiting": ["b"]}
    assert site.acts() == ["take a"]


def test_a_machine_the_county_does_not_know_is_judged_by_its_own_facts_and_a_silent_one_is_left(site):
    site.host("new", known=False)
    site.host("silent", last_contact="2026-11-20T09:00:00+00:00")
    code, said = site.rollout("--batches", "100%")
    assert code == 3 and states(said) == {"done": ["new"], "silent": ["silent"]}
    assert said["hosts"]["new"]["by_facts"] is True and site.runs("silent") == OLD


def test_of_two_trains_one_runs_and_one_whose_driver_was_killed_is_resumed_without_the_done(site):
    site.host("canary", ring=0)
    site.host("x", behaves="mute")
    process = subprocess.Popen(site.command("--soak", "300"), env=site.environment(), stdout=subprocess.PIPE)
    try:
        until(lambda: record(site).get("batches", [{}])[-1].get("phase") == "soak" and "take x" in site.acts())
        assert site.rollout()[1]["words"].count(NEW) == 1 and site.acts() == ["take canary", "take x"]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert site.rollout()[0] == 1, "it was begun, so only --resume goes on"
    site.hosts["x"]["behaves"] = "well"
    code, said = site.rollout("--resume")
    assert code == 0 and states(said) == {"done": ["canary", "x"]}
    assert site.acts() == ["take canary", "take x", "take x"]
    assert said["hosts"]["x"]["former"] == OLD, "what ran before is remembered, so that it can be put back"


def test_a_train_that_is_interrupted_says_so_and_goes_on_later(site):
    site.host("x", behaves="mute")
    process = subprocess.Popen(site.command("--soak", "300"), env=site.environment(), stdout=subprocess.PIPE)
    until(lambda: record(site).get("batches", [{}])[-1].get("phase") == "soak")
    process.send_signal(signal.SIGTERM)
    said = json.loads(process.communicate()[0])
    assert process.returncode == 4 and said["outcome"] == "interrupted" and states(said) == {"running": ["x"]}
    assert site.runs("x") == NEW
    assert site.rollout("--check")[0] == 0, "what would happen may always be asked"
    assert len(record(site)["batches"]) == 1


def test_a_county_that_goes_away_condemns_nobody_and_the_batch_waits_for_the_next_run(site):
    site.host("x")
    site.hosts["x"]["behaves"] = "cuts"
    code, said = site.rollout("--soak", "1")
    assert code == 4 and states(said) == {"running": ["x"]} and site.runs("x") == NEW
    (site.folder / "core_is_away").unlink()
    site.hosts["x"]["behaves"] = "well"
    assert site.rollout("--resume")[0] == 0


def test_a_rehearsal_changes_nothing_and_leaves_no_record(site):
    site.host("a", ring=0)
    site.host("far", pull=True)
    code, said = site.rollout("--check")
    assert code == 0 and site.acts() == [] and site.published() == [] and site.all_run() == {"a": OLD, "far": OLD}
    assert record(site) == {} and [one["hosts"] for one in said["batches"]] == [["a"]]


def test_pulling_machines_wait_ring_by_ring_until_one_before_them_has_taken_it(site):
    site.host("p0", ring=0, pull=True)
    site.host("p1", ring=1, pull=True)
    code, said = site.rollout()
    assert code == 3 and site.published() == [f"rollout_publish {NEW} --ring 0"] and list(said["unpublished"]) == ["1"]
    assert site.rollout("--resume")[0] == 3 and len(site.published()) == 1
    report = site.folder / "p0/report.json"
    report.write_text(json.dumps(json.loads(report.read_text()) | {"version": NEW}))
    code, said = site.rollout("--resume")
    assert code == 0 and site.published()[1:] == [f"rollout_publish {NEW} --ring 1"] and said["unpublished"] == {}


def test_what_was_laid_out_is_withdrawn_when_the_train_stops(site):
    site.host("a", ring=0)
    site.host("far", ring=0, pull=True)
    site.host("b", ring=1, behaves="breaks")
    code, said = site.rollout()
    assert code == 2 and said["published"] == []
    assert site.published() == [f"rollout_publish {NEW} --ring 0", f"rollout_publish {NEW} --withdraw"]


def test_some_machines_alone_are_taken_by_a_pattern_and_nothing_is_laid_out_for_others(site):
    site.host("a")
    site.host("b")
    site.host("far", pull=True)
    code, said = site.rollout("--limit", "b:far")
    assert code == 3 and site.acts() == ["take b"] and site.published() == [] and list(said["unpublished"]) == ["2"]


@pytest.mark.parametrize(
    ("more", "version"),
    [
        (("--batches", "0"), NEW), (("--bundle", "/nowhere/yizhan-2.0-x.tar.zst"), NEW), (("--no-such-option",), NEW),
        (("--resume",), NEW), (("--max-fail", "many"), NEW), ((), "../2.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_begun_has_an_exit_code_of_its_own_and_touches_nothing(site, more, version):
    site.host("a")
    done = subprocess.run(
        site.command(*more, version=version), env=site.environment(), capture_output=True, check=False
    )
    assert done.returncode == 1 and done.stderr and site.acts() == []


def test_a_core_that_cannot_be_asked_keeps_the_train_from_starting(site):
    site.host("a")
    (site.folder / "core_is_away").touch()
    code, said = site.rollout()
    assert code == 1 and "no route to the core" in said["words"] and site.acts() == []


def test_a_play_that_ansible_cannot_read_says_so_and_nothing_was_begun(site):
    site.host("a")
    (site.folder / "plays/ask.yml").write_text("- hosts: edge\n  tasks: [{nonsense: 1}]\n")
    code, said = site.rollout()
    assert code == 1 and "nonsense" in said["words"] and site.acts() == []


def test_the_lock_is_the_plays_too_so_that_a_killed_driver_leaves_no_door_open(site):
    site.host("a", behaves="slow")
    process = subprocess.Popen(site.command(), env=site.environment(), stdout=subprocess.PIPE)
    until(lambda: site.acts() == ["take a"])
    process.kill()
    process.communicate()
    with (site.folder / "trains/lock").open("a+") as handle:
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (site.folder / "go").touch()
        fcntl.flock(handle, fcntl.LOCK_EX)  # as soon as the play has ended
    assert site.runs("a") == NEW


def record(site: Site) -> dict[str, list[dict[str, object]]]:
    path = site.folder / f"trains/{NEW}.json"
    found: dict[str, list[dict[str, object]]] = json.loads(path.read_text()) if path.exists() else {}
    return {"batches": found["batches"]} if found.get("batches") else {}


def until(holds, seconds: float = 180) -> None:
    """Returns as soon as it holds; the driver tells nobody what it is at."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        os.sched_yield()
        time.sleep(0.05)
