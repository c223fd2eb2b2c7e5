"""Trying a backup, and restoring from one."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pyrage
from psycopg import conninfo, sql

from .places import COMPLETE, DUMP, FILES, SCANS, BackupFailed, Settings, backups, identity_read, manage, sha256_of

SCRATCH: Final = "yizhan_restore_test"
#: So many scans are decrypted in a test, the newest ones.
SCANS_TRIED: Final = 20


def backup_test(given: Settings) -> str:
    """The newest backup was restored into a scratch database and holds what its mark says; returns the mark.

    Nodes are then told that they may clear away what it secures. Raises BackupFailed; then nothing was secured.
    """
    there = backups(given.directory)
    if not there:
        raise BackupFailed("there is no complete backup yet")
    newest, identity = there[-1], identity_read(given.test_key)
    _hashes_require(newest)
    files = files_open(newest, identity)
    if files.get("keys/root.key") != (given.var / "keys/root.key").read_bytes():
        raise BackupFailed("the backup holds another root key than the county's")
    with _scratch(given.database) as database:
        database_fill(newest, identity, database)
        _mark_require(json.loads(files[f"marks/{newest.name}.json"]), database)
    _scans_try(given, identity)
    manage(given, "backup_secured", newest.name)
    return newest.name


def files_open(backup: Path, identity: Any) -> dict[str, bytes]:
    """The files of files.tar by name. Raises pyrage's error for an identity it is not meant for."""
    clear = io.BytesIO()
    with (backup / FILES).open("rb") as sealed:
        pyrage.decrypt_io(sealed, clear, [identity])
    clear.seek(0)
    with tarfile.open(fileobj=clear) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]


def database_fill(backup: Path, identity: Any, database: str) -> None:
    """The empty `database` holds what the backup does. Raises BackupFailed."""
    command = ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={database}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/") as restore, (backup / DUMP).open("rb") as sealed:
        assert restore.stdin is not None
        # Where the pipe breaks, pg_restore has said why it ended.
        with contextlib.suppress(BrokenPipeError):
            pyrage.decrypt_io(sealed, restore.stdin, [identity])
            restore.stdin.close()
    if restore.returncode != 0:
        raise BackupFailed(f"pg_restore ended with {restore.returncode}")


@contextmanager
def _scratch(database: str) -> Iterator[str]:
    """An empty database of its own, gone afterwards."""
    name = sql.Identifier(SCRATCH)
    with psycopg.connect(conninfo.make_conninfo(database, dbname="postgres"), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        try:
            yield conninfo.make_conninfo(database, dbname=SCRATCH)
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _mark_require(mark: dict[str, Any], database: str) -> None:
    """Every stream in the restored database reaches the number the mark gives it. Raises BackupFailed."""
    with psycopg.connect(database) as restored:
        for schema, streams in mark["cursors"].items():
            table = sql.Identifier(schema, "journal_cursor")
            rows = restored.execute(sql.SQL("SELECT author, epoch, audience, last_seq FROM {}").format(table))
            reached = {(author, epoch, audience): seq for author, epoch, audience, seq in rows}
            for one in streams:
                found = reached.get((one["author"], one["epoch"], one["audience"]), 0)
                if found < one["seq"]:
                    raise BackupFailed(f"{schema}: {one['author']} is read to {found}, the mark says {one['seq']}")


def _hashes_require(backup: Path) -> None:
    facts = json.loads((backup / COMPLETE).read_text(encoding="ascii"))
    for name, digest in facts["files"].items():
        if sha256_of(backup / name) != digest:
            raise BackupFailed(f"{backup / name} is not what was written")


def _scans_try(given: Settings, identity: Any) -> None:
    sealed = sorted((given.directory / SCANS).glob("*.age"), key=lambda path: path.stat().st_ctime)
    for path in sealed[-SCANS_TRIED:]:
        scan_open(path, identity)


def scan_open(path: Path, identity: Any) -> bytes:
    """The scan in the clear. Raises BackupFailed where it is not what its name says."""
    clear = bytes(pyrage.decrypt(path.read_bytes(), [identity]))
    if hashlib.sha256(clear).hexdigest() != path.stem:
        raise BackupFailed(f"{path} is another scan than its name says")
    return clear


def backup_restore(given: Settings, backup: Path, identity_file: Path) -> int:
    """An empty database and an empty VAR hold what the backup does; returns the number of scans. Raises BackupFailed.

    `manage.py recover` comes next, before anything is started (docs/recovery.md).
    """
    identity = identity_read(identity_file)
    _hashes_require(backup)
    files = files_open(backup, identity)
    standing = given.var / "keys/root.key"
    if standing.exists() and standing.read_bytes() != files["keys/root.key"]:
        raise BackupFailed(f"{standing} is another county's: this core was used already")
    with psycopg.connect(given.database) as there:
        row = there.execute("SELECT count(*) FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)'").fetchone()
    if row is None or row[0]:
        raise BackupFailed("the database is not empty: drop it and make it anew first")
    database_fill(backup, identity, given.database)
    for name, data in files.items():
        _put(given.var / name, data)
    scans = sorted((backup.parent / SCANS).glob("*.age"))
    for path in scans:
        _put(given.var / "blobs" / path.stem, scan_open(path, identity))
    return len(scans)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o600)
