"""The one way a case changes: lock, check, append an entry, fold it, in one transaction.

Everything that writes rows of cases is here and in bulk.py; the acts of the procedure are in services.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from msgspec.structs import replace

from core.tracing import trace_wrote

from ..catalogue.selectors import calendar_years, release_number
from ..journal.bodies import COMMUTING, Body, CustodyTaken, MaterialReceived, kind_of
from ..journal.clock import Instant, instant_date, instant_ms, physical_ms
from ..journal.format import Entry
from ..journal.models import Attachment
from ..journal.place import CORE, Here, here
from ..journal.rows import rows_insert
from ..journal.selectors import entries_of_case
from ..journal.services import clock_is_uncertain, clock_now, entry_append, entry_new, outbox_queue
from ..staff.actors import Actor
from . import deadlines
from .deadlines import WorkCalendar
from .errors import CaseUnknown, NotCustodian
from .fold import fold
from .lifecycle import OPEN, require_allowed
from .models import Case, Flag
from .state import CaseState, state_bytes, state_decode, state_hash

_log = structlog.get_logger(__name__)
CASE_COLUMNS = (
    "id", "number", "item_code", "status", "rev", "custodian", "opened_by", "service_point", "clerk", "applicant_name",
    "applicant_id", "opened_on", "promised_due", "legal_due", "is_open", "state", "state_hash", "updated_at",
)  # fmt: skip

#: The author's clock may have been wrong: the times of this entry want a second look.
CLOCK_UNCERTAIN = "clock_uncertain"
#: Called with the states that changed, in the transaction that changed them.
Observer = Callable[[Sequence[CaseState]], None]


def work_calendar() -> WorkCalendar:
    """The calendar of the release in force here."""
    years = calendar_years()
    return WorkCalendar(
        days_off=frozenset(day for year in years for day in year.days_off),
        make_up_days=frozenset(day for year in years for day in year.make_up_days),
        years=frozenset(year.year for year in years),
    )


def states_write(states: Sequence[CaseState], *, calendar: WorkCalendar | None = None) -> None:
    """The cases' rows are these states, and whoever observes cases knows."""
    if not states:
        return
    calendar = calendar or work_calendar()
    rows = [_row(state, calendar) for state in states]
    rows_insert(Case, CASE_COLUMNS, rows, unique=("id",), update=CASE_COLUMNS[1:])
    for path in settings.CASE_OBSERVERS:
        cast("Observer", import_string(path))(states)


def _row(state: CaseState, calendar: WorkCalendar) -> tuple[Any, ...]:
    wire = state_bytes(state)
    return (
        state.id, state.number, state.item_code, state.status, state.rev, state.custodian, state.opened_by,
        state.service_point, state.clerk, state.applicant.name, state.applicant.id_number,
        instant_date(state.opened_at), deadlines.due_on(state, "promised", calendar=calendar),
        deadlines.due_on(state, "legal", calendar=calendar), state.status in OPEN, wire, state_hash(wire),
        state.updated_at,
    )  # fmt: skip


def attachments_write(entries: Iterable[Entry], *, present: bool = False) -> None:
    """Scans these entries bring are known; unless `present`, they are in transit until their bytes are here."""
    rows = [
        (ref.sealed, ref.plain, entry.case_id, entry.author, ref.name[:200], ref.media_type[:100], ref.size, present)
        for entry in entries
        if isinstance(entry.body, MaterialReceived)
        for ref in entry.body.attachments
    ]
    columns = ("sealed_sha256", "plain_sha256", "case_id", "author", "name", "media_type", "size", "present")
    rows_insert(Attachment, columns, list({row[0]: row for row in rows}.values()), unique=("sealed_sha256",))


def flags_write(flags: Sequence[tuple[Entry, str]], applied: Iterable[Entry] = ()) -> None:
    """Each entry is on the conflict desk once, with its first reason."""
    counted = {entry.id for entry in applied}
    now = physical_ms()
    first = {entry.id: (entry, reason) for entry, reason in reversed(flags)}
    rows = [(e.id, e.case_id, e.author, reason, e.kind, e.id in counted, now, False, "")
            for e, reason in first.values()]  # fmt: skip
    columns = ("entry_id", "case_id", "author", "reason", "detail", "applied", "flagged_at_ms", "resolved",
               "resolution")  # fmt: skip
    rows_insert(Flag, columns, rows, unique=("entry_id",))


