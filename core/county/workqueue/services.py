"""The county's public tables about cases follow the cases: rows written in the transaction that changed a case, and
rebuilt from all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django_tenants.utils import tenant_context

from core.domain.cases.deadlines import DELIVERY_DAYS, WorkCalendar
from core.domain.cases.lifecycle import AWAITING_SUPPLEMENT, COMPLETED, DELIVERED
from core.domain.cases.models import Case
from core.domain.cases.state import CaseState
from core.domain.cases.walking import cases_walk
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import items_get
from core.domain.journal.clock import Instant, instant_date
from core.domain.journal.place import CORE, NotEnrolled
from core.domain.journal.policy import policy
from core.domain.journal.rows import rows_insert
from tenants.connection import connection
from tenants.models import Tenant
from tenants.place import tenant_current

from .figures import figures_of
from .models import CaseAccess, CaseFigure, Task, Undelivered
from .selectors import Desk, expected_days_of, staff_assignable
from .steps import Rules, steps_due, urged_of

COLUMNS = (
    "tenant_code", "case_id", "number", "item_code", "item_name", "department", "power", "stage", "stage_name",
    "status", "service_point", "opened_on", "due", "from_on", "amber_on", "promised_due", "legal_due", "assignee",
    "urged", "updated_at",
)  # fmt: skip
UNIQUE = ("tenant_code", "case_id", "department", "power")
#: What stands in a row already keeps its assignee: the step is the same, and so is whose turn it is.
UPDATED = tuple(name for name in COLUMNS if name not in (*UNIQUE, "assignee"))
READY_COLUMNS = (
    "tenant_code", "case_id", "number", "item_code", "item_name", "service_point", "custodian", "decided_on", "due",
    "urged_on", "updated_at",
)  # fmt: skip
FIGURE_COLUMNS = (
    "tenant_code", "case_id", "item_code", "department", "service_point", "decided_on", "granted", "days_used",
    "days_early", "visits", "one_visit", "delivered_on",
)  # fmt: skip
CASE = ("tenant_code", "case_id")

Row = tuple[Any, ...]
Items = dict[tuple[str, int], Item]


class AssigneeUnfit(Exception):
    """The person has no post in the department of one of the tasks."""

    def __init__(self, staff_code: str) -> None:
        super().__init__(staff_code)
        self.staff_code = staff_code


def tasks_reflect(states: Sequence[CaseState]) -> None:
    """The queue holds exactly what these cases, of the connection's tenant, ask of whom; so do the lists of results
    that wait and of what decided cases came to.

    Call in the transaction that changed them; the number of statements does not depend on how many they are.
    """
    if not states:
        return
    tenant = tenant_current()
    if tenant is None:
        raise NotEnrolled
    held = [state for state in states if state.custodian == CORE and state.is_open]
    ready = [state for state in states if state.status == COMPLETED]
    decided = [state for state in states if state.status in (COMPLETED, DELIVERED)]
    items = items_get({(state.item_code, state.item_version) for state in (*held, *ready)}) if held or ready else {}
    calendar = work_calendar() if held or decided else WorkCalendar()
    tasks = _task_rows(tenant.code, held, items, calendar) if held else []
    waiting = [_ready_row(tenant.code, state, items, calendar) for state in ready]
    figures = _figure_rows(tenant.code, decided, calendar)
    _forget(tenant.code, [state.id for state in states], tasks=tasks, ready=waiting, figures=figures)
    rows_insert(Task, COLUMNS, tasks, unique=UNIQUE, update=UPDATED)
    rows_insert(Undelivered, READY_COLUMNS, waiting, unique=CASE, update=READY_COLUMNS[2:])
    rows_insert(CaseFigure, FIGURE_COLUMNS, figures, unique=CASE, update=FIGURE_COLUMNS[2:])


def _forget(
    tenant_code: str, case_ids: Sequence[UUID], *, tasks: Sequence[Row], ready: Sequence[Row], figures: Sequence[Row]
) -> None:
    """Of these cases no rows are left but those given; one statement, which Django's delete() would split."""
    quote = connection.ops.quote_name
    table, waiting, counted = (quote(model._meta.db_table) for model in (Task, Undelivered, CaseFigure))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH a AS (DELETE FROM {waiting} WHERE tenant_code = %s AND case_id = ANY(%s::uuid[])),"
            f" b AS (DELETE FROM {counted} WHERE tenant_code = %s AND case_id = ANY(%s::uuid[]))"
            f" DELETE FROM {table} task WHERE tenant_code = %s AND case_id = ANY(%s::uuid[]) AND NOT EXISTS ("
            "SELECT 1 FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS kept(case_id, department, power) "
            "WHERE kept.case_id = task.case_id AND kept.department = task.department AND kept.power = task.power)",
            [
                tenant_code, _without(case_ids, ready), tenant_code, _without(case_ids, figures), tenant_code,
                list(case_ids), *([row[column] for row in tasks] for column in (1, 5, 6)),
            ],
        )  # fmt: skip


def _without(case_ids: Sequence[UUID], rows: Sequence[Row]) -> list[UUID]:
    kept = {row[1] for row in rows}
    return [case_id for case_id in case_ids if case_id not in kept]


