"""What the case page says in words that no other page needs: days of a ledger, entries of the audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.counter import wording
from core.counter.timeline import day_words
from core.county.workqueue.models import CaseAccess
from core.domain.cases import deadlines as d
from core.domain.cases.state import CaseState
from core.domain.journal.clock import instant_date
from core.domain.staff.selectors import staff_names

from .selectors import CasePicture

LIMITS: Final[dict[str, str | Promise]] = {
    "promised": gettext_lazy("Promised limit"), "legal": gettext_lazy("Legal limit"),
    "delivery": gettext_lazy("Handing the result out"),
}  # fmt: skip
ACTS: Final[dict[str, str | Promise]] = {
    "open": gettext_lazy("opened"), "attachment": gettext_lazy("opened a scan"), "accept": gettext_lazy("accepted"),
    "refuse": gettext_lazy("refused"), "supplement": gettext_lazy("asked for a supplement"),
    "supplement-in": gettext_lazy("noted that everything is in"), "opinion": gettext_lazy("gave an opinion"),
    "decide": gettext_lazy("decided"), "note": gettext_lazy("added a note"),
    "lapse": gettext_lazy("closed it: not supplied in time"), "appoint": gettext_lazy("set an appointment"),
    "stop": gettext_lazy("stopped the clock"), "resume": gettext_lazy("let the clock run again"),
    "extend-ask": gettext_lazy("asked for more days"), "extend": gettext_lazy("approved more days"),
    "extend-decline": gettext_lazy("declined more days"), "withdraw": gettext_lazy("recorded a withdrawal"),
    "terminate": gettext_lazy("ended it without a decision"), "urge": gettext_lazy("urged it"),
    "answer": gettext_lazy("answered an urging"), "paper": gettext_lazy("printed a paper"),
    "conflict": gettext_lazy("looked at a dispute"), "conflict-settle": gettext_lazy("settled a dispute"),
    "custody": gettext_lazy("looked at taking it over"), "custody-take": gettext_lazy("took it over for the county"),
    "trace_case": gettext_lazy("looked where its entries are"),
}  # fmt: skip
REASONS: Final[dict[str, str | Promise]] = {
    "task": gettext_lazy("department whose turn it was"), "department": gettext_lazy("department of the case"),
    "supervision": gettext_lazy("supervision"),
    "operation": gettext_lazy("operation of the machines"),
}  # fmt: skip


@dataclass(frozen=True)
class DayLine:
    day: d.LedgerDay
    why: str


@dataclass(frozen=True)
class LedgerLine:
    """One limit; `days` is empty where it runs in hours. `notes` say what moved it."""

    code: str
    title: str
    value: d.Ledger
    days: tuple[DayLine, ...]
    notes: tuple[str, ...] = ()


def ledger_lines(state: CaseState, picture: CasePicture) -> list[LedgerLine]:
    """Handing out first once the case is decided, then the promised limit: the one people wait for."""
    ledgers = picture.ledgers
    order = [name for name in ("delivery", "promised", "legal") if name in ledgers]
    return [
        LedgerLine(code=name, title=str(LIMITS[name]), value=ledgers[name], days=_days(ledgers[name]),
                   notes=tuple(_notes(name, state, picture)))
        for name in order
    ]  # fmt: skip


def _notes(name: str, state: CaseState, picture: CasePicture) -> Iterator[str]:
    if name == "delivery":
        yield _("ten working days from the decision (Art. 44)")
        return
    if state.deemed_from is not None:
        yield _("counted from %(day)s, the day it was handed in: nobody had answered in time (Art. 32)") % {
            "day": day_words(state.deemed_from),
        }  # fmt: skip
    for stop in state.stops:
        words = {"procedure": wording.word(wording.PROCEDURE, stop.procedure),
                 "since": day_words(instant_date(stop.from_at))}  # fmt: skip
        if stop.to_at is None:
            yield _("stopped since %(since)s: %(procedure)s") % words
        else:
            until = {"until": day_words(instant_date(stop.to_at))}
            yield _("stopped from %(since)s to %(until)s: %(procedure)s") % (words | until)
    if name == "promised":
        return
    for one in state.extensions:
        yield _("made longer by %(days)d working days on %(day)s by %(name)s: %(reason)s") % {
            "days": one.days, "day": day_words(instant_date(one.at)), "name": picture.people.get(one.by, one.by),
            "reason": one.reason,
        }  # fmt: skip


def _days(ledger: d.Ledger) -> tuple[DayLine, ...]:
    if ledger.unit == "hour":
        return ()
    return tuple(DayLine(day=day, why=_why(day.rule)) for day in ledger.days)


def _why(rule: str) -> str:
    # The counter's words for day 0 are a sentence; a cell of the picture has room for two.
    return _("day 0") if rule == d.DAY_ZERO else wording.word(wording.DAY_RULE, rule)


@dataclass(frozen=True)
class AccessLine:
    """`at` is on the county's wall clock."""

    row: CaseAccess
    at: datetime
    who: str
    act: str
    reason: str


def access_lines(rows: Sequence[CaseAccess]) -> list[AccessLine]:
    """The audit of one case in words."""
    names = staff_names({row.staff_code for row in rows}) if rows else {}
    return [
        AccessLine(
            row=row, at=timezone.localtime(row.at), who=names[row.staff_code],
            act=str(ACTS.get(row.act, _("did: %(act)s") % {"act": row.act})),
            reason=str(REASONS.get(row.reason, row.reason)),
        )
        for row in rows
    ]  # fmt: skip