def flag_resolve(*, entry_id: UUID, resolution: str) -> Flag | None:
    """Somebody has looked at the flagged entry and says what came of it; the entry and the case stay as they are.
    None, and nothing changed, where the flag is not there or was settled before. Call inside a transaction."""
    flag = Flag.objects.select_for_update().filter(pk=entry_id, resolved=False).first()
    if flag is not None:
        flag.resolved, flag.resolution = True, resolution
        flag.save(update_fields=["resolved", "resolution"])
    return flag


def state_lock(case_id: UUID) -> CaseState:
    """The case's state, locked until the transaction ends. Raises CaseUnknown."""
    # On SQLite the transaction itself holds the write lock (BEGIN IMMEDIATE); there this is a plain read.
    wire = Case.objects.filter(pk=case_id).select_for_update().values_list("state", flat=True).first()
    if wire is None:
        raise CaseUnknown(case_id=str(case_id))
    return state_decode(bytes(wire))


@dataclass
class Act:
    """One act of one person on one case: entries are appended to it in order, in one transaction."""

    state: CaseState | None
    actor: Actor
    here: Here
    release: int
    at: Instant
    trace: str = ""
    calendar: WorkCalendar = field(default_factory=work_calendar)
    clock_uncertain: bool = field(default_factory=clock_is_uncertain)

    @property
    def case(self) -> CaseState:
        assert self.state is not None
        return self.state

    def append(self, body: Body, *, case_id: UUID | None = None) -> CaseState:
        """The entry stands in the journal and the outboxes, the case's row is its fold.

        Raises NotCustodian, IllegalTransition.
        """
        kind = kind_of(body)
        if self.state is not None:
            require_allowed(kind, self.state.status)
        commuting = kind in COMMUTING
        if self.state is not None and not commuting and self.state.custodian != self.here.node:
            raise NotCustodian(number=self.state.number, custodian=self.state.custodian)
        rev = 0 if commuting else (self.state.rev if self.state else 0) + 1
        entry = entry_new(
            case_id=self.state.id if self.state else case_id, rev=rev, body=body, actor=self.actor.code, at=self.at,
            release=self.release, here=self.here, trace=self.trace, clock_uncertain=self.clock_uncertain,
        )  # fmt: skip
        self.at += 1
        before = self.state
        self.state = fold(before, entry)
        if before is not None and self.state.parties - before.parties:
            self._catch_up(self.state.parties - before.parties)
        entry_append(entry, audiences=self.here.audiences(self.state.parties))
        trace_wrote(self.state.number)
        _log.debug("entry_written", entry=entry.id, kind=kind, rev=rev, trace=entry.trace)
        states_write([self.state], calendar=self.calendar)
        attachments_write([entry], present=True)
        if entry.clock_uncertain:
            flags_write([(entry, CLOCK_UNCERTAIN)], [entry])
        return self.state

    def take_custody(self, reason: str) -> CaseState:
        """Custody is the core's at the next rev, whoever has it now. Raises NotCustodian anywhere but on the core."""
        if self.here.node != CORE:
            raise NotCustodian(number=self.case.number, custodian=self.case.custodian)
        lost = self.case.custodian
        self.state = replace(self.case, custodian=CORE)
        return self.append(CustodyTaken(from_node=lost, reason=reason))

    def _catch_up(self, joined: frozenset[str]) -> None:
        """A node that joins a case is sent what this machine may send of its past (the core everything), before the
        entry that makes it join."""
        past = [entry.id for entry in entries_of_case(self.case.id) if self.here.node in (CORE, entry.author)]
        outbox_queue(past, audiences=self.here.audiences(joined), at_ms=instant_ms(self.at))


def act_on(
    case_id: UUID, actor: Actor, *, at: Instant | None = None, trace: str = "", needs_custody: bool = True
) -> Act:
    """An act on a case that exists. Call inside transaction.atomic(); the case is locked.

    Raises CaseUnknown, and NotCustodian where the act needs custody and another node has it.
    """
    assert connection.in_atomic_block
    state = state_lock(case_id)
    where = here()
    if needs_custody and state.custodian != where.node:
        raise NotCustodian(number=state.number, custodian=state.custodian)
    now = clock_now() if at is None else at
    return Act(
        state=state, actor=actor, here=where, release=release_number(), at=max(now, state.updated_at + 1), trace=trace
    )


def act_opening(actor: Actor, *, at: Instant | None = None, trace: str = "") -> Act:
    """An act that will open a case."""
    return Act(
        state=None,
        actor=actor,
        here=here(),
        release=release_number(),
        at=clock_now() if at is None else at,
        trace=trace,
    )
