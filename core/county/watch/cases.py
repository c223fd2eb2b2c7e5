"""Open cases by how their deadlines stand, town by town, counted in the tenants' own tables; nobody's case is named."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

from core.domain.cases.lifecycle import AWAITING_SUPPLEMENT, COMPLETED, DECIDED, DRAFT, SUBMITTED, SUSPENDED

from .across import across_tenants

#: No clock runs in these: not accepted yet, stopped, or decided.
_NOT_RUNNING: Final = (SUBMITTED, DRAFT, AWAITING_SUPPLEMENT, SUSPENDED, DECIDED, COMPLETED)
_DUE: Final = "coalesce(promised_due, legal_due)"


@dataclass(frozen=True)
class Deadlines:
    """Open cases of one town. `soon`: due today or within limits.DUE_SOON_DAYS; `later`: later, or with no day at all;
    `stopped`: the applicant's turn, or a special procedure; `new`: not accepted yet; `decided`: to be made out or
    handed out. `today` are the cases taken in today, open or not."""

    overdue: int = 0
    soon: int = 0
    later: int = 0
    stopped: int = 0
    new: int = 0
    decided: int = 0
    today: int = 0

    @property
    def open(self) -> int:
        return self.overdue + self.soon + self.later + self.stopped + self.new + self.decided


#: The parts an open case is in one of, the most urgent first.
PARTS: Final = ("overdue", "soon", "later", "stopped", "new", "decided")


def deadlines_by_tenant(
    *, today: date, until: date, tenants: Collection[str] | None = None
) -> dict[str, Deadlines]:  # fmt: skip
    """By tenant code; `until` is the last day that is soon."""
    marks = "(" + ", ".join(["%s"] * len(_NOT_RUNNING)) + ")"
    running = f"status NOT IN {marks}"
    select = (
        f"SELECT count(*) FILTER (WHERE {running} AND {_DUE} < %s),"
        f" count(*) FILTER (WHERE {running} AND {_DUE} BETWEEN %s AND %s),"
        f" count(*) FILTER (WHERE {running} AND coalesce({_DUE} > %s, true)),"
        " count(*) FILTER (WHERE status IN (%s, %s)), count(*) FILTER (WHERE status IN (%s, %s)),"
        " count(*) FILTER (WHERE status IN (%s, %s)),"
        # Of those taken in today some are done already: they stand in another index.
        " (SELECT count(*) FROM {schema}.cases_case WHERE opened_on = %s)"
        " FROM {schema}.cases_case WHERE is_open"
    )
    parameters = [
        *_NOT_RUNNING, today, *_NOT_RUNNING, today, until, *_NOT_RUNNING, until,
        AWAITING_SUPPLEMENT, SUSPENDED, SUBMITTED, DRAFT, DECIDED, COMPLETED, today,
    ]  # fmt: skip
    return {code: Deadlines(*counts) for code, *counts in across_tenants(select, parameters, tenants=tenants)}


def deadlines_total(towns: Iterable[Deadlines]) -> Deadlines:
    rows = list(towns)
    return Deadlines(**{field.name: sum(getattr(row, field.name) for row in rows) for field in fields(Deadlines)})