def _task_rows(tenant_code: str, states: Sequence[CaseState], items: Items, calendar: WorkCalendar) -> list[Row]:
    rules = _rules(states, calendar)
    rows: list[Row] = []
    for state in states:
        item = items.get((state.item_code, state.item_version))
        # A version this catalogue does not hold: ingest flags the case, nobody could open its page.
        if item is None:
            continue
        urged = urged_of(state)
        for step, due in steps_due(state, item, rules):
            rows.append((
                tenant_code, state.id, state.number, state.item_code, item.name[:200], step.department, step.power,
                step.stage, step.stage_name[:80], state.status, state.service_point, instant_date(state.opened_at),
                due.due, due.from_on, due.amber_on, due.promised, due.legal, "",
                max(urged.get("", 0), urged.get(step.department, 0)), state.updated_at,
            ))  # fmt: skip
    return rows


def _rules(states: Sequence[CaseState], calendar: WorkCalendar) -> Rules:
    # Notices name their day; those of before they did are counted by the county's setting.
    undated = any(one.status == AWAITING_SUPPLEMENT and one.supplement and one.supplement.due is None for one in states)
    return Rules(
        calendar=calendar, supplement_days=policy("supplement_days") if undated else 0,
        expected_days=expected_days_of(states),
    )  # fmt: skip


def _ready_row(tenant_code: str, state: CaseState, items: Items, calendar: WorkCalendar) -> Row:
    item, decided_at = items.get((state.item_code, state.item_version)), decided_at_of(state)
    urged = [instant_date(one.at) for one in state.urgings.values() if one.at > decided_at]
    return (
        tenant_code, state.id, state.number, state.item_code, item.name[:200] if item else state.item_code,
        state.service_point, state.custodian, instant_date(decided_at),
        calendar.working_day_after(instant_date(decided_at), DELIVERY_DAYS), max(urged, default=None),
        state.updated_at,
    )  # fmt: skip


def decided_at_of(state: CaseState) -> Instant:
    """When the decision was taken; where a merged case has none, when it last changed."""
    return state.decision.at if state.decision else state.updated_at


def _figure_rows(tenant_code: str, states: Sequence[CaseState], calendar: WorkCalendar) -> list[Row]:
    rows: list[Row] = []
    for state in states:
        found = figures_of(state, calendar)
        if found is not None and state.decision is not None:
            rows.append((
                tenant_code, state.id, state.item_code, state.decision.department, state.service_point,
                found.decided_on, found.granted, found.days_used, found.days_early, found.visits, found.one_visit,
                found.delivered_on,
            ))  # fmt: skip
    return rows


@transaction.atomic
def task_assign(*, desk: Desk, task_ids: Iterable[int], assignee: str) -> int:
    """The tasks, those of them on this desk, are `assignee`'s ("": nobody's); returns how many.

    Raises AssigneeUnfit, and assigns none, where the person has no post in one of the departments.
    """
    tasks = list(Task.objects.select_for_update().filter(desk.query(), pk__in=list(task_ids)).order_by("pk"))
    if assignee:
        places = {(task.tenant_code, task.department) for task in tasks}
        for tenant_code, department in places:
            fit = {person.code for person in staff_assignable(tenant_code=tenant_code, department=department)}
            if assignee not in fit:
                raise AssigneeUnfit(assignee)
    return Task.objects.filter(pk__in=[task.pk for task in tasks]).update(assignee=assignee)


def access_record(
    *, staff_code: str, tenant_code: str, case_id: UUID, act: str, reason: str, address: str | None, at: datetime
) -> CaseAccess:
    """The audit says that this person entered this case, and why they could."""
    return CaseAccess.objects.create(
        staff_code=staff_code, tenant_code=tenant_code, case_id=case_id, act=act, reason=reason, address=address, at=at
    )


def workqueue_rebuild(tenant: Tenant) -> int:
    """The tables hold exactly what the tenant's cases ask and came to, derived anew; returns how many cases do.

    Assignments stay where the step is still there. Cases may go on being written meanwhile.
    """
    with tenant_context(tenant):
        known = Case.objects.filter(Q(is_open=True) | Q(status=DELIVERED))
        with transaction.atomic():
            for model, kept in (
                (Task, Case.objects.filter(is_open=True, custodian=CORE)),
                (Undelivered, Case.objects.filter(is_open=True, status=COMPLETED)),
                (CaseFigure, Case.objects.filter(status__in=(COMPLETED, DELIVERED))),
            ):
                _rows_of(model).filter(tenant_code=tenant.code).exclude(case_id__in=kept.values("pk")).delete()
        return cases_walk(known, tasks_reflect)


def _rows_of(model: type[Model]) -> QuerySet[Any]:
    return model._default_manager.all()


def tasks_forget_tenants() -> int:
    """No task, waiting result or figure is left of a tenant that is not there any more; returns how many were."""
    there = Tenant.objects.values("code")
    models = (Task, Undelivered, CaseFigure)
    return sum(_rows_of(model).exclude(tenant_code__in=there).delete()[0] for model in models)
