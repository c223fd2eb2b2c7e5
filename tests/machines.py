"""Machines without databases: each has its copies of cases, writes its own entries, and reads those of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from core.domain.cases.lifecycle import RULES, IllegalTransition, require_allowed
from core.domain.cases.merge import merge, replay
from core.domain.cases.state import CaseState, state_bytes, state_hash
from core.domain.journal import bodies as b
from core.domain.journal.format import Entry
from tests.samples import BODIES, CASE, CASE_KINDS, CORE, START, TOWN, VILLAGE, entry_id

NODES = (VILLAGE, TOWN, CORE)
#: Every kind but those that say who has the case.
STEPS = sorted(CASE_KINDS - {"case.opened", "case.forwarded", "custody.taken"})
#: A day on which every other act ends the case would be short.
ENDS = {"case.refused", "case.lapsed", "case.withdrawn", "case.terminated"}
#: What brings a case on without a state of its own.
AHEAD = {"opinion.recorded", "clock.resumed"}


def step_likely(state: CaseState | None, random: Random) -> str:
    """Mostly what brings a case of this state on, often what the procedure knows for it, sometimes anything."""
    if state is None or random.random() < 0.25:
        return random.choice(STEPS)
    lawful = [kind for kind in STEPS if state.status in RULES[kind].allowed]
    if random.random() < 0.05:
        return random.choice(lawful)
    going_on = [kind for kind in lawful if kind not in ENDS]
    ahead = [kind for kind in going_on if RULES[kind].to or kind in AHEAD]
    return random.choice(ahead if ahead and random.random() < 0.6 else going_on)


class Copy:
    """A reader's copy of the case, as cases/bulk.py keeps it."""

    def __init__(self) -> None:
        self.state: CaseState | None = None
        self.known: dict[UUID, Entry] = {}
        self.parked: list[Entry] = []
        self.reasons: dict[UUID, str] = {}

    def read(self, batch: Sequence[Entry]) -> None:
        new = {one.id: one for one in batch if one.id not in self.known}
        self.known |= new
        merged = merge(self.state, [*self.parked, *new.values()])
        if merged.needs_replay:
            merged = replay(self.known.values(), refused=set(self.reasons))
            self.reasons = {}
        self.state, self.parked = merged.state, merged.parked
        self.reasons |= {one.id: reason for one, reason in merged.refused}

    @property
    def wire(self) -> bytes:
        return b"" if self.state is None else state_bytes(self.state)

    @property
    def digest(self) -> bytes:
        return state_hash(self.wire)


class NotHere(Exception):
    """The machine has no copy of the case, or somebody else may move it."""


@dataclass
class Machine:
    """`wrote` is its stream, `heard` how far it has read each other's."""

    node: str
    copy: Copy = field(default_factory=Copy)
    wrote: list[Entry] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)

    def may(self, body: b.Body) -> None:
        """What the services ask before they write. Raises NotHere, IllegalTransition."""
        state, kind = self.copy.state, b.kind_of(body)
        if state is None:
            raise NotHere
        require_allowed(kind, state.status)
        taken = isinstance(body, b.CustodyTaken)
        allowed = self.node == CORE if taken else kind in b.COMMUTING or state.custodian == self.node
        if not allowed:
            raise NotHere


@dataclass
class World:
    """Three machines and one case, opened at the village's. Ids and times grow in the order things are done."""

    opening: b.Body = field(default_factory=lambda: BODIES["case.opened"])
    machines: dict[str, Machine] = field(default_factory=lambda: {node: Machine(node) for node in NODES})
    count: int = 0

    def open(self) -> None:
        self._write(self.machines[VILLAGE], self.opening, 1)

    def act(self, node: str, body: b.Body, *, force: bool = False) -> Entry | None:
        """The machine writes the entry by what it knows, if it may; `force` is a machine that does not ask.

        None where it may not; then nothing has changed.
        """
        machine = self.machines[node]
        state = machine.copy.state
        try:
            machine.may(body)
        except (NotHere, IllegalTransition):
            if not force or state is None:
                return None
        assert state is not None
        return self._write(machine, body, 0 if b.kind_of(body) in b.COMMUTING else state.rev + 1)

    def _write(self, machine: Machine, body: b.Body, rev: int) -> Entry:
        self.count += 1
        state = machine.copy.state
        at = max(START + (self.count * 1000 << 16), state.updated_at + 1 if state else 0)
        one = Entry(
            id=entry_id(self.count), case_id=CASE, rev=rev, author=machine.node, actor="agent1", at=at, release=1,
            body=body,  # type: ignore[arg-type]
        )  # fmt: skip
        machine.wrote.append(one)
        machine.copy.read([one])
        return one

    @property
    def entries(self) -> list[Entry]:
        return [one for machine in self.machines.values() for one in machine.wrote]

    def read(self, reader: str, author: str, count: int) -> list[Entry]:
        """The next entries of the author's stream, which the reader reads in one batch."""
        machine = self.machines[reader]
        since = machine.heard.get(author, 0)
        batch = self.machines[author].wrote[since : since + count]
        machine.heard[author] = since + len(batch)
        machine.copy.read(batch)
        return batch

    def settle(self) -> None:
        """Everybody has read everything."""
        for reader in self.machines:
            for author in self.machines:
                if author != reader:
                    self.read(reader, author, len(self.entries))
