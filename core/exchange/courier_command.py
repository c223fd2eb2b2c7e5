"""The `courier` command of both sides: its arguments, its words, its exit codes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from core.transport.courier import CourierReport, NoCourier

from .courier import stick_pack, stick_unpack
from .machine import Machine


@dataclasses.dataclass(frozen=True)
class Turns:
    """This machine, and what makes it do everything there is to do once; returns how many entries moved."""

    machine: Machine
    turn: Callable[[], int]


def arguments_add(parser: CommandParser) -> None:
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--pack", metavar="DIR", type=Path, help="put everything that waits here onto the stick at DIR")
    way.add_argument("--unpack", metavar="DIR", type=Path, help="read what the stick at DIR brings for this machine")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def courier_run(turns: Turns, options: Mapping[str, Any]) -> str:
    """The stick is packed, or what it brought is read and applied; returns what to print. Raises CommandError."""
    packs: bool = options["pack"] is not None
    stick: Path = options["pack"] if packs else options["unpack"]
    try:
        if packs:
            # Everything that waits is sealed first, whatever its age.
            entries = turns.turn()
            report = stick_pack(turns.machine, stick)
        else:
            report = stick_unpack(turns.machine, stick)
            entries = turns.turn()
    except (NoCourier, FileNotFoundError) as error:
        raise CommandError(_("There is no courier's stick at %(path)s.") % {"path": stick}, returncode=2) from error
    text = _json(report, entries) if options["json"] else _text(report, entries, packs=packs)
    if report.full:
        raise CommandError(f"{text}\n" + _("The target is full: make room and run this again."), returncode=3)
    if report.damaged or report.different:
        raise CommandError(text, returncode=1)
    return text


def _json(report: CourierReport, entries: int) -> str:
    return json.dumps(dataclasses.asdict(report) | {"entries": entries}, ensure_ascii=False)


def _text(report: CourierReport, entries: int, *, packs: bool) -> str:
    facts = {"files": report.copied, "bytes": report.copied_bytes, "present": report.present, "entries": entries}
    said = (
        _("Packed: %(files)s files, %(bytes)s bytes; %(present)s were there already.")
        if packs
        else _("Read: %(files)s files, %(bytes)s bytes; %(present)s were here already; %(entries)s entries moved.")
    )
    lines = [said % facts]
    lines += [_("Damaged on the stick, not taken: %(name)s") % {"name": name} for name in report.damaged]
    lines += [_("Different from what is here, not taken: %(name)s") % {"name": name} for name in report.different]
    return "\n".join(lines)
