"""The ingest process: waits for files from below and entries from the web, and does a round for whoever has news."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import FrameType

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from core.county.publishing.services import release_files_ensure
from core.county.registry.keys import core_identity
from core.county.registry.selectors import card_of
from core.county.registry.services.nodes import node_status_keep
from core.county.watch.instruments import ingest_turned
from core.domain.journal.place import here
from core.domain.journal.reader import ReadDesk
from core.exchange.cards import cards_publish
from core.exchange.courier_command import Turns
from core.exchange.folders import CATALOGUE
from core.exchange.machine import Machine
from core.exchange.notify import notify
from core.exchange.post import acks_write
from core.exchange.status import status_read
from core.tracing import trace_begin
from core.transport.spool import SpoolError
from core.transport.syncthing import SyncthingError
from tenants.connection import connection
from tenants.models import Tenant, schema_name_of

from .machine import cards_signed, machine_open, machine_still, plan_current
from .services import apply, nodes_anchor, nodes_settle, segment_count, segments_clear, tenant_round, tenant_turn
from .troubles import troubles_follow
from .wake import CHANNEL

_log = structlog.get_logger(__name__)
SWEEP_SECONDS = 3600.0
#: Cards are looked at this often: a node that enrols gets its folders this soon.
CARDS_SECONDS = 2.0
WAIT_SECONDS = 1.0


@dataclass
class News:
    """Nodes whose folders changed, schemas whose outboxes did."""

    nodes: set[str] = field(default_factory=set)
    schemas: set[str] = field(default_factory=set)


@dataclass
class Ingest:
    machine: Machine
    desk: ReadDesk = field(init=False)
    _news: queue.Queue[News] = field(default_factory=queue.Queue)
    _next_sweep: float = 0.0
    _next_cards: float = 0.0
    #: Waits for its turn at a tenant where another process has it (a courier's look), rather than pass it over.
    waits: bool = False
    _lain: tuple[int, dict[str, bytes]] = (0, {})

    def __post_init__(self) -> None:
        self.desk = replace(self.machine.read_desk(apply), told=segment_count)
        self.machine.carrier.apply(self.machine.plan.peers, self.machine.plan.folders)

    def watch_folders(self, stopped: threading.Event) -> None:
        """A thread: says which nodes' folders changed."""
        while not stopped.is_set():
            changed = self.machine.carrier.wait(WAIT_SECONDS)
            nodes = {node for node, folder in self.machine.plan.reads.items() if folder in changed}
            if nodes:
                self._news.put(News(nodes=nodes))

    def watch_outboxes(self, stopped: threading.Event) -> None:
        """A thread: says which tenants' outboxes got entries, by PostgreSQL's notifications."""
        while not stopped.is_set():
            try:
                self._listen(stopped)
            except (OperationalError, InterfaceError) as error:
                # What was notified meanwhile is found by the sweep that follows.
                _log.warning("listening_again", reason=str(error))
                self._next_sweep = 0.0
                stopped.wait(WAIT_SECONDS)
            finally:
                connection.close()

    def _listen(self, stopped: threading.Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        raw = connection.connection
        assert raw is not None
        while not stopped.is_set():
            for notice in raw.notifies(timeout=WAIT_SECONDS):
                self._news.put(News(schemas={notice.payload}))

    def run(self, stopped: threading.Event) -> None:
        """Rounds until `stopped`; a fault is said, and tried again with the next news or sweep."""
        threads = [threading.Thread(target=watch, args=(stopped,), daemon=True)
                   for watch in (self.watch_folders, self.watch_outboxes)]  # fmt: skip
        for thread in threads:
            thread.start()
        while not stopped.is_set():
            try:
                self.turn(WAIT_SECONDS)
                ingest_turned(at=time.time())
            except (OperationalError, InterfaceError, SpoolError, SyncthingError, OSError) as error:
                _log.error("turn_failed", reason=repr(error))
                connection.close()
                self._next_sweep = 0.0
                stopped.wait(WAIT_SECONDS)
            # Also after a turn that failed: starting anew would not bring a database back.
            notify("WATCHDOG=1")
        for thread in threads:
            thread.join(WAIT_SECONDS * 3)

    def turn(self, wait_seconds: float) -> int:
        """What the news ask for is done; returns how many entries moved."""
        news = self._gather(wait_seconds)
        connection.set_schema_to_public()
        self._plan_follow()
        if time.monotonic() >= self._next_sweep:
            news.nodes |= set(self.machine.plan.reads)
            news.schemas |= set(Tenant.objects.exclude(schema_name="public").values_list("schema_name", flat=True))
            release_files_ensure()
            self.machine.carrier.announce(CATALOGUE)
            self._next_sweep = time.monotonic() + SWEEP_SECONDS
            return self._rounds(news, sweep=True)
        return self._rounds(news)

    def _gather(self, wait_seconds: float) -> News:
        news = News()
        try:
            news = self._news.get(timeout=wait_seconds)
            while True:
                more = self._news.get_nowait()
                news.nodes |= more.nodes
                news.schemas |= more.schemas
        except queue.Empty:
            return news

    def look(self) -> int:
        """One turn that looks at everything, as after a start; returns how many entries moved."""
        self._next_sweep = self._next_cards = 0.0
        return self.turn(0.0)

    def _rounds(self, news: News, *, sweep: bool = False) -> int:
        authors: dict[str, list[str]] = {schema: [] for schema in news.schemas}
        for node in sorted(news.nodes):
            card = card_of(node)
            if card is not None:
                authors.setdefault(schema_name_of(card.tenant), []).append(node)
        moved = 0
        for schema, nodes in sorted(authors.items()):
            moved += self._round(schema, nodes, sweep=sweep)
            # A sweep after a month without a line has hundreds of tenants to read.
            notify("WATCHDOG=1")
        connection.set_schema_to_public()
        for node in sorted(news.nodes):
            status = status_read(self.machine, node)
            if status is not None:
                node_status_keep(status=status, at=timezone.now())
        return moved

    def _round(self, schema: str, nodes: list[str], *, sweep: bool) -> int:
        tenant = Tenant.objects.filter(schema_name=schema).first()
        if tenant is None:
            return 0
        connection.set_tenant(tenant)
        try:
            with trace_begin(), tenant_turn(schema, waits=self.waits) as mine:
                if not mine:
                    return 0
                nodes_anchor(nodes)
                done = tenant_round(self.machine, self.desk, nodes)
                troubles_follow(quarantine=self.machine.places.quarantine)
                if nodes_settle(nodes):
                    self._next_cards = 0.0
                if sweep:
                    self._tend(nodes)
        finally:
            connection.set_schema_to_public()
        return done.sealed + done.read

    def _tend(self, nodes: list[str]) -> None:
        """What needs no hurry: nodes hear what a backup has secured, and what they have secured is cleared away."""
        for node in nodes:
            acks_write(self.machine, here(), node)
        segments_clear(self.machine)

    def _plan_follow(self) -> None:
        if time.monotonic() < self._next_cards:
            return
        self._next_cards = time.monotonic() + CARDS_SECONDS
        self.machine.identity = core_identity()
        plan = plan_current()
        if plan != self.machine.plan:
            self.machine.plan = plan
            self.machine.carrier.apply(plan.peers, plan.folders)
            self._next_sweep = 0.0
        lain = (self.machine.identity.card.serial, cards_signed())
        if lain != self._lain:
            cards_publish(self.machine, lain[1])
            self._lain = lain


def courier_turns() -> Turns:
    """The core for a courier: no connection, one look at a time beside a running ingest process."""
    machine = machine_still()
    return Turns(machine, Ingest(machine, waits=True).look)


def ingest_run(ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM or SIGINT. Raises SyncthingMissing, SyncthingError at the start."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    machine, end = machine_open()
    try:
        ingest = Ingest(machine)
        notify("READY=1")
        ready()
        ingest.run(stopped)
    finally:
        end()
