"""The last resort of a rollback: the backup's tables, with everything that may never be lost or said twice.

Used only where the later version's migrations cannot be undone. The backup was made before the switch; since then this
machine may have written entries and sent them. Only the standard library: neither version's code need work.

Carried over are this machine's own entries and all entries of cases, the outboxes, its streams with every segment it
has named (their numbers are used up: another segment under one of them would be a fork), the clock, the serials of case
numbers, scans, drafts and cards. Not the cursors: what others sent since is read once more from their files, by
which staff, catalogue and policies follow by themselves. Cases are folded anew from their entries afterwards.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

#: Rows of these are as they are now, whatever the backup says; in this order, because later ones refer to earlier.
AS_NOW: Final = (
    "journal_outboxitem", "journal_segment", "journal_outgoingstream", "journal_clockstate", "journal_attachment",
    "cases_serialcounter", "cases_draftintake", "edge_node_enrolment", "edge_node_heldcard",
)  # fmt: skip
ENTRIES: Final = "journal_entry"
#: What the county sends about the node itself is applied when it is read; known already, it would be passed over.
_OURS: Final = "case_id IS NOT NULL OR author IN (SELECT node_id FROM now.edge_node_enrolment)"
_TIMEOUT_SECONDS: Final = 60.0


class CarryFailed(Exception):
    """The database cannot be put together: nothing was exchanged, and a person has to look."""


def backup_make(live: Path, backup: Path) -> None:
    """`backup` is the database as it was at one moment, whole and on the disk; `live` may be in use meanwhile."""
    partial = backup.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600)
    os.close(handle)
    with closing(_open(live)) as source, closing(_open(partial)) as target:
        source.backup(target)
        if target.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise CarryFailed(f"{live}: the copy is damaged")
    _synced(partial)
    os.replace(partial, backup)
    _synced(backup.parent)


def applied(database: Path) -> list[tuple[str, str]]:
    """(app, name) of every migration applied, in order; [] where there are no tables yet."""
    if not database.exists():
        return []
    with closing(_open(database)) as source:
        try:
            rows = source.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        except sqlite3.OperationalError:
            return []
    return [(str(app), str(name)) for app, name in rows]


def triggers(database: Path) -> dict[str, str]:
    """The statements that make the database's triggers, by name."""
    with closing(_open(database)) as source:
        rows = source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    return {str(name): str(sql) for name, sql in rows}


def triggers_restore(database: Path, wanted: dict[str, str]) -> int:
    """The triggers are there again that a migration has dropped with a table it made anew; returns how many."""
    missing = {name: sql for name, sql in wanted.items() if name not in triggers(database)}
    with closing(_open(database)) as target:
        for sql in missing.values():
            target.execute(sql)
    return len(missing)


def carry(*, backup: Path, live: Path, kept: Path) -> int:
    """`live` has the backup's tables with what was written since; what it was lies at `kept`. Nobody may have it open.

    Returns how many entries were carried over. Raises CarryFailed; then `live` is as it was. Interrupted at any
    moment, `live` is either the one or the other, and calling it again is right.
    """
    carried = live.with_suffix(".carried")
    for leftover in (carried, kept):
        leftover.unlink(missing_ok=True)
    try:
        with closing(_open(live)) as connection:
            # Into the file itself: a journal left beside an exchanged file would be played into the wrong one.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        backup_make(backup, carried)
        entries = _rows_carry(carried, live)
    except sqlite3.Error as error:
        raise CarryFailed(f"{type(error).__name__}: {error}") from error
    owner = live.stat()
    if os.geteuid() == 0:
        os.chown(carried, owner.st_uid, owner.st_gid)
    os.link(live, kept)
    os.replace(carried, live)
    _synced(live.parent)
    return entries


def _rows_carry(carried: Path, live: Path) -> int:
    with closing(_open(carried)) as connection:
        connection.execute("ATTACH DATABASE ? AS now", (str(live),))
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("BEGIN IMMEDIATE")
        before = connection.total_changes
        # Not OR IGNORE: that would also pass over an entry the earlier tables have no room for.
        missing = f"id NOT IN (SELECT id FROM main.{ENTRIES}) AND ({_OURS})"
        connection.execute(f"INSERT INTO main.{ENTRIES} {_select(connection, ENTRIES)} WHERE {missing}")
        entries = connection.total_changes - before
        for table in filter(lambda one: [*_columns(connection, "main", one)], AS_NOW):
            connection.execute(f"DELETE FROM main.{table}")
            connection.execute(f"INSERT INTO main.{table} {_select(connection, table)}")
        if broken := connection.execute("PRAGMA main.foreign_key_check").fetchall():
            raise CarryFailed(f"rows that refer to nothing: {broken[:3]}")
        connection.execute("COMMIT")
        connection.execute("DETACH DATABASE now")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _synced(carried)
    return entries


def _select(connection: sqlite3.Connection, table: str) -> str:
    """The columns both versions have of a table, named for an INSERT, and read from the one of now."""
    there = set(_columns(connection, "now", table))
    both = [f'"{name}"' for name in _columns(connection, "main", table) if name in there]
    if not both:
        raise CarryFailed(f"{table}: the later version has none of its columns")
    return f"({', '.join(both)}) SELECT {', '.join(both)} FROM now.{table}"


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> Iterator[str]:
    return (str(row[1]) for row in connection.execute(f"PRAGMA {schema}.table_info({table})"))


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_TIMEOUT_SECONDS, isolation_level=None)


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
