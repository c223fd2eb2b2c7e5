"""Three machines act on one case at once, legally or not, and read each other whenever they can: all end up the same.

Without databases (tests/machines.py), so that hypothesis can try very many of them; tests/domain/test_convergence.py
has one of the machines be the real services on the real database.
"""

from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.domain.cases.lifecycle import CLOSED, RULES
from core.domain.cases.merge import replay
from core.domain.cases.state import state_bytes
from core.domain.journal import bodies as b
from core.domain.journal.format import Entry
from tests.machines import NODES, STEPS, Copy, World, step_likely
from tests.samples import BODIES, CORE

nodes = st.sampled_from(NODES)
kinds = st.sampled_from(STEPS)


def lawful(world: World, node: str) -> list[str]:
    state = world.machines[node].copy.state
    return [kind for kind in STEPS if state is not None and state.status in RULES[kind].allowed]


class Day(RuleBasedStateMachine):
    """A working day of three machines whose links come and go."""

    #: A machine that lost custody without knowing writes on: then only the order within a stream makes copies agree.
    takeovers = True

    @initialize()
    def opens(self) -> None:
        self.world = World()
        self.world.open()

    @rule(node=nodes, kind=kinds)
    def acts(self, node: str, kind: str) -> None:
        self.write(node, BODIES[kind])

    @rule(node=nodes, lot=st.integers(min_value=0, max_value=99))
    def goes_on(self, node: str, lot: int) -> None:
        """What the procedure knows for the state the machine has."""
        if known := lawful(self.world, node):
            self.write(node, BODIES[known[lot % len(known)]])

    @rule(node=nodes, to=nodes)
    def forwards(self, node: str, to: str) -> None:
        self.write(node, b.CaseForwarded(to=to, power="review"))

    @rule(node=nodes, kind=kinds)
    def acts_without_asking(self, node: str, kind: str) -> None:
        self.world.act(node, BODIES[kind], force=True)

    @rule()
    def county_takes_custody(self) -> None:
        if self.takeovers:
            self.write(CORE, BODIES["custody.taken"])

    @rule(reader=nodes, author=nodes, count=st.integers(min_value=1, max_value=9))
    def reads(self, reader: str, author: str, count: int) -> None:
        if reader != author:
            self.world.read(reader, author, count)

    @rule(reader=nodes, author=nodes)
    def reads_again_what_it_knows(self, reader: str, author: str) -> None:
        machine = self.world.machines[reader]
        before = machine.copy.wire
        machine.copy.read(self.world.machines[author].wrote[: machine.heard.get(author, 0)])
        assert machine.copy.wire == before

    def write(self, node: str, body: b.Body) -> None:
        copy = self.world.machines[node].copy
        before, count = copy.wire, len(copy.known)
        if self.world.act(node, body) is None:
            assert (copy.wire, len(copy.known)) == (before, count)

    @invariant()
    def nobody_waits_for_what_they_have(self) -> None:
        for machine in self.world.machines.values():
            state = machine.copy.state
            if state is not None:
                assert all(one.rev > state.rev + 1 for one in machine.copy.parked)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.settle()
        whole = replay(self.world.entries)
        assert whole.state is not None
        wires = {machine.copy.wire for machine in self.world.machines.values()}
        assert wires == {state_bytes(whole.state)}
        assert {len(machine.copy.known) for machine in self.world.machines.values()} == {len(self.world.entries)}


def test_machines_that_act_at_once_end_with_equal_states():
    run_state_machine_as_test(Day, settings=settings(max_examples=250, stateful_step_count=40, deadline=None))


class QuietDay(Day):
    """Nobody is taken a case from."""

    takeovers = False

    def teardown(self) -> None:
        super().teardown()
        # Whatever commutes was written in any state, by anybody: it stands in every copy.
        state = self.world.machines[CORE].copy.state
        assert state is not None
        written = [one.id.hex for one in self.world.entries if one.kind == "note.added"]
        assert set(written) == set(state.notes)


def test_what_commutes_is_written_anywhere_any_time_and_stands_everywhere():
    run_state_machine_as_test(QuietDay, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))


#: (who, which of the lawful steps, or to whom the case is forwarded).
acts = st.lists(st.tuples(nodes, st.one_of(st.integers(min_value=0, max_value=99), nodes)), min_size=5, max_size=40)


def history(done: Sequence[tuple[str, int | str]]) -> list[Entry]:
    """What machines that hear of everything at once have written: each act by whoever may."""
    world = World()
    world.open()
    for node, what in done:
        world.settle()
        if isinstance(what, str):
            world.act(node, b.CaseForwarded(to=what, power="review"))
        elif known := lawful(world, node):
            world.act(node, BODIES[known[what % len(known)]])
    return world.entries


@settings(max_examples=300, deadline=None)
@given(acts, st.randoms(use_true_random=False))
def test_entries_in_any_order_in_any_batches_with_duplicates_are_the_same_case(done, random):
    entries = history(done)
    whole = replay(entries).state
    assert whole is not None
    arriving = [*entries, *random.sample(entries, min(len(entries), 8))]
    random.shuffle(arriving)
    copy = Copy()
    while arriving:
        size = random.randint(1, 7)
        copy.read(arriving[:size])
        del arriving[:size]
    assert copy.wire == state_bytes(whole)
    assert (copy.parked, copy.reasons) == ([], {})


def long_day(seed: int) -> World:
    """Most acts bring the case on, by whoever may; news comes late and in pieces."""
    random, world = Random(seed), World()
    world.open()
    for _ in range(200):
        node = random.choice(NODES)
        lot = random.random()
        if lot < 0.4:
            world.read(node, random.choice([one for one in NODES if one != node]), random.randint(1, 5))
        elif lot < 0.47:
            world.act(node, b.CaseForwarded(to=random.choice(NODES), power="review"))
        elif lot < 0.48:
            world.act(CORE, BODIES["custody.taken"])
        else:
            world.act(node, BODIES[step_likely(world.machines[node].copy.state, random)], force=random.random() < 0.05)
    return world


def test_long_lives_end_the_same_on_all_machines_and_reach_every_end():
    ends = set()
    for seed in range(150):
        world = long_day(seed)
        world.settle()
        whole = replay(world.entries).state
        assert whole is not None
        assert {machine.copy.wire for machine in world.machines.values()} == {state_bytes(whole)}
        ends.add(whole.status)
    assert ends >= CLOSED
