"""Whether a machine is well with its new version, judged by what it says to the county. A table of rules, no doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: While a version is exchanged the agent is down for a minute; so many entries come together at the busiest counter.
WAITING_MAY_GROW: Final = 100
#: Beyond this the county calls a clock wrong (core.county.registry.fleet).
CLOCK_OFF_MS: Final = 120_000
#: For so long may a machine have been silent before its turn: longer than any reconnection of the hub.
SILENT_SECONDS: Final = 600.0


class Rollout(msgspec.Struct, frozen=True):
    """What became of the last exchange of versions at a node, as it says itself."""

    outcome: str = ""
    version: str = ""
    reason: str = ""
    at: datetime | None = None


class Report(msgspec.Struct, frozen=True):
    """A machine as the county sees it (manage.py fleet --json). Ages in seconds, sizes in bytes."""

    node: str
    name: str = ""
    tenant: str = ""
    level: str = ""
    ring: int = 2
    version: str = ""
    release: int = 0
    #: Exit code of its own self-test: 0 well, 1 wants attention, 3 database, 4 a service does not answer.
    health: int = 0
    #: When the county last heard of it, by the county's clock.
    last_contact: datetime | None = None
    #: When its status was made, by its own clock.
    made_at: datetime | None = None
    waiting: int = 0
    oldest_waiting_s: int = 0
    open_cases: int = 0
    #: Streams it holds, and those of its own that the county holds.
    held: tuple[str, ...] = ()
    held_at_county: tuple[str, ...] = ()
    clock_offset_ms: int | None = None
    disk_free: int = 0
    disk_total: int = 0
    rollout: Rollout = Rollout()


class Fleet(msgspec.Struct, frozen=True):
    """Every machine that is enrolled, and the county's clock when it was asked."""

    at: datetime
    nodes: tuple[Report, ...] = ()

    def by_node(self) -> dict[str, Report]:
        return {one.node: one for one in self.nodes}


@dataclass(frozen=True)
class Case:
    """One machine to be judged: as it was before its turn, as it is now, the version it was given."""

    before: Report
    now: Report
    version: str


@dataclass(frozen=True)
class Rule:
    """`sentence` says what is wrong where the rule does not hold. What is `final` does not get better by waiting."""

    name: str
    sentence: Promise
    holds: Callable[[Case], bool]
    final: bool = False


def _held(report: Report) -> set[str]:
    return {*report.held, *report.held_at_county}


#: Each compares with what was before the switch: an old fault is none of the version's.
RULES: Final = (
    Rule("undone", _("It put the former version back by itself."),
         lambda case: case.now.rollout.outcome != "rolled_back", final=True),
    Rule("version", _("It reports another version than the new one."),
         lambda case: case.now.version == case.version),
    Rule("health", _("Its self-test is worse than before the new version."),
         lambda case: case.now.health <= case.before.health),
    Rule("held", _("A stream stands still that flowed before."),
         lambda case: _held(case.now) <= _held(case.before)),
    Rule("waiting", _("More entries wait to be sent than an exchange of versions explains."),
         lambda case: case.now.waiting - case.before.waiting <= WAITING_MAY_GROW),
    Rule("clock", _("Its clock has become wrong."),
         lambda case: not _off(case.now) or _off(case.before)),
)  # fmt: skip
#: Not a rule of the table: nothing is known to which one could apply.
UNHEARD: Final = _("It has not reported to the county since the switch.")


def _off(report: Report) -> bool:
    return abs(report.clock_offset_ms or 0) > CLOCK_OFF_MS


@dataclass(frozen=True)
class Verdict:
    """What the county says of one machine: `fault` is the rule's name, "" where all hold, "unheard" before it spoke."""

    fault: str
    sentence: str
    final: bool = False

    @property
    def good(self) -> bool:
        return not self.fault


def judge(before: Report, now: Report | None, *, version: str, since: datetime) -> Verdict:
    """The first rule that does not hold. `since` is when the node itself says that it switched, by its own clock:
    only a status made later says anything about the new version.
    """
    if now is None or now.made_at is None or now.made_at <= since:
        return Verdict("unheard", str(UNHEARD))
    case = Case(before=before, now=now, version=version)
    for rule in RULES:
        if not rule.holds(case):
            return Verdict(rule.name, str(rule.sentence), final=rule.final)
    return Verdict("", "")


def is_silent(report: Report, *, at: datetime) -> bool:
    """Whether the county has not heard of it for so long that it could not judge it either."""
    return report.last_contact is None or (at - report.last_contact).total_seconds() > SILENT_SECONDS


def moment(text: str) -> datetime:
    """A time as a node writes it (facts.json); the beginning of time where it says none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, tz=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
