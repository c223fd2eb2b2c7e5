"""`exporter`: one scrape of 5,000 machines in 100 towns, with 100,000 open cases at them and as many tasks.

The exporter is the real command in a process of its own, asked over HTTP as Prometheus asks; its memory is the kernel's
word (VmHWM), against what it had when it was ready and nobody had asked.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from .frame import REPO_DIR, Options, Row, best, part_run, room
from .part import peak_mb
from .sync import COUNTY

TENANTS, NODES, CASES = 100, 5_000, 100_000
SCRAPE_S, GROWTH_MB = 1.0, 50.0
TIMES = 10  #: scrapes after which the memory is read: what one leaves behind would add up
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Asked:
    """One scrape: seconds until the last byte, bytes that came, samples in them."""

    seconds: float
    size: int
    samples: int


def run(options: Options) -> list[Row]:
    with room("exporter") as place:
        (place / "core").mkdir(mode=0o755)
        env = {"YIZHAN_VAR": str(place / "core"), "DATABASE_URL": ""}
        part_run("exporter_core.prepare", COUNTY, env, tenants=TENANTS, nodes=NODES, cases=options.cases or CASES)
        cold = []
        for _ in range(options.repeat):
            with _exporter(env) as (address, process):
                ready_mb = process.memory_info().rss / 1e6
                cold.append(_ask(address, {}).seconds)
                busy = _busy(process)
                plain = [_ask(address, {}) for _ in range(TIMES)]
                busy = (_busy(process) - busy) / TIMES
                zipped = [_ask(address, OPENMETRICS) for _ in range(TIMES)]
                growth_mb = peak_mb(process.pid) - ready_mb
    note = f"{NODES:,} machines, {TENANTS} towns, {plain[0].samples:,} samples"
    return [
        best("exporter", "a scrape", [one.seconds for one in plain], "s", target=SCRAPE_S, note=note),
        best("exporter", "the same, OpenMetrics, zipped", [one.seconds for one in zipped], "s", target=SCRAPE_S,
             note=f"{zipped[0].size / 1e6:.1f} MB for {plain[0].size / 1e6:.1f}"),
        best("exporter", "the same with all tenants anew", cold, "s", target=SCRAPE_S,
             note="once a minute; the first of a process"),
        Row("exporter", "memory grown by it", growth_mb, "MB", target=GROWTH_MB,
            note=f"peak of {2 * TIMES + 1} scrapes; ready at {ready_mb:.0f} MB"),
        Row("exporter", "a scrape's processor time", busy, "s", note="mean; PostgreSQL's not counted"),
    ]  # fmt: skip


@contextmanager
def _exporter(env: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """The exporter's address and process, while it runs."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "exporter", "--listen", "127.0.0.1:0"], cwd=REPO_DIR, stdout=subprocess.PIPE,
        text=True, env={**os.environ, **env, "DJANGO_SETTINGS_MODULE": COUNTY, "YIZHAN_SECRET_KEY": "only-for-bench"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if "http://" not in ready:
            raise RuntimeError(f"the exporter ended with exit code {process.wait()}")
        yield ready.rpartition(" ")[2].strip(), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _busy(process: psutil.Process) -> float:
    """Processor seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _ask(address: str, headers: dict[str, str]) -> Asked:
    started = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=120) as response:
        body = response.read()
    seconds = time.perf_counter() - started
    text = gzip.decompress(body) if headers else body
    if b'yizhan_exporter_collector_success{collector="nodes"} 1' not in text:
        raise RuntimeError("the exporter could not collect the nodes' figures")
    samples = sum(not line.startswith(b"#") for line in text.splitlines())
    return Asked(seconds=seconds, size=len(body), samples=samples)
