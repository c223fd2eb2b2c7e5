"""Back to the tables an earlier version had: by the later version's own code, which alone knows what it changed."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.recorder import MigrationRecorder

Names = set[tuple[str, str]]


class NotReversible(Exception):
    """A migration after the earlier version's cannot be undone; those that depend on it may have been."""


def applied() -> Names:
    """(app, name) of every migration applied to this database."""
    return set(MigrationRecorder(connection).applied_migrations())


def migrate_back(kept: Iterable[tuple[str, str]]) -> int:
    """Of the applied migrations only `kept` are left; returns how many were undone.

    Each is undone in a transaction of its own, so after a power cut the same call goes on where it stopped.
    Raises NotReversible.
    """
    later = applied() - set(kept)
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    if foreign := later - set(graph.nodes):
        raise NotReversible(f"not of this version: {sorted(foreign)}")
    try:
        # No targets: the plan alone says what happens.
        executor.migrate(None, plan=[(graph.nodes[key], True) for key in _undo_order(graph, later)])
    except IrreversibleError as error:
        raise NotReversible(str(error)) from error
    return len(later)


def _undo_order(graph: MigrationGraph, later: Names) -> list[tuple[str, str]]:
    """The later migrations, each after everything that depends on it."""
    order: dict[tuple[str, str], None] = {}
    for key in sorted(later):
        # What was never applied is not undone; what is kept cannot depend on what came later.
        order |= {found: None for found in graph.backwards_plan(key) if found in later and found not in order}
    return list(order)
