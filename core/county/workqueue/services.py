"""The work queue follows the cases: rows written in the transaction that changed a case, and rebuilt from all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django_tenants.utils import tenant_context

from core.domain.cases.models import Case
from core.domain.cases.state import CaseState, state_decode
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import items_get
from core.domain.journal.clock import instant_date
from core.domain.journal.place import CORE, NotEnrolled
from core.domain.journal.rows import rows_insert
from tenants.connection import connection
from tenants.models import Tenant
from tenants.place import tenant_current

from .models import CaseAccess, Task
from .selectors import Desk, staff_assignable
from .steps import due_of, steps_of

COLUMNS = (
    "tenant_code", "case_id", "number", "item_code", "item_name", "department", "power", "stage", "stage_name",
    "status", "service_point", "opened_on", "due", "amber_on", "promised_due", "legal_due", "assignee", "updated_at",
)  # fmt: skip
UNIQUE = ("tenant_code", "case_id", "department", "power")
#: What stands in a row already keeps its assignee: the step is the same, and so is whose turn it is.
UPDATED = tuple(name for name in COLUMNS if name not in (*UNIQUE, "assignee"))
REBUILD_CHUNK = 500

Row = tuple[Any, ...]


class AssigneeUnfit(Exception):
    """The person has no post in the department of one of the tasks."""

    def __init__(self, staff_code: str) -> None:
        super().__init__(staff_code)
        self.staff_code = staff_code


def tasks_reflect(states: Sequence[CaseState]) -> None:
    """The queue holds exactly what these cases, of the connection's tenant, ask of whom.

    Call in the transaction that changed them; the number of statements does not depend on how many they are.
    """
    if not states:
        return
    tenant = tenant_current()
    if tenant is None:
        raise NotEnrolled
    held = [state for state in states if state.custodian == CORE and state.is_open]
    rows = _rows(tenant.code, held) if held else []
    _forget(tenant.code, [state.id for state in states], keep=rows)
    rows_insert(Task, COLUMNS, rows, unique=UNIQUE, update=UPDATED)


def _forget(tenant_code: str, case_ids: Sequence[UUID], *, keep: Sequence[Row]) -> None:
    """Of these cases no step is left but those in `keep`; one statement, which Django's delete() would split."""
    table = connection.ops.quote_name(Task._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} task WHERE tenant_code = %s AND case_id = ANY(%s::uuid[]) AND NOT EXISTS ("
            "SELECT 1 FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS kept(case_id, department, power) "
            "WHERE kept.case_id = task.case_id AND kept.department = task.department AND kept.power = task.power)",
            [tenant_code, list(case_ids), *([row[column] for row in keep] for column in (1, 5, 6))],
        )


def _rows(tenant_code: str, states: Sequence[CaseState]) -> list[Row]:
    calendar = work_calendar()
    items = items_get((state.item_code, state.item_version) for state in states)
    rows: list[Row] = []
    for state in states:
        item = items.get((state.item_code, state.item_version))
        # A version this catalogue does not hold: ingest flags the case, nobody could open its page.
        if item is None:
            continue
        steps = steps_of(state, item)
        if not steps:
            continue
        due = due_of(state, calendar)
        for step in steps:
            rows.append((
                tenant_code, state.id, state.number, state.item_code, _cut(item, 200), step.department, step.power,
                step.stage, step.stage_name[:80], state.status, state.service_point, instant_date(state.opened_at),
                due.due, due.amber_on, due.promised, due.legal, "", state.updated_at,
            ))  # fmt: skip
    return rows


def _cut(item: Item, length: int) -> str:
    return item.name[:length]


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
    """The queue holds exactly what the tenant's open cases ask, derived anew; returns how many cases do.

    Assignments stay where the step is still there. Cases may go on being written meanwhile.
    """
    done = 0
    with tenant_context(tenant):
        held = Case.objects.filter(is_open=True, custodian=CORE)
        with transaction.atomic():
            Task.objects.filter(tenant_code=tenant.code).exclude(case_id__in=held.values("pk")).delete()
        last: UUID | None = None
        while True:
            with transaction.atomic():
                # In key order and locked, so that no act slips in between the state read and the row written.
                chunk = held if last is None else held.filter(pk__gt=last)
                locked = chunk.order_by("pk").select_for_update()[:REBUILD_CHUNK].values_list("pk", "state")
                states = {key: state_decode(bytes(wire)) for key, wire in locked}
                tasks_reflect(list(states.values()))
            done += len(states)
            if len(states) < REBUILD_CHUNK:
                return done
            last = max(states)


def tasks_forget_tenants() -> int:
    """No task is left of a tenant that is not there any more; returns how many were."""
    return Task.objects.exclude(tenant_code__in=Tenant.objects.values("code")).delete()[0]
