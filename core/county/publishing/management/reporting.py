"""How the publishing commands show what they did: a table of faults, JSON for scripts, exit codes."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from core.county.publishing.faults import RowFault
from core.county.publishing.services import ImportDone

#: Exit codes of the commands.
FAULTY, WRONG_CALL = 1, 2


def faults_report(command: BaseCommand, faults: list[RowFault], *, as_json: bool, name: str = "") -> NoReturn:
    """All faults are shown and the command ends with exit code 1."""
    if as_json:
        command.stdout.write(json.dumps({"imported": False, "faults": faults_data(faults)}, ensure_ascii=False))
    else:
        Console(stderr=True).print(faults_table(faults, name))
    raise CommandError(_("Nothing was imported: %(count)d faults.") % {"count": len(faults)}, returncode=FAULTY)


def faults_table(faults: list[RowFault], title: str) -> Table:
    """One row a fault: sheet, row, column, what is wrong."""
    table = Table(title=title or None, title_justify="left")
    for head in (_("Sheet"), _("Row"), _("Column"), _("What is wrong")):
        table.add_column(head, overflow="fold")
    for fault in faults:
        table.add_row(fault.sheet, str(fault.row or ""), fault.column, fault.text(_))
    return table


def faults_data(faults: list[RowFault]) -> list[dict[str, Any]]:
    return [
        {"sheet": fault.sheet, "row": fault.row, "column": fault.column, "code": fault.message_code,
         "message": fault.text(_)}
        for fault in faults
    ]  # fmt: skip


def done_report(command: BaseCommand, done: ImportDone, *, as_json: bool, dry_run: bool) -> None:
    """What came of an import, on the console or as JSON."""
    if as_json:
        facts = {
            "imported": not dry_run, "counts": done.counts, "changed": done.changed, "removed": done.removed,
            "warnings": faults_data(done.warnings),
        }  # fmt: skip
        command.stdout.write(json.dumps(facts, ensure_ascii=False))
        return
    if done.warnings:
        Console(stderr=True).print(faults_table(done.warnings, _("Warnings (they may stand)")))
    counts = ", ".join(f"{kind} {count}" for kind, count in done.counts.items())
    if dry_run:
        text = _("Nothing was written (dry run). The file is in order: %(counts)s.") % {"counts": counts}
    else:
        text = _("The draft now holds the file's records: %(counts)s; %(changed)d changed, %(removed)d removed.") % {
            "counts": counts, "changed": done.changed, "removed": done.removed,
        }  # fmt: skip
    command.stdout.write(text)


def file_read(name: str) -> bytes:
    """The file's bytes; "-" is standard input. Ends the command with exit code 2 where it cannot be read."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(
            _("%(name)s cannot be read: %(reason)s") % {"name": name, "reason": error.strerror}, returncode=WRONG_CALL
        ) from error


def import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--by", default="system", help="staff code the change is recorded under")
