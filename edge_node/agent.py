"""The agent: the one process of a node that carries its journal. Seals, reads, applies releases, says how it is.

It may be killed at any moment and started again; it holds nothing that is not on the disk.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

import structlog
from django.conf import settings
from django.db import transaction
from msgspec.structs import replace

from core.domain.journal.clock import physical_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.models import OutboxItem
from core.domain.journal.place import CORE, Here, NotEnrolled
from core.domain.journal.policy import policy
from core.domain.journal.reader import ReadDesk
from core.domain.journal.sealer import segments_prune
from core.exchange import post
from core.exchange.cards import cards_lying
from core.exchange.courier_command import Turns
from core.exchange.folders import CATALOGUE
from core.exchange.machine import Machine
from core.exchange.notify import notify
from core.exchange.releases import releases_apply, releases_republish
from core.exchange.returned import returned_publish
from core.exchange.status import network_write, status_make, status_write
from core.transport.spool import SpoolError
from core.transport.syncthing import SyncthingError

from .applying import apply
from .checks import health_code
from .enrolment import cards_apply
from .identity import identity, standing
from .machine import machine_open, machine_still, plan_current
from .relaying import rollout_relay
from .rollout_said import rollout_said
from .version import VERSION

_log = structlog.get_logger(__name__)
#: Entries wait this long for company before they are sealed, or until a segment is full (sync.md, Writing).
SEAL_AFTER_MS = 2_000
SEAL_AT = 500
#: How long one look at the folders waits for an event; also how soon a new entry is noticed. Seconds.
LOOK_SECONDS = 0.5
STATUS_SECONDS = 15.0
#: The truth is a sweep of the folders against the cursors; events are hints.
SWEEP_SECONDS = 3600.0
DAY_MS = 24 * 3600 * 1000


@dataclass
class Agent:
    """`turn` does what there is to do once; `run` does so until told to stop.

    A revoked node still reads and says how it is, and sends nothing of its work. One in whose place another machine
    stands does nothing at all until it is enrolled again.
    """

    machine: Machine
    version: str
    desk: ReadDesk = field(init=False)
    _next_status: float = 0.0
    _next_sweep: float = 0.0
    _next_test: float = 0.0
    _health: int = 0
    _refused: str = ""

    def __post_init__(self) -> None:
        self.desk = self.machine.read_desk(apply)
        self.machine.carrier.apply(self.machine.plan.peers, self.machine.plan.folders)

    def run(self, stopped: threading.Event) -> None:
        """Turns until `stopped`, or until the machine was enrolled anew and has to be opened anew.

        A full disk or a broken folder is said and tried again; nothing is lost meanwhile.
        """
        while not stopped.is_set() and not self.is_outdated():
            try:
                self.turn(LOOK_SECONDS)
            except NotEnrolled as error:
                self._refusal_say(str(error))
                stopped.wait(LOOK_SECONDS * 4)
            except (SpoolError, SyncthingError, OSError) as error:
                _log.error("turn_failed", reason=repr(error))
                stopped.wait(LOOK_SECONDS * 4)
            # Also after a turn that failed: starting anew would not mend a full disk.
            notify("WATCHDOG=1")

    def turn(self, wait_seconds: float) -> post.Round:
        """One round: what came in, what goes out, a newer catalogue, changed cards, the status when it is due.

        Raises NotEnrolled, NodeReplaced; the connection is kept.
        """
        changed = self.machine.carrier.wait(wait_seconds)
        sweep = time.monotonic() >= self._next_sweep
        if changed or sweep:
            self._cards_follow(sweep)
        where = standing()
        done = self._receive(changed, where, sweep=sweep)
        self._plan_follow()
        if identity().card.revoked:
            self._refusal_say("revoked")
        else:
            self._refused = ""
            if self._seal_due():
                done.sealed = post.send(self.machine, where).sealed
        if time.monotonic() >= self._next_status or done.read or done.acks:
            self.report()
        return done

    def is_outdated(self) -> bool:
        """Whether this machine's card has become another epoch's, or other keys', than it was opened with."""
        try:
            now, then = identity().card, self.machine.identity.card
        except NotEnrolled:
            return False
        return (now.epoch, now.verify_key, now.recipient, now.device_id) != (
            then.epoch, then.verify_key, then.recipient, then.device_id
        )  # fmt: skip

    def _refusal_say(self, reason: str) -> None:
        """Once, not twice a second: it may last for weeks."""
        if reason != self._refused:
            _log.error("node_refused", reason=reason)
            self._refused = reason

    def _receive(self, changed: set[str], where: Here, *, sweep: bool) -> post.Round:
        plan = self.machine.plan
        authors = [author for author, folder in plan.reads.items() if sweep or folder in changed]
        done = post.receive(self.machine, where, self.desk, authors)
        if sweep or plan.catalogue_in in changed:
            self.catalogue_follow()
        if sweep or changed & {plan.catalogue_in, plan.rollout_in}:
            rollout_relay(self.machine)
        if sweep:
            self._prune(where)
            self._next_sweep = time.monotonic() + SWEEP_SECONDS
        return done

    def _cards_follow(self, sweep: bool) -> None:
        """Cards that came as files are held where they are newer; the county's new epoch gets its own words back."""
        news = 0
        for data in cards_lying(self.machine):
            try:
                with transaction.atomic():
                    news += cards_apply([data])
            except JournalError as error:
                _log.warning("card_refused", reason=repr(error))
        if news or sweep:
            returned_publish(self.machine, since_ms=physical_ms() - policy("retention_days") * DAY_MS)

    def catalogue_follow(self) -> None:
        """The newest release is applied, and lies in the folder of those below."""
        plan, folders = self.machine.plan, self.machine.places.folders
        core = self.machine.cards(CORE)
        if core is None:
            return
        # The courier may bring a town's folder, or the county's own.
        for source in (*self.machine.ways_in(plan.catalogue_in), self.machine.places.inbox / CATALOGUE):
            number = releases_apply(source, core)
            if number:
                _log.info("release_applied", number=number)
            if plan.catalogue_out:
                for name in releases_republish(source, folders / plan.catalogue_out, core):
                    self.machine.carrier.announce(plan.catalogue_out, name)

    def _plan_follow(self) -> None:
        """New cards mean new folders; a sweep then finds what lies in them already."""
        self.machine.identity = identity()
        plan = plan_current()
        if plan != self.machine.plan:
            self.machine.plan = plan
            self.machine.carrier.apply(plan.peers, plan.folders)
            self._next_sweep = 0.0

    def _seal_due(self) -> bool:
        waiting = OutboxItem.objects.filter(seq=None).order_by("id").values_list("queued_at_ms", flat=True)[:SEAL_AT]
        ages = list(waiting)
        # Queued in what the clock calls the future: it has jumped back, and nobody shall wait until it is there again.
        return bool(ages) and (len(ages) >= SEAL_AT or not 0 <= physical_ms() - ages[0] < SEAL_AFTER_MS)

    def report(self) -> None:
        """The county and this node's own pages know how it is."""
        if time.monotonic() >= self._next_test:
            # Asked of its own pages too: not after each segment that was read.
            self._health, self._next_test = health_code(), time.monotonic() + STATUS_SECONDS
        said = rollout_said()
        status = replace(
            status_make(self.machine, standing(), version=self.version), health=self._health,
            rollout_outcome=said.outcome, rollout_version=said.version, rollout_reason=said.reason,
            rollout_at_ms=said.at_ms,
        )  # fmt: skip
        status_write(self.machine, status)
        network_write(settings.VAR_DIR, status)
        self._next_status = time.monotonic() + STATUS_SECONDS

    def _prune(self, where: Here) -> None:
        before = physical_ms() - policy("retention_days") * DAY_MS
        segments_prune(here=where, desk=self.machine.desk(), before_ms=before)


def agent_run(version: str, ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM or SIGINT. Raises NotEnrolled, SyncthingMissing, SyncthingError at the start."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopped.is_set():
        machine, end = machine_open()
        try:
            agent = Agent(machine, version)
            agent.report()
            notify("READY=1")
            ready()
            agent.run(stopped)
        finally:
            end()


def courier_turns() -> Turns:
    """This node for a courier: no connection, one turn at a time beside a running agent. Raises NotEnrolled."""
    machine = machine_still()
    agent = Agent(machine, VERSION)

    def turn() -> int:
        done = agent.turn(0.0)
        if not identity().card.revoked:
            done.sealed += post.send(machine, standing()).sealed
        agent.report()
        return done.read + done.sealed

    return Turns(machine, turn)
