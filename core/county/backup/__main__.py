"""The command: python -m core.county.backup."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psycopg
import pyrage

from . import __doc__ as about
from .making import backup_make, backups_prune
from .places import BackupFailed, Settings, backups, settings_read
from .restoring import backup_restore, backup_test

#: One sentence says it all: no room, not allowed, no database, sealed to another key. The rest is a fault of ours.
SAID: Final = (BackupFailed, OSError, psycopg.Error, pyrage.EncryptError, pyrage.DecryptError)


def metrics_write(folder: Path, name: str, figures: Iterable[tuple[str, str, float]]) -> None:
    """The figures (name, help, value) lie as text where the node exporter reads them, all at once."""
    lines = [line for metric, about, value in figures
             for line in (f"# HELP {metric} {about}", f"# TYPE {metric} gauge", f"{metric} {value:.17g}")]  # fmt: skip
    draft = folder / f".{name}.part"
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.chmod(0o644)
    draft.rename(folder / f"{name}.prom")


def _measured(given: Settings, name: str, began: float, *, size: int = 0, good: bool) -> None:
    """The last run's outcome; of a good one also when and how long, which stay after a bad one."""
    metrics_write(given.metrics, f"yizhan_{name}_run", [
        (f"yizhan_{name}_last_run_ok", "Whether the last run was good (1) or not (0)", float(good)),
    ])  # fmt: skip
    if not good:
        return
    figures = [
        (f"yizhan_{name}_last_success_timestamp_seconds", "When the last good run ended, Unix time", time.time()),
        (f"yizhan_{name}_duration_seconds", "How long the last good run took", time.time() - began),
    ]
    if size:
        figures.append((f"yizhan_{name}_size_bytes", "Size of the last backup, without scans", float(size)))
    metrics_write(given.metrics, f"yizhan_{name}", figures)


def _act(given: Settings, options: argparse.Namespace) -> None:
    began, size = time.time(), 0
    try:
        if options.act == "make":
            made = backup_make(given)
            size = sum(path.stat().st_size for path in made.iterdir())
            pruned = backups_prune(given)
            print(f"backup {made.name}: {size} bytes in {time.time() - began:.1f} s; {len(pruned)} old ones removed")
        else:
            mark = backup_test(given)
            print(f"restore test of {mark}: good, {time.time() - began:.1f} s; its streams are secured")
    except Exception:
        _measured(given, {"make": "backup", "test": "restore_test"}[options.act], began, good=False)
        raise
    _measured(given, {"make": "backup", "test": "restore_test"}[options.act], began, size=size, good=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="yizhan-backup", description=(about or "").split("\n\n", 1)[0])
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("make", help="make a backup now, and remove old ones")
    acts.add_parser("test", help="restore the newest backup into a scratch database, then tell the nodes of it")
    acts.add_parser("list", help="the complete backups, oldest first")
    restore = acts.add_parser("restore", help="fill an empty core from a backup")
    restore.add_argument("backup", type=Path, help="the backup's directory; scans/ lies beside it")
    restore.add_argument("--identity", type=Path, required=True, help="the operator's age identity")
    options, given = parser.parse_args(), settings_read(dict(os.environ))
    try:
        if options.act == "list":
            print("\n".join(one.name for one in backups(given.directory)))
        elif options.act == "restore":
            scans = backup_restore(given, options.backup, options.identity)
            print(f"{options.backup.name} is restored, with {scans} scans. Now: yizhan-core recover")
        else:
            _act(given, options)
    except SAID as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
