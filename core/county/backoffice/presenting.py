"""What the case page says in words that no other page needs: days of a ledger, entries of the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.counter import wording
from core.county.workqueue.models import CaseAccess
from core.domain.cases import deadlines as d
from core.domain.staff.selectors import staff_names

LIMITS: Final[dict[str, str | Promise]] = {
    "promised": gettext_lazy("Promised limit"), "legal": gettext_lazy("Legal limit"),
}  # fmt: skip
ACTS: Final[dict[str, str | Promise]] = {
    "open": gettext_lazy("opened"), "attachment": gettext_lazy("opened a scan"), "accept": gettext_lazy("accepted"),
    "refuse": gettext_lazy("refused"), "supplement": gettext_lazy("asked for a supplement"),
    "supplement-in": gettext_lazy("noted that everything is in"), "opinion": gettext_lazy("gave an opinion"),
    "decide": gettext_lazy("decided"), "note": gettext_lazy("added a note"),
    "conflict": gettext_lazy("looked at a dispute"), "conflict-settle": gettext_lazy("settled a dispute"),
    "custody": gettext_lazy("looked at taking it over"), "custody-take": gettext_lazy("took it over for the county"),
}  # fmt: skip
REASONS: Final[dict[str, str | Promise]] = {
    "task": gettext_lazy("department whose turn it was"), "department": gettext_lazy("department of the case"),
    "supervision": gettext_lazy("supervision"),
}  # fmt: skip


@dataclass(frozen=True)
class DayLine:
    day: d.LedgerDay
    why: str


@dataclass(frozen=True)
class LedgerLine:
    """One limit; `days` is empty where it runs in hours."""

    title: str
    value: d.Ledger
    days: tuple[DayLine, ...]


def ledger_lines(ledgers: Mapping[str, d.Ledger]) -> list[LedgerLine]:
    """The promised limit first: it is the one people wait for."""
    return [
        LedgerLine(title=str(title), value=ledgers[name], days=_days(ledgers[name]))
        for name, title in LIMITS.items()
        if name in ledgers
    ]


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
