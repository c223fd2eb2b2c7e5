"""The real services on the real database act on a case at once with machines that are models (tests/machines.py).

Here one of the three machines, in turn the village and the county, is this database: it acts through the services of
core.domain.cases and reads what the two others wrote through entries_apply, in any batches, out of order between
streams, with duplicates. All end in the same state hash, and so does the replay of everybody's entries.
"""

from collections.abc import Callable
from random import Random

import pytest
from django.db import transaction
from msgspec.structs import replace

from core.domain.cases import models
from core.domain.cases.bulk import entries_apply
from core.domain.cases.errors import CaseRefusal
from core.domain.cases.lifecycle import IllegalTransition
from core.domain.cases.merge import replay
from core.domain.cases.refold import cases_refold
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState, state_bytes, state_hash
from core.domain.cases.writing import act_on
from core.domain.journal import bodies as b
from core.domain.journal.format import Entry
from core.domain.journal.models import Entry as EntryRow
from core.domain.journal.place import Here
from core.domain.journal.selectors import entries_of_case
from core.domain.staff.actors import Actor
from tests import place
from tests.domain import build
from tests.domain.acts import WAYS, everything
from tests.machines import NODES, World, step_likely
from tests.samples import BODIES, CASE, CORE, VILLAGE

pytestmark = pytest.mark.django_db

ACTS = 120


class Day:
    """`here` is this database's machine; the world's machine of that node only passes on what it wrote."""

    def __init__(self, here: Here, seed: int) -> None:
        self.node, self.random = here.node, Random(seed)
        item = build.CARD if seed % 2 else build.ALLOWANCE
        self.world = World(opening=replace(BODIES["case.opened"], item_code=item))
        self.here = self.world.machines[here.node]
        self.refused = self.done = 0
        self.world.open()
        self.read(CORE, 1)
        if self.node == VILLAGE:
            entries_apply(self.here.wrote)

    @property
    def state(self) -> CaseState | None:
        return case_state(CASE) if models.Case.objects.filter(pk=CASE).exists() else None

    def act_here(self) -> None:
        """One act through its service; a refusal changes nothing and journals nothing."""
        state = self.state
        if state is None:
            return
        kind = self.random.choice(["case.forwarded", "custody.taken", *[step_likely(state, self.random)] * 18])
        before, known = everything(), set(EntryRow.objects.values_list("pk", flat=True))
        try:
            self.call(kind, state)
        except (CaseRefusal, IllegalTransition):
            assert everything() == before
            self.refused += 1
        wrote = [one for one in entries_of_case(CASE) if one.id not in known]
        self.done += len(wrote)
        self.here.wrote += sorted(wrote, key=lambda one: one.at)

    def call(self, kind: str, state: CaseState) -> None:
        way = WAYS[kind]
        if kind == "case.forwarded" and self.node == CORE:
            with transaction.atomic():
                act = self.appending(way.actor)
                act(b.CaseForwarded(to=self.random.choice(NODES), power="review"))
        elif kind == "rating.followed" and state.ratings:
            with transaction.atomic():
                self.appending(way.actor)(BODIES[kind])
        else:
            way.call(CASE, way.actor)

    def appending(self, actor: Actor) -> Callable[[b.Body], CaseState]:
        return act_on(CASE, actor, needs_custody=False).append

    def act_elsewhere(self, node: str) -> None:
        state = self.world.machines[node].copy.state
        body = BODIES[step_likely(state, self.random)]
        if self.random.random() < 0.12:
            body = b.CaseForwarded(to=self.random.choice(NODES), power="review")
        elif node == CORE and self.random.random() < 0.03:
            body = BODIES["custody.taken"]
        self.world.act(node, body, force=self.random.random() < 0.1)

    def read(self, author: str, count: int) -> None:
        """Whoever is not this database reads the author's stream on; the database does if the author is another."""
        for reader in NODES:
            if reader not in (author, self.node) and self.random.random() < 0.7:
                self.world.read(reader, author, count)
        if author != self.node:
            since = self.here.heard.get(author, 0)
            batch = self.world.machines[author].wrote[since : since + count]
            self.here.heard[author] = since + len(batch)
            self.apply(batch)

    def apply(self, batch: list[Entry]) -> None:
        again = self.random.sample(batch, min(len(batch), 2)) + self.world.machines[VILLAGE].wrote[:1]
        with transaction.atomic():
            entries_apply([*batch, *again] if self.state is not None else batch)

    def play(self) -> None:
        for _ in range(ACTS):
            lot = self.random.random()
            if lot < 0.45:
                self.act_here()
            elif lot < 0.75:
                self.act_elsewhere(self.random.choice([node for node in NODES if node != self.node]))
            else:
                self.read(self.random.choice(NODES), self.random.randint(1, 6))

    def settle(self) -> None:
        """Everybody reads everything, this database in no order between the streams."""
        rest = [node for node in NODES if node != self.node]
        self.random.shuffle(rest)
        for author in rest:
            while self.here.heard.get(author, 0) < len(self.world.machines[author].wrote):
                self.read(author, self.random.randint(1, 9))
        for reader in rest:
            for author in NODES:
                if author != reader:
                    self.world.read(reader, author, 10_000)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("here", [place.VILLAGE, place.HALL], ids=["village", "county"])
def test_the_database_and_the_machines_end_with_equal_state_hashes(catalogue, monkeypatch, here, seed):
    build.stand(monkeypatch, here)
    day = Day(here, seed)
    day.play()
    day.settle()
    entries = day.world.entries
    row = models.Case.objects.get(pk=CASE)
    hashes = {bytes(row.state_hash)}
    hashes |= {machine.copy.digest for node, machine in day.world.machines.items() if node != here.node}
    # Which of two entries at one rev was read first is known by whoever read them: both sides of it are refused here.
    refused = set(models.Flag.objects.filter(applied=False).values_list("entry_id", flat=True))
    whole = replay(entries, refused=refused)
    assert whole.state is not None
    assert hashes == {state_hash(state_bytes(whole.state))}
    assert EntryRow.objects.count() == len(entries)
    # What a node wrote far ahead of the rev at which the county took the case waits, at least until the next news.
    waits = set(models.ParkedEntry.objects.values_list("pk", flat=True))
    assert waits <= {one.id for one in whole.parked} | {one.id for one, _ in whole.refused}
    assert cases_refold().different == []
    assert day.done and day.refused
