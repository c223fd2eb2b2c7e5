"""Making a backup, and removing old ones."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

import pyrage

from .places import (
    COMPLETE,
    DUMP,
    FILES,
    SCANS,
    BackupFailed,
    Settings,
    backups,
    identity_read,
    manage,
    scans_of,
    sha256_of,
)

#: What of VAR is in files.tar; folders and archive are not: nodes send again what the county lacks (`recover`).
KEPT: Final = ("keys", "marks", "syncthing/cert.pem", "syncthing/key.pem", "secret.key")


def backup_make(given: Settings) -> Path:
    """A complete backup lies in a directory of its own, returned. Raises BackupFailed; then nothing of it is left."""
    began = datetime.now(UTC)
    recipients = _recipients(given)
    # Before the dump: what a mark says must be in it.
    mark = manage(given, "backup_mark")
    target = given.directory / mark
    draft = given.directory / f".{mark}.part"
    # What a machine that lost its power left behind.
    for left in given.directory.glob(".*.part"):
        shutil.rmtree(left)
    draft.mkdir(mode=0o700, parents=True)
    try:
        _database_dump(given, draft / DUMP, recipients)
        _files_pack(given.var, draft / FILES, recipients)
        scans_keep(given, recipients)
        facts = {
            "format": 1, "mark": mark, "began": began.isoformat(), "ended": datetime.now(UTC).isoformat(),
            "files": {name: sha256_of(draft / name) for name in (DUMP, FILES)},
        }  # fmt: skip
        (draft / COMPLETE).write_text(json.dumps(facts, indent=1) + "\n", encoding="ascii")
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def _recipients(given: Settings) -> list[Any]:
    """The operator's, and the core's own for the test; its key is made on first use."""
    if not given.test_key.exists():
        handle = os.open(given.test_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(str(pyrage.x25519.Identity.generate()))
    own = identity_read(given.test_key).to_public()
    return [*(pyrage.x25519.Recipient.from_str(one) for one in given.recipients), own]


def _database_dump(given: Settings, target: Path, recipients: list[Any]) -> None:
    command = ["pg_dump", "--format=custom", "--no-owner", f"--dbname={given.database}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd="/") as dump, target.open("wb") as sealed:
        assert dump.stdout is not None
        pyrage.encrypt_io(dump.stdout, sealed, recipients)
        _durable(sealed)
    if dump.returncode != 0:
        raise BackupFailed(f"pg_dump ended with {dump.returncode}")


def _files_pack(var: Path, target: Path, recipients: list[Any]) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in KEPT:
            if (var / name).exists():
                tar.add(var / name, arcname=name)
    packed.seek(0)
    with target.open("wb") as sealed:
        pyrage.encrypt_io(packed, sealed, recipients)
        _durable(sealed)


def scans_keep(given: Settings, recipients: list[Any]) -> int:
    """Every scan of this core is encrypted beside the backups; returns how many are new."""
    folder = given.directory / SCANS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = 0
    for scan in scans_of(given.var):
        target = folder / f"{scan.name}.age"
        if target.exists():
            # Its age in the backup counts from when it was last seen here.
            os.utime(target)
            continue
        draft = folder / f".{scan.name}.part"
        with scan.open("rb") as clear, draft.open("wb") as sealed:
            pyrage.encrypt_io(clear, sealed, recipients)
            _durable(sealed)
        draft.rename(target)
        new += 1
    return new


def backups_prune(given: Settings) -> list[str]:
    """Backups older than `keep_days` are gone, never the newest; so are scans gone from the county for as long."""
    before = datetime.now(UTC) - timedelta(days=given.keep_days)
    old = [one for one in backups(given.directory)[:-1] if _made_at(one) < before]
    for one in old:
        shutil.rmtree(one)
    for scan in (given.directory / SCANS).glob("*.age"):
        if datetime.fromtimestamp(scan.stat().st_mtime, UTC) < before:
            scan.unlink()
    return [one.name for one in old]


def _made_at(backup: Path) -> datetime:
    return datetime.strptime(backup.name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _durable(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
