"""What the core's own processes count: requests, and what ingest reads. The exporter adds the processes' figures up.

With PROMETHEUS_MULTIPROC_DIR set, figures live in files there; without it each process has its own and nobody else sees
them. Counting never stops what is counted. After a change of buckets or labels the folder is to be emptied.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Final, ParamSpec

import prometheus_client.values

P = ParamSpec("P")
# Not structlog: before it is set up it writes to standard output, where commands say what others read.
_log = logging.getLogger(__name__)

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
#: More processes than any core has; beyond it something is wrong, and nothing is counted.
MAX_PROCESSES: Final = 256
HTTP_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)
#: From a line that works (seconds) to a village after the holidays (two weeks).
LAG_BUCKETS: Final = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 14 * 86400)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
APPLIED, HELD = "applied", "held"


class Slots:
    """A number for this process that no other has now: the lowest whose lock is free.

    It is free again when the process is gone, however it went, and the next process goes on with the files of that
    number; so there are never more files than there were processes at one time, and no figure goes backwards.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: (process, its number, the open lock); a forked child looks for a number of its own.
        self._mine: tuple[int, int, int] | None = None

    def number(self) -> int:
        """Raises OSError where there is none to be had."""
        pid = os.getpid()
        if self._mine is None or self._mine[0] != pid:
            if self._mine is not None:
                os.close(self._mine[2])
                self._mine = None
            self._mine = (pid, *self._take())
        return self._mine[1]

    def _take(self) -> tuple[int, int]:
        for number in range(MAX_PROCESSES):
            try:
                lock = os.open(self._folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except PermissionError:  # another user's: a command somebody ran as root
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            return number, lock
        raise OSError(f"all {MAX_PROCESSES} places in {self._folder} are taken")


def _files_use() -> None:
    """Figures go into files where a folder for them is named; where it cannot be used, they stay in this process."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        slots = Slots(Path(folder))
        slots.number()
    except OSError as error:
        _log.warning("figures_stay_in_process: %s: %r", folder, error)
        prometheus_client.values.ValueClass = prometheus_client.values.MutexValue
        return
    # By its own number, not the process id: every worker gunicorn replaces would leave its files for good.
    multi = prometheus_client.values.MultiProcessValue(slots.number)  # type: ignore[no-untyped-call]
    prometheus_client.values.ValueClass = multi


_files_use()

# After the choice above: a metric keeps the kind of value it was made with.
_http_seconds = prometheus_client.Histogram(
    "yizhan_http_request_duration_seconds", "Time from a request's arrival at the program to its response.",
    ("view", "method", "status"), buckets=HTTP_BUCKETS,
)  # fmt: skip
_lag_seconds = prometheus_client.Histogram(
    "yizhan_ingest_lag_seconds", "Time from a segment's sealing at its author to its rows at the core.", ("tenant",),
    buckets=LAG_BUCKETS,
)  # fmt: skip
_entries = prometheus_client.Counter("yizhan_ingest_entries", "Entries read from nodes.", ("tenant",))
_segments = prometheus_client.Counter(
    "yizhan_ingest_segments", "Segments of nodes: applied, or such that hold their stream.", ("tenant", "outcome")
)


@cache
def _last_success() -> prometheus_client.Gauge:
    """Made when there is a success to tell: a gauge without labels says 0 from the start."""
    return prometheus_client.Gauge(
        "yizhan_ingest_last_success_timestamp_seconds", "When an ingest process last ended a turn without a fault.",
        multiprocess_mode="max",
    )  # fmt: skip


def _harmless(count: Callable[P, None]) -> Callable[P, None]:
    """A counter that cannot count says so and lets the work go on."""

    @wraps(count)
    def counted(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            count(*args, **kwargs)
        except Exception as error:  # a full /run, a spoiled file: whatever it is, the work matters more
            _log.warning("not_counted: %s: %r", count.__name__, error)

    return counted


@_harmless
def request_ended(*, view: str, method: str, status: int, seconds: float) -> None:
    """A request was answered. `view` is a name out of the program's own addresses."""
    method = method if method in METHODS else "other"
    _http_seconds.labels(view, method, f"{status // 100}xx").observe(seconds)


@_harmless
def segment_applied(*, tenant: str, entries: int, lag_seconds: float) -> None:
    """A segment of a node of this tenant (its code) is in the core's rows; a clock that is ahead makes no lag."""
    _segments.labels(tenant, APPLIED).inc()
    _entries.labels(tenant).inc(entries)
    _lag_seconds.labels(tenant).observe(max(0.0, lag_seconds))


@_harmless
def segments_held(*, tenant: str, count: int) -> None:
    """So many more streams of this tenant stand still, each for a segment that cannot be applied."""
    _segments.labels(tenant, HELD).inc(count)


@_harmless
def ingest_turned(*, at: float) -> None:
    """An ingest process ended a turn without a fault (Unix time)."""
    _last_success().set(at)
