"""Seconds something took: by the clock, of this process's processor time, and of the private server's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings

from tenants.embedded.places import state_read


@dataclass
class Usage:
    wall: float = 0.0
    cpu: float = 0.0
    server: float = 0.0

    @property
    def busy(self) -> float:
        """Processor seconds of all: what the clock would say if nothing else ran and no disk were waited for."""
        return self.cpu + self.server


@contextmanager
def used() -> Iterator[Usage]:
    """What ran within, filled in at its end."""
    usage = Usage(wall=time.perf_counter(), cpu=time.process_time(), server=server_cpu_s())
    yield usage
    usage.server = server_cpu_s() - usage.server
    usage.cpu, usage.wall = time.process_time() - usage.cpu, time.perf_counter() - usage.wall


def server_cpu_s() -> float:
    """Processor seconds of the private server's processes that live now."""
    state = state_read(Path(settings.VAR_DIR) / "pg")
    assert state is not None
    postmaster = psutil.Process(state.server)
    return sum(one.cpu_times().user + one.cpu_times().system for one in [postmaster, *postmaster.children()])
