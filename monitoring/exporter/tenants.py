"""What only the tenants' own schemas know, read in few statements: streams, parked entries, quarantine, cases at nodes.

How many statements that is grows by three for every hundred tenants (core.county.watch.across).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from core.county.watch.across import across_tenants
from core.domain.cases.deadlines import AMBER, GREEN, RED
from core.domain.cases.lifecycle import AWAITING_SUPPLEMENT, SUSPENDED, UNDECIDED
from core.domain.cases.models import Case, ParkedEntry
from core.domain.journal.models import Cursor, QuarantinedFile
from core.domain.journal.place import CORE
from tenants.connection import connection
from tenants.models import ServicePoint

from .families import Family
from .moment import Across, Moment

#: No limit runs: not yet accepted, or decided already. Somebody else's turn: the applicant's, a special procedure's.
NONE, WAIT = "none", "wait"
_CASE, _PARKED, _CURSOR, _QUARANTINED = (
    model._meta.db_table for model in (Case, ParkedEntry, Cursor, QuarantinedFile)
)  # fmt: skip
_STANDING: Final = sorted({AWAITING_SUPPLEMENT, SUSPENDED})
_RUNNING: Final = sorted(UNDECIDED - {AWAITING_SUPPLEMENT, SUSPENDED})

_STREAMS_SQL: Final = f"SELECT author, epoch, last_seq FROM {{schema}}.{_CURSOR} WHERE audience = '{CORE}'"
_COUNTS_SQL: Final = f"""
    SELECT (SELECT count(*) FROM {{schema}}.{_PARKED}),
           (SELECT count(*) FROM {{schema}}.{_QUARANTINED} WHERE NOT resolved)
"""
_CASES_SQL: Final = f"""
    SELECT custodian, service_point,
        CASE WHEN status = ANY(%s) THEN '{WAIT}' WHEN NOT status = ANY(%s) OR due IS NULL THEN '{NONE}'
             WHEN due < %s THEN '{RED}' WHEN due <= %s THEN '{AMBER}' ELSE '{GREEN}' END, count(*)
    FROM (SELECT custodian, service_point, status, coalesce(promised_due, legal_due) AS due
          FROM {{schema}}.{_CASE} WHERE is_open AND custodian <> '{CORE}') held GROUP BY 1, 2, 3
"""
#: A case that several departments have is as late as the latest of them.
_QUEUE_SQL: Final = f"""
    SELECT tenant_code, service_point,
        CASE WHEN red THEN '{RED}' WHEN amber THEN '{AMBER}' WHEN green THEN '{GREEN}' ELSE '{WAIT}' END, count(*)
    FROM (SELECT tenant_code, min(service_point) AS service_point, bool_or(runs) AS green,
                 bool_or(runs AND due < %(today)s) AS red, bool_or(runs AND amber_on <= %(today)s) AS amber
          FROM (SELECT *, power <> 'wait' AND (from_on IS NULL OR from_on <= %(today)s) AS runs
                FROM public.workqueue_task) task
          GROUP BY tenant_code, case_id) held GROUP BY 1, 2, 3
"""


def tenants_collect(moment: Moment) -> tuple[list[Family], Across]:
    """The tenants' figures, and what the figures of nodes want of them."""
    across, parked, quarantined = Across(), Family("yizhan_parked_entries"), Family("yizhan_quarantine_files")
    for _, author, epoch, last_seq in across_tenants(_STREAMS_SQL):
        key = (author, epoch)
        across.applied[key] = max(last_seq, across.applied.get(key, 0))
    tenants = []
    for code, waiting, spoiled in across_tenants(_COUNTS_SQL):
        parked.add(waiting, code)
        quarantined.add(spoiled, code)
        tenants.append(code)
    return [parked, quarantined, *_cases(moment, tenants, across)], across


def _cases(moment: Moment, tenants: Iterable[str], across: Across) -> list[Family]:
    levels = dict(ServicePoint.objects.values_list("code", "level"))
    counts: Counter[tuple[str, str, str]] = Counter()
    days = [_STANDING, _RUNNING, moment.today, moment.soon]
    for code, custodian, point, light, cases in across_tenants(_CASES_SQL, days):
        counts[code, levels.get(point, "unknown"), light] += cases
        if light in (RED, AMBER):
            across.due_soon[custodian] = across.due_soon.get(custodian, 0) + cases
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_SQL, {"today": moment.today})
        for code, point, light, cases in cursor.fetchall():
            counts[code, levels.get(point, "unknown"), light] += cases
    opened, overdue = Family("yizhan_cases_open"), Family("yizhan_cases_overdue")
    late = Counter(dict.fromkeys(tenants, 0))
    for (code, level, light), cases in sorted(counts.items()):
        opened.add(cases, code, level, light)
        late[code] += cases if light == RED else 0
    for code, cases in sorted(late.items()):
        overdue.add(cases, code)
    return [opened, overdue]
