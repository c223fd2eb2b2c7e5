"""The `trace_case` command of both sides: its arguments, its table, its exit codes."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.domain.cases.numbering import InvalidCaseNumber, case_number_parse
from core.domain.journal.clock import instant, instant_datetime
from core.logs import case_hash

from .whereabouts import APPLIED, CaseWhere, EntryWhere, Way

HELP: Final = (
    "Say where each entry of a case is now and when it passed each hop, as far as this machine knows: written, sealed "
    "into a segment, come, applied; queued for others, confirmed by them, in their backup. Times that nobody kept are "
    "said to be unknown. Shows kinds, codes and times, nobody's data. "
    "Example: manage.py trace_case 4303211002000126112200013. "
    "Exit codes: 0 found and through, 1 not found, 2 found and something waits or is held."
)
#: Columns of a table that no terminal limits, and of one on a narrow terminal.
WIDTH: Final = 150
LEAST_WIDTH: Final = 100


@dataclasses.dataclass(frozen=True)
class Found:
    """What this machine knows of a number; `more` (JSON) and `lines` (people): what stands beside the cases."""

    cases: Sequence[CaseWhere]
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    lines: Sequence[str] = ()


def arguments_add(parser: CommandParser) -> None:
    parser.add_argument("number", help="the case number, 25 digits")
    parser.add_argument("--entry", default="", metavar="ID", help="only the entry with this id")
    parser.add_argument("--json", action="store_true", help="print one JSON object; times in UTC")
    parser.add_argument(
        "--hash", action="store_true", help="only say by which word the case is found in log lines, on every machine"
    )


def number_given(text: str) -> str:
    """The 25 digits of what was typed. Raises CommandError, which does not repeat it."""
    try:
        case_number_parse(text)
    except InvalidCaseNumber as error:
        words = _("This is no case number: its length, date or check digit is wrong.")
        raise CommandError(words, returncode=1) from error
    return text.strip().replace(" ", "")


def entry_given(text: str) -> UUID | None:
    """Raises CommandError."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise CommandError(_("This is no id of an entry."), returncode=1) from error


def hash_of(number: str) -> str:
    """The case as the log lines of this county have it. Raises NotEnrolled."""
    return case_hash(number, import_string(settings.IDENTITY)().root_key)


def found_tell(command: BaseCommand, found: Found, number: str, *, as_json: bool) -> None:
    """The command prints what was found. Raises CommandError: exit code 1 for no case, 2 where something waits."""
    command.stdout.write(_found_say(found, number, as_json=as_json))
    if _waits(found):
        raise CommandError(_("Something waits or is held."), returncode=2)


def _found_say(found: Found, number: str, *, as_json: bool) -> str:
    """What to print. Raises CommandError with what is known all the same where no case was found."""
    if as_json:
        text = json.dumps(_document(found, number), ensure_ascii=False)
    else:
        text = "\n".join([*(_picture(case) for case in found.cases), *found.lines])
    if not found.cases:
        words = _("No such case or entry is known here.")
        raise CommandError(text if as_json else "\n".join([words, *found.lines]), returncode=1)
    return text


def _waits(found: Found) -> bool:
    return any(case.waits for case in found.cases)


# For programs


def _document(found: Found, number: str) -> dict[str, Any]:
    cases = [
        dataclasses.asdict(case) | {"waits": case.waits, "entries": [_entry_document(one) for one in case.entries]}
        for case in found.cases
    ]
    facts = {"number": number, "hash": hash_of(number), "waits": _waits(found), "cases": cases, **found.more}
    return dict(_member(name, value) for name, value in facts.items())


def _entry_document(entry: EntryWhere) -> dict[str, Any]:
    return dataclasses.asdict(entry) | {"waits": entry.waits}


