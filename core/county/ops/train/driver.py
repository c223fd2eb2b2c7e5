"""The train itself: asks, plays, waits for the county's verdict, goes on or stops and puts back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from . import judging
from .county import County
from .plan import Size, size_at
from .plays import Ansible, HostResult, Standing
from .publishing import ring_publish, rings_withdraw
from .record import Batch, Host, Record, Shelf, now
from .show import Show, hosts_words
from .soak import PAUSE_SECONDS, Soaked, soak
from .soaking import Fleet, is_silent, moment

GOOD_OUTCOMES = frozenset({"done", "unchanged"})


class NoCanary(Exception):
    """Of the first ring no machine answers: the version would be tried on others first."""


@dataclass(frozen=True)
class Orders:
    """What the operator wants. `soak_seconds` 0: nobody asks the county, and the nodes' own facts decide."""

    version: str
    bundle: Path
    sizes: tuple[Size, ...]
    max_fail: float = 0.0
    soak_seconds: float = 600.0
    pause_seconds: float = PAUSE_SECONDS
    everyone_back: bool = False
    check: bool = False
    #: Whether only some machines were chosen: then nothing is published, which is for whole rings.
    limited: bool = False


@dataclass
class Train:
    """One run of it over the chosen hosts; the record is on disk before every step that changes a machine."""

    orders: Orders
    record: Record
    shelf: Shelf
    ansible: Ansible
    county: County
    show: Show
    chosen: set[str] = field(default_factory=set)

    def run(self) -> str:
        """The outcome, which the record has too. Raises NoCanary, PlayFailed, AnsibleMissing, CountyUnread."""
        rings = self.record.rings(self.chosen)
        if self.orders.soak_seconds:
            self._fleet()
        every = sorted({self.record.hosts[name].ring for name in self.chosen})
        for ring in every:
            if not self._ring(ring, rings.get(ring, []), first=ring == min(rings, default=ring)):
                if not self.orders.check:
                    rings_withdraw(self)
                return self._ended("stopped")
            if not self.orders.check:
                ring_publish(self, ring, first=ring == every[0])
        states = [one.state for one in self.record.hosts.values() if not one.pull]
        outcome = judging.outcome_of(states, stopped=False)
        return self._ended("left" if outcome == "done" and self.record.unpublished else outcome)

    def _ended(self, outcome: str) -> str:
        words = {
            "done": _("%(version)s runs on all machines that can be reached."),
            "left": _("%(version)s is on its way; some machines are left for the run that catches up (--resume)."),
            "stopped": _("The train of %(version)s was stopped."),
        }
        if self.orders.check:
            words["done"] = words["left"] = _("%(version)s was tried without changing anything.")
        self.record.outcome, self.record.ended_at = outcome, now()
        self.record.words = words[outcome] % {"version": self.orders.version}
        self.save()
        return outcome

    def save(self) -> None:
        if not self.orders.check:
            self.shelf.write(self.record)

    def _ring(self, ring: int, names: list[str], *, first: bool) -> bool:
        """Whether the train may go on after this ring. Raises NoCanary."""
        todo = [name for name in names if self.record.hosts[name].state == judging.WAITING]
        number = 0
        while todo:
            batch, todo = self._fill(ring, todo, size_at(self.orders.sizes, number, ring=len(names)))
            if batch and not self._batch(ring, batch):
                return False
            number += 1
        if first and names and not any(self.record.hosts[name].state == judging.DONE for name in names):
            raise NoCanary(hosts_words(names))
        return True

    def _fill(self, ring: int, todo: list[str], size: int) -> tuple[list[str], list[str]]:
        """So many hosts that answer, and those whose turn comes later: one that is off line proves nothing."""
        batch: list[str] = []
        title = _("Ring %(ring)s: asking who answers") % {"ring": ring}
        while todo and len(batch) < size:
            asked, todo = todo[: size - len(batch)], todo[size - len(batch) :]
            with self.show.during(title):
                standing = self.ansible.ask(asked, told=self.show.now)
            fleet = self._fleet() if self.orders.soak_seconds else None
            batch += [name for name in asked if self._fits(self.record.hosts[name], standing[name], fleet)]
        self.save()
        return batch, todo

    def _fits(self, host: Host, standing: Standing | None, fleet: Fleet | None) -> bool:
        """Whether the host can prove something; what it was before its turn is remembered, and else why it cannot."""
        if standing is None:
            host.state, host.reason = judging.OFFLINE, _("It does not answer.")
            return False
        report = fleet.by_node().get(host.node) if fleet else None
        # One that was in a batch cut short may be silent because of the version; that is judged, not waited for.
        if fleet and report and host.before is None and is_silent(report, at=fleet.at):
            host.state, host.reason = judging.SILENT, _("The county has not heard of it for long.")
            return False
        host.former = host.former or standing.current
        host.before = host.before or report
        host.by_facts = host.before is None
        return True

    def _batch(self, ring: int, names: list[str]) -> bool:
        """Whether the train may go on after this batch; else what it changed has been put back."""
        batch = Batch(number=len(self.record.batches) + 1, ring=ring, hosts=names)
        self.record.batches.append(batch)
        for name in names:
            host = self.record.hosts[name]
            host.state, host.batch, host.reason = judging.RUNNING, batch.number, ""
        self.save()
        self.show.line(_("Ring %(ring)s, batch %(n)s: %(hosts)s")
                       % {"ring": ring, "n": batch.number, "hosts": ", ".join(names)}, style="bold")  # fmt: skip
        with self._phase(batch, "play"):
            since = self._play(names)
        if not self._too_many(names) and not self.orders.check and self.orders.soak_seconds:
            with self._phase(batch, "soak"):
                self._soak({name: at for name, at in since.items() if not self.record.hosts[name].by_facts})
        for name in names:
            host = self.record.hosts[name]
            host.state = judging.DONE if host.state == judging.RUNNING else host.state
            self.show.host(name, host.state, host.reason)
        batch.failed = [name for name in names if self.record.hosts[name].state in judging.FAILURES]
        stops = self._too_many(names)
        batch.phase = "stopped" if stops else "passed"
        self.save()
        self.show.batch(batch)
        self._after(batch, stops)
        return not stops

    def _after(self, batch: Batch, stops: bool) -> None:
        """A stopped train puts back; one that goes on puts back those that are not well."""
        if self.orders.check:
            return
        states = {name: one.state for name, one in self.record.hosts.items() if not one.pull}
        unwell = [name for name in batch.hosts if states[name] == judging.UNWELL]
        everyone = stops and self.orders.everyone_back
        concerned = judging.concerned(states, batch=batch.hosts if stops else unwell, everyone=everyone)
        if concerned:
            with self._phase(batch, "rollback", keep=True):
                self._put_back(concerned)

    def _play(self, names: list[str]) -> dict[str, datetime]:
        """When each host that took the version says that it did; of the others it is known what became of them."""
        variables = {"yizhan_version": self.orders.version, "yizhan_bundle": str(self.orders.bundle)}
        results = self.ansible.play("edge.yml", names, variables, check=self.orders.check, told=self.show.now)
        reached = [name for name in names if name in results and not results[name].unreachable]
        standing = self.ansible.ask(reached, told=self.show.now) if reached and not self.orders.check else {}
        since = {}
        for name in names:
            host = self.record.hosts[name]
            host.state, host.reason = self._played(results.get(name), standing.get(name))
            found = standing.get(name)
            if host.state == judging.RUNNING and found:
                since[name] = moment(str(found.facts.get("ended_at", "")))
        self.save()
        return since

    def _played(self, result: HostResult | None, standing: Standing | None) -> tuple[str, str]:
        """State and reason of a host after its play, by Ansible's word and by its own facts."""
        if result is None or result.unreachable:
            return judging.LOST, result.reason if result else _("The play does not speak of it.")
        if result.failures:
            return judging.FAILED, str(standing.facts.get("reason", "") if standing else "") or result.reason
        if self.orders.check:
            return judging.RUNNING, ""
        if standing is None:
            return judging.LOST, _("It does not answer any more after the play.")
        outcome = str(standing.facts.get("outcome", ""))
        if standing.current != self.orders.version or outcome not in GOOD_OUTCOMES:
            reason = str(standing.facts.get("reason", "")) or outcome
            return judging.FAILED, _("It runs %(version)s: %(reason)s") % {
                "version": standing.current or "-", "reason": reason,
            }  # fmt: skip
        return judging.RUNNING, ""

    def _soak(self, since: dict[str, datetime]) -> None:
        """Hosts that the county does not see well in time are unwell, with the rule that does not hold."""
        hosts = {name: self.record.hosts[name] for name in since}
        batch = {name: Soaked(one.node, one.before, since[name]) for name, one in hosts.items() if one.before}
        verdicts = soak(
            batch, version=self.orders.version, fleet=self.county.fleet, seconds=self.orders.soak_seconds,
            pause=self.orders.pause_seconds, told=lambda good: self.show.now(f"{good}/{len(batch)}"),
        )  # fmt: skip
        for name, verdict in verdicts.items():
            if not verdict.good:
                hosts[name].state, hosts[name].reason = judging.UNWELL, f"{verdict.fault}: {verdict.sentence}"

    def _put_back(self, names: list[str]) -> None:
        """Those of the names that this train brought to the version run what they ran before, or are known not to."""
        hosts, version = self.record.hosts, self.orders.version
        runs = {name: found.current if found else "" for name, found in self.ansible.ask(names).items()}
        back = judging.goes_back(runs, {name: hosts[name].former for name in names}, version=version)
        for name in names:
            if not runs[name] and hosts[name].state in (judging.DONE, judging.UNWELL):
                hosts[name].state = judging.STUCK
        if back:
            variables = {"rollback_from": version, "rollback_reason": _("The train was stopped.")}
            self.ansible.play("rollback.yml", back, variables, told=self.show.now)
            for name, found in self.ansible.ask(back).items():
                well = found is not None and found.current not in ("", version)
                hosts[name].state = judging.ROLLED_BACK if well else judging.STUCK
                self.show.host(name, hosts[name].state, hosts[name].reason)
        self.save()

    def _too_many(self, names: list[str]) -> bool:
        return judging.too_many((self.record.hosts[name].state for name in names), max_fail=self.orders.max_fail)

    def _fleet(self) -> Fleet:
        return self.county.fleet()

    @contextmanager
    def _phase(self, batch: Batch, name: str, *, keep: bool = False) -> Iterator[None]:
        """The phase is on record while it lasts, and its seconds afterwards."""
        if not keep:
            batch.phase = name
        titles = {"play": _("installing"), "soak": _("waiting for the county"), "rollback": _("putting back")}
        began = time.monotonic()
        self.save()
        try:
            with self.show.during(_("Batch %(n)s: %(what)s") % {"n": batch.number, "what": titles[name]}):
                yield
        finally:
            batch.seconds[name] = round(time.monotonic() - began, 1)
