"""`make demo ARGS=--check` plays a day and weeks of some cases, and verifies them; it goes on from what it left."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from core.county.demo.machines import MANAGE

from .syncthing_lab import syncthing_missing
from .world import STOP_SECONDS, environment, ports_reserve, processes_below

#: A fresh county and its day on two cores that others use too; a quiet machine needs a quarter of it.
CHECK_SECONDS: Final = 400.0


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder of the demo's own; afterwards no process of it is left."""
    with tempfile.TemporaryDirectory(prefix="yz-check-") as name:
        ports_reserve(Path(name))
        yield Path(name)
        _gone, alive = psutil.wait_procs(processes_below(Path(name)), timeout=STOP_SECONDS)
        assert [" ".join(one.cmdline()) for one in alive] == []


def demo_checked(var: Path, *options: str, **more: str) -> str:
    """What the demo printed; it exited with 0."""
    done = subprocess.run(
        [sys.executable, MANAGE, "demo", "--check", *options], env=environment(var, **more), capture_output=True,
        text=True, check=False, timeout=CHECK_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.skipif(syncthing_missing(), reason="syncthing is not installed")
def test_the_demo_checks_a_day_and_the_weeks_after_it_and_picks_up_where_it_was(var: Path) -> None:
    told = demo_checked(var, "--cases", "12", "--seed", "3")
    assert "12 个故事 stories" in told
    assert "24 cases;" in told
    assert "28 cases;" in demo_checked(var, "--cases", "4", "--seed", "4", "--chapters", "none")


def test_the_demo_checks_its_day_with_plain_copying_in_place_of_syncthing(var: Path) -> None:
    told = demo_checked(var, "--cases", "8", "--chapters", "none", YIZHAN_TRANSPORT="copy")
    assert "No Syncthing" in told
    assert "8 cases;" in told