def _plain(value: Any) -> Any:
    """Times as ISO text (`at`, UTC), ids as text."""
    if isinstance(value, Mapping):
        return dict(_member(name, one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, UUID) else value


def _member(name: str, value: Any) -> tuple[str, Any]:
    if not name.endswith("at_ms"):
        return name, _plain(value)
    at = None if value is None else datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    return name.removesuffix("_ms"), at


# For people


def _picture(case: CaseWhere) -> str:
    table = Table(title=_title(case), title_justify="left", show_lines=False, pad_edge=False)
    for name in (_("Entry"), _("Hop"), _("By way of"), _("Time"), _("Since the last hop")):
        table.add_column(name, overflow="fold")
    for entry in case.entries:
        for row in _rows(entry):
            table.add_row(*(Text(cell) for cell in row))
        table.add_section()
    out = io.StringIO()
    width = max(LEAST_WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    Console(file=out, width=width, highlight=False).print(table)
    held = [_("Held here: %(stream)s") % {"stream": one} for one in case.held]
    return "\n".join(line.rstrip() for line in (*out.getvalue().splitlines(), *held))


def _title(case: CaseWhere) -> Text:
    said = _("Case %(number)s at %(node)s: %(status)s, rev %(rev)s, with %(custodian)s; in logs %(hash)s")
    return Text(said % {
        "number": case.number, "node": case.node, "status": case.status, "rev": case.rev, "custodian": case.custodian,
        "hash": hash_of(case.number),
    })  # fmt: skip


def _rows(entry: EntryWhere) -> Iterator[tuple[str, str, str, str, str]]:
    """The entry's lines: what it is beside its first steps, each step with the time since the one before."""
    trace = entry.trace or _("no trace")
    names = iter((f"{entry.kind}  rev {entry.rev}", entry.author, f"{_('trace')} {trace}", str(entry.id)))
    before: int | None = entry.written_at_ms
    yield next(names), _word("written"), entry.author, _time(before), ""
    ways = [*([entry.came] if entry.came else []), *entry.goes]
    here = before
    for way in ways:
        before = here
        by = iter(_by(way))
        for hop in way.hops:
            yield next(names, ""), _word(hop.step), next(by, ""), _time(hop.at_ms), _after(before, hop.at_ms)
            before = hop.at_ms if hop.at_ms is not None else before
        if way is entry.came:
            here = before
        if words := _standing(way):
            yield next(names, ""), words, way.to, "", ""
    if entry.standing != APPLIED:
        reason = f": {entry.reason}" if entry.reason else ""
        yield next(names, ""), _word(entry.standing) + reason, "", "", ""
    for rest in names:
        yield rest, "", "", "", ""


def _word(step: str) -> str:
    words = {
        "written": _("written"), "sealed": _("sealed"), "came": _("came here"), "applied": _("applied here"),
        "queued": _("queued"), "acked": _("confirmed"), "secured": _("in a tested backup"),
        "parked": _("PARKED, waits for its predecessor"), "flagged": _("FLAGGED, counts all the same"),
        "refused": _("REFUSED, does not count"),
    }  # fmt: skip
    return words[step]


def _standing(way: Way) -> str:
    """What is still to come on this way; "" where nothing is."""
    words = {
        "queued": _("WAITS to be sealed"), "sealed": _("WAITS to be confirmed"),
        "withheld": _("not for a machine that is revoked"),
    }  # fmt: skip
    waiting = words.get(way.standing, "")
    return f"{waiting} ({_('held')}: {way.held})" if waiting and way.held else waiting


def _by(way: Way) -> list[str]:
    """Stream, then number and file, each on a line of its own."""
    if not way.stream:
        return [_("not to be found any more")]
    number = _("number %(seq)s in %(file)s") % {"seq": way.seq, "file": way.segment}
    return [way.stream] if way.seq is None else [way.stream, number]


def _time(at_ms: int | None) -> str:
    if at_ms is None:
        return _("not known")
    return f"{instant_datetime(instant(at_ms)):%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"


def _after(before: int | None, now: int | None) -> str:
    """The time between two steps. Below zero where the clocks of two machines differ."""
    if before is None or now is None:
        return ""
    sign, ms = ("-", before - now) if now < before else ("+", now - before)
    minutes, seconds = divmod(ms / 1000, 60)
    if not minutes:
        return f"{sign}{seconds:.3f} s"
    hours, minutes = divmod(int(minutes), 60)
    return f"{sign}{hours}:{minutes:02d}:{int(seconds):02d}"
