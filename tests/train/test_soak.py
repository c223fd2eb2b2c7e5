"""The train waits for the county's verdict no longer than it takes, and no longer than it was told to."""

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.county.ops.train.county import County, CountyUnread, county_of
from core.county.ops.train.soak import Soaked, soak
from core.county.ops.train.soaking import Report, Verdict

SWITCHED = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LATER = (SWITCHED + timedelta(seconds=20)).isoformat()

#: A program that answers for the core with what the file says, and counts how often it was asked.
PROGRAM = """#!{python}
import pathlib, sys
folder = pathlib.Path("{folder}")
with (folder / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:]) + "\\n")
if not (folder / "fleet").exists():
    sys.exit("no route to host")
print((folder / "fleet").read_text())
"""


@pytest.fixture
def core(tmp_path: Path) -> County:
    path = tmp_path / "yizhan-core"
    path.write_text(PROGRAM.format(python=sys.executable, folder=tmp_path))
    path.chmod(0o755)
    return county_of({"PATH": str(tmp_path)})


def says(folder: Path, **nodes: dict[str, Any]) -> None:
    rows = [{"node": name, **status} for name, status in nodes.items()]
    partial = folder / "fleet.partial"
    partial.write_text(json.dumps({"at": LATER, "nodes": rows}))
    partial.rename(folder / "fleet")


def waits(core: County, *names: str, seconds: float = 20, pause: float = 0.05) -> tuple[dict[str, Verdict], float]:
    began = time.monotonic()
    batch = {f"host-{name}": Soaked(name, Report(node=name, version="1.0"), SWITCHED) for name in names}
    found = soak(batch, version="2.0", fleet=core.fleet, seconds=seconds, pause=pause)
    return found, time.monotonic() - began


WELL = {"version": "2.0", "made_at": LATER}


def test_it_ends_as_soon_as_the_last_machine_of_the_batch_is_well(core, tmp_path):
    says(tmp_path, a=WELL, b={"version": "1.0", "made_at": SWITCHED.isoformat()}, other={"version": "1.0"})
    threading.Timer(1.0, says, [tmp_path], {"a": WELL, "b": WELL}).start()
    verdicts, seconds = waits(core, "a", "b")
    assert {name: one.good for name, one in verdicts.items()} == {"host-a": True, "host-b": True}
    assert 0.9 < seconds < 15


def test_a_machine_that_recovers_in_time_is_well(core, tmp_path):
    says(tmp_path, a=WELL | {"health": 4})
    threading.Timer(0.5, says, [tmp_path], {"a": WELL}).start()
    assert waits(core, "a")[0]["host-a"].good


def test_at_the_deadline_whoever_is_not_well_is_named_with_the_rule(core, tmp_path):
    says(tmp_path, a=WELL, b=WELL | {"health": 4}, c={"version": "1.0", "made_at": SWITCHED.isoformat()})
    verdicts, seconds = waits(core, "a", "b", "c", "d", seconds=0.5)
    assert {name: one.fault for name, one in verdicts.items()} == {
        "host-a": "", "host-b": "health", "host-c": "unheard", "host-d": "unheard",
    }  # fmt: skip
    assert seconds < 15


def test_for_one_that_put_itself_back_nobody_waits(core, tmp_path):
    says(tmp_path, a={"version": "1.0", "made_at": LATER, "rollout": {"outcome": "rolled_back"}})
    verdicts, seconds = waits(core, "a", seconds=60)
    assert verdicts["host-a"].fault == "undone" and seconds < 30


def test_a_county_that_is_away_for_a_while_condemns_nobody(core, tmp_path):
    threading.Timer(0.5, says, [tmp_path], {"a": WELL}).start()
    assert waits(core, "a")[0]["host-a"].good


def test_a_county_that_stays_away_is_said_to_be_away(core):
    with pytest.raises(CountyUnread, match="no route to host"):
        waits(core, "a", seconds=0.3)


def test_an_answer_nobody_understands_is_no_answer(core, tmp_path):
    (tmp_path / "fleet").write_text('{"at": "yesterday"}')
    with pytest.raises(CountyUnread):
        waits(core, "a", seconds=0.1)


def test_a_batch_nobody_at_the_county_knows_needs_no_question(core, tmp_path):
    assert waits(core)[0] == {} and not (tmp_path / "asked").exists()


def test_the_core_is_asked_over_ssh_where_it_is_named_with_its_words_quoted(tmp_path):
    asked = tmp_path / "ssh"
    asked.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\n')
    asked.chmod(0o755)
    far = county_of({"YIZHAN_CORE": "root@core1", "PATH": str(tmp_path)})
    assert far.command[0] == "ssh" and far.over_ssh
    County((str(asked), *far.command[1:]), over_ssh=True).publish("2.0+g1~a", ring=1)
    assert (tmp_path / "asked").read_text() == (
        "-o BatchMode=yes -o ConnectTimeout=20 root@core1 yizhan-core rollout_publish '2.0+g1~a' --ring 1\n"
    )
