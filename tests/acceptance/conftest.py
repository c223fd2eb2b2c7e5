"""One world for all acceptance tests: each leaves it as it found it, but for the cases it took in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .syncthing_lab import syncthing_missing
from .world import World, world_join, world_open


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A county, a town and two villages, all real, in a folder of their own."""
    if syncthing_missing():
        pytest.skip("syncthing is not installed")
    running = os.environ.get("YIZHAN_ACCEPTANCE_WORLD")
    if running:
        # For writing tests: a demo that is up already, in this folder.
        yield world_join(Path(running))
        return
    with world_open() as opened:
        yield opened
