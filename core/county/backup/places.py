"""Where a backup lies, what it is made of, and by whose keys it is read."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

DUMP, FILES, COMPLETE, SCANS = "database.dump.age", "files.tar.age", "backup.json", "scans"


class BackupFailed(Exception):
    """The backup, test or restore did not come about; the message says why."""


@dataclass(frozen=True)
class Settings:
    """`recipients` are age recipients of the operator; `keep_days` counts for backups and for scans that are gone."""

    var: Path
    database: str
    directory: Path
    metrics: Path
    recipients: tuple[str, ...]
    keep_days: int
    manage: tuple[str, ...]

    @property
    def test_key(self) -> Path:
        """The core's own identity, so that it can read its newest backups; it is in no backup."""
        return self.var / "backup-test.key"


def settings_read(env: dict[str, str]) -> Settings:
    """Raises KeyError for what is not set."""
    return Settings(
        var=Path(env["YIZHAN_VAR"]), database=env["DATABASE_URL"], directory=Path(env["YIZHAN_BACKUPS"]),
        metrics=Path(env["YIZHAN_METRICS"]), keep_days=int(env["YIZHAN_BACKUP_DAYS"]),
        recipients=tuple(env["YIZHAN_BACKUP_RECIPIENTS"].split(",")),
        manage=(sys.executable, env["YIZHAN_MANAGE"]),
    )  # fmt: skip


def backups(directory: Path) -> list[Path]:
    """The complete backups, oldest first: their names are times."""
    return sorted(path.parent for path in directory.glob(f"[0-9]*/{COMPLETE}"))


def scans_of(var: Path) -> Iterator[Path]:
    """The scans this core has, by name."""
    folder = var / "blobs"
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if len(path.name) == hashlib.sha256().digest_size * 2)


def identity_read(path: Path) -> Any:
    """The identity in a file as age-keygen writes it. Raises BackupFailed."""
    lines = path.read_text(encoding="ascii").splitlines()
    keys = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")]
    if len(keys) != 1:
        raise BackupFailed(f"{path} holds {len(keys)} identities, not one")
    return pyrage.x25519.Identity.from_str(keys[0])


def manage(given: Settings, *command: str) -> str:
    """What the program's command prints. Raises BackupFailed with what it said."""
    done = subprocess.run([*given.manage, *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BackupFailed(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
