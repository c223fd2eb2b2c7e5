"""What all benches share: a row of the table, a room of their own on the disk, parts in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPO_DIR = Path(__file__).resolve().parent.parent.parent
BENCH_DIR = REPO_DIR / "var" / "bench"
MET, MISSED, INFORMATION = "met", "missed", ""


@dataclass(frozen=True)
class Options:
    """What the command line asked for; `cases` 0 is each bench's own number."""

    cases: int = 0
    repeat: int = 3
    profile: bool = False


@dataclass(frozen=True)
class Row:
    """One figure: `value` is the best of `runs`, in `unit`; `target` None where it is only informative."""

    bench: str
    figure: str
    value: float
    unit: str
    target: float | None = None
    #: Whether more is better; else less is.
    more: bool = False
    runs: tuple[float, ...] = ()
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return INFORMATION
        reached = self.value >= self.target if self.more else self.value <= self.target
        return MET if reached else MISSED


def best(bench: str, figure: str, runs: Sequence[float], unit: str, **more: Any) -> Row:
    """A row of the best of several runs."""
    value = max(runs) if more.get("more") else min(runs)
    return Row(bench=bench, figure=figure, value=value, unit=unit, runs=tuple(runs), **more)


@contextmanager
def room(name: str) -> Iterator[Path]:
    """A fresh directory below var/bench; gone afterwards, with the private PostgreSQL that was started in it."""
    BENCH_DIR.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=BENCH_DIR))
    # The database server runs as a user of its own, who has to get through.
    place.chmod(0o755)
    try:
        yield place
    finally:
        _server_remove(place)
        shutil.rmtree(place)


def _server_remove(place: Path) -> None:
    for control in place.rglob("pg/keeper.lock"):
        from tenants.embedded import server_stop

        server_stop(control.parent.parent)
        # Where the server's account could not enter var/, its data lies elsewhere.
        elsewhere = control.parent / "elsewhere"
        if elsewhere.is_symlink():
            shutil.rmtree(elsewhere.resolve())


@dataclass(frozen=True)
class Done:
    """What a part's process left: its answer, its peak memory (VmHWM, MB), its processor seconds in all."""

    result: Any
    peak_mb: float
    cpu_s: float


class Part:
    """A function of this package in a process of its own; both sides speak in lines of JSON.

    `settings` is the Django settings module the process sets up before the function is called.
    """

    def __init__(self, function: str, settings: str = "", env: dict[str, str] | None = None, **arguments: Any) -> None:
        self._function = function
        environment = {
            **os.environ,
            **(env or {}),
            "YIZHAN_LOG_LEVEL": "WARNING",
            "YIZHAN_SECRET_KEY": "only-for-bench",
        }
        if settings:
            environment["DJANGO_SETTINGS_MODULE"] = settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.part", function, json.dumps(arguments)], cwd=REPO_DIR, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def send(self, line: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def heard(self) -> Any:
        """The next thing the part says. Raises RuntimeError where it died."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._function} ended with exit code {self._process.wait()}")
        return json.loads(line)

    def done(self) -> Done:
        """Its answer, once it has ended; what it says before is passed over."""
        while True:
            said = self.heard()
            if isinstance(said, dict) and "done" in said:
                break
        self._process.wait()
        return Done(result=said["done"], peak_mb=said["peak_mb"], cpu_s=said["cpu_s"])


def part_run(function: str, settings: str = "", env: dict[str, str] | None = None, **arguments: Any) -> Done:
    """The part's answer, when it has run."""
    with Part(function, settings, env, **arguments) as part:
        return part.done()
