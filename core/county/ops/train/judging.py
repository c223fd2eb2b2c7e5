"""What became of hosts, and what the train does about it. Rules only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

WAITING: Final = "waiting"  #: Its turn has not come.
OFFLINE: Final = "offline"  #: Did not answer when its turn came: for the run that catches up.
SILENT: Final = "silent"  #: Answers, but has not spoken to the county for long: the county could not judge it.
RUNNING: Final = "running"  #: In the batch that is under way.
DONE: Final = "done"  #: Runs the version, and is well.
FAILED: Final = "failed"  #: The play failed; the node has put back what it ran before.
LOST: Final = "lost"  #: Could not be reached any more after the play had begun; its own timer puts it back.
UNWELL: Final = "unwell"  #: Took the version, and the county does not see it well with it.
ROLLED_BACK: Final = "rolled_back"  #: The train put back what it ran before.
STUCK: Final = "stuck"  #: Should have been put back, and runs the version all the same, or does not answer.

#: States that count against the train.
FAILURES: Final = frozenset({FAILED, LOST, UNWELL})
#: States in which a host may run the version though it is not known to be well with it.
TOUCHED: Final = frozenset({RUNNING, LOST, UNWELL, STUCK})
#: States in which nothing is left to be done by a later run.
SETTLED: Final = frozenset({DONE})
#: States that say nothing against the version: the host is taken by the next run.
LEFT: Final = frozenset({WAITING, OFFLINE, SILENT})

#: How a train ended, and its exit code.
OUTCOMES: Final = {"done": 0, "refused": 1, "stopped": 2, "left": 3, "interrupted": 4}


def too_many(states: Iterable[str], *, max_fail: float) -> bool:
    """Whether more than `max_fail` percent of a batch with these states failed."""
    every = list(states)
    failed = sum(state in FAILURES for state in every)
    return failed > 0 and 100 * failed > max_fail * len(every)


def concerned(states: Mapping[str, str], *, batch: Collection[str], everyone: bool) -> list[str]:
    """Whose former version is put back when the train stops: the batch's, or everyone's that it has reached."""
    done = {name for name, state in states.items() if state == DONE} if everyone else set()
    return sorted(done | set(batch))


def goes_back(runs: Mapping[str, str], former: Mapping[str, str], *, version: str) -> list[str]:
    """Those of the concerned whom this train brought to the version; who had it before keeps it.

    `runs` is what each runs now, asked again: one that has put itself back would go a version too far.
    """
    return sorted(name for name, now in runs.items() if now == version and former.get(name, "") not in ("", version))


def outcome_of(states: Collection[str], *, stopped: bool) -> str:
    """How the train ended, from what became of every host that can be reached."""
    if stopped:
        return "stopped"
    return "done" if all(state in SETTLED for state in states) else "left"


def may_publish(*, ring: int, first: int, proven: int, told: int, taken: int, undone: int, max_fail: float) -> bool:
    """Whether the version may be laid out for the machines of a ring which fetch it themselves.

    Of `told`, those it was laid out for so far, `taken` run it and `undone` have refused it or put it back; `proven`
    machines of the county run it. They take it at night: until one of them has, the next ring waits, also when it was
    proven by machines that can be reached. Without any proof only the first ring there is may have it, as a canary.
    """
    if undone and 100 * undone > max_fail * told:
        return False
    if told:
        return taken > 0
    return proven > 0 or ring == first
