"""Every threshold of the watch, once: rules, alerts, their tests and the runbooks take them from here.

Those the console's pages judge by too come from core.county.watch.limits. Nothing of Django is imported: an operator's
machine renders the rules without a database (monitoring.render).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from core.county.watch import limits

Unit = Literal["seconds", "bytes", "ratio", "count", "burn"]

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
#: What a rule's `for` and a range can say, the largest first.
DURATIONS: Final = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1))
#: The same for people.
WORDS: Final = {"d": "天", "h": "小时", "m": "分钟", "s": "秒"}


class UnknownThreshold(Exception):
    """There is no threshold of that name."""


@dataclass(frozen=True)
class Threshold:
    """One figure in its base unit; `says` is the sentence it decides."""

    name: str
    value: float
    unit: Unit
    says: str

    def __str__(self) -> str:
        return f"{self.value:.10g}"

    @property
    def scale(self) -> tuple[str, int]:
        """The largest unit of time that measures it evenly, with its seconds."""
        return next((unit, size) for unit, size in DURATIONS if size == 1 or (self.value and self.value % size == 0))

    @property
    def duration(self) -> str:
        """As Prometheus writes a span: 15m. Fractions of a second are dropped."""
        unit, size = self.scale
        return f"{self.value // size:.0f}{unit}"

    @property
    def words(self) -> str:
        """As people say it: "3 天", "200 MB", "10%"."""
        if self.unit == "seconds":
            unit, size = self.scale
            return f"{self.value // size:.0f} {WORDS[unit]}"
        if self.unit == "bytes":
            return f"{self.value / 1e6:.0f} MB"
        if self.unit == "ratio":
            return f"{self.value * 100:.10g}%"
        return str(self)

    def form(self, how: str) -> str:
        """The threshold as a template asks for it: "", duration, words, step or step_words. Raises KeyError."""
        unit, size = self.scale
        # `step` counts an age in the unit the threshold itself is given in.
        return {
            "": str(self), "duration": self.duration, "words": self.words, "step": str(size), "step_words": WORDS[unit],
        }[how]  # fmt: skip


ALL: Final = (
    # Time a condition has to last.
    Threshold("grace", 10 * MINUTE, "seconds", "what passes within this time was on its way"),
    Threshold("short_grace", 2 * MINUTE, "seconds", "a process that is started anew is away for less than this"),
    Threshold("hold", 5 * MINUTE, "seconds",
              "an alert outlives a gap in the figures by this; longer than short_grace, or the gap would end it"),
    Threshold("service_down", 5 * MINUTE, "seconds", "a new version of the core is put in place within this"),
    # Machines of the fleet.
    Threshold("alone", 3 * DAY, "seconds", "a machine unheard of for longer is alone: no weekend is as long"),
    Threshold("silent_with_due", 20 * HOUR, "seconds",
              "a machine with cases due soon may be silent for a night, and no longer"),
    Threshold("stuck", limits.WAITING_S, "seconds", "an entry of a machine in contact waits no longer than this"),
    Threshold("unwell", 30 * MINUTE, "seconds", "a self-test may fail for this long, as it does while programs start"),
    Threshold("clock_off", 2 * MINUTE, "seconds", "a clock is wrong beyond this (registry.fleet.CLOCK_OFF_MS)"),
    Threshold("clock_off_for", 1 * HOUR, "seconds", "a clock sets itself right within this time"),
    Threshold("battery_low", 0.2, "ratio", "a battery below this does not last a morning"),
    Threshold("release_age", 7 * DAY, "seconds", "a machine may run what was the newest release this long ago"),
    Threshold("rolled_back_shown", 7 * DAY, "seconds", "a rollout that was undone is shown for so long"),
    # Disks.
    Threshold("disk_full_in", 2 * DAY, "seconds", "a disk that is full sooner than this has to be looked after now"),
    Threshold("disk_trend", 6 * HOUR, "seconds", "the rate at which a disk fills is that of this time"),
    Threshold("disk_history", 1 * HOUR, "seconds", "of less time than this a rate says nothing"),
    Threshold("disk_floor", 200 * 1024 * 1024, "bytes",
              "a disk is full at this: a counter takes nothing in below (settings.DISK_FLOOR_BYTES)"),
    # What the county keeps.
    Threshold("backup_tested", 8 * DAY, "seconds", "a restore is tried every Sunday, and one may be late by a day"),
    Threshold("backup_age", 30 * HOUR, "seconds", "a backup is made every night"),
    # Ingest.
    Threshold("ingest_stalled", 10 * MINUTE, "seconds", "ingest looks at every folder at least this often"),
    Threshold("ingest_lag_objective", 0.95, "ratio", "share of entries that are read in time"),
    Threshold("ingest_lag_target", 300, "seconds", "an entry is in time within this, from its sealing to its row"),
    Threshold("ingest_lag_tenants", 3, "count",
              "tenants that must send before the county is slow: one machine that comes back late is not"),
    Threshold("quarantine_window", 1 * DAY, "seconds", "new files in quarantine are told for so long"),
    Threshold("conflicts_waiting", 1 * DAY, "seconds", "the conflict desk is empty at least once in this time"),
    # Pages, jobs, cases.
    Threshold("counter_objective", 0.99, "ratio", "share of counter pages that are answered in time"),
    Threshold("counter_target", 0.3, "seconds", "a counter page is in time within this"),
    Threshold("counter_min_requests", 50, "count", "below so many pages in the long window a share says nothing"),
    Threshold("burn_fast", 14.4, "burn", "a month's allowance of late answers is gone in two days at this rate"),
    Threshold("burn_slow", 6, "burn", "a month's allowance is gone in five days at this rate"),
    Threshold("jobs_stuck", 15 * MINUTE, "seconds", "a job waits no longer than this"),
)  # fmt: skip

#: Where pictures change their colour, as on the console; no rule asks for them.
STALE: Final = Threshold("stale", limits.STALE_S, "seconds", "a machine unheard of for longer may be otherwise now")
SILENT: Final = Threshold("silent", limits.SILENT_S, "seconds", "a machine is switched off at night, and no longer")

THRESHOLDS: Final[Mapping[str, Threshold]] = {one.name: one for one in ALL}


def thresholds_with(changed: Mapping[str, float]) -> dict[str, Threshold]:
    """All thresholds, some with other values. Raises UnknownThreshold."""
    if unknown := sorted(changed.keys() - THRESHOLDS.keys()):
        raise UnknownThreshold(", ".join(unknown))
    return {name: replace(one, value=changed.get(name, one.value)) for name, one in THRESHOLDS.items()}
