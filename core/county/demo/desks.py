"""The rest of the day: the county's officers empty their inboxes, the town decides its own, results are handed out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final
from uuid import UUID

from core.county.workqueue.models import Task
from core.domain.cases.models import Case
from core.domain.cases.selectors import case_state
from core.domain.cases.services import case_item, deferrals_open
from core.domain.cases.state import CaseState
from core.domain.catalogue.selectors import item_get
from core.domain.journal.clock import today
from tenants.connection import connection
from tenants.models import Tenant

from .day import Officer, Window
from .world import TOWN

#: Nobody's inbox takes more turns than this: a case that never leaves it is a fault of the demo's.
MAX_TURNS: Final = 20

#: (person's kind, department) > the officer at the county's console.
Officers = Mapping[tuple[str, str], Officer]


def county_decides(officers: Officers, told: Callable[[str, str], None]) -> int:
    """Every inbox is empty; returns how many acts it took. A reviewer reviews, another person decides."""
    acts = 0
    for _ in range(MAX_TURNS):
        asked = Task.objects.filter(power__in=("accept", "review", "decide")).order_by("due", "id")
        # Somebody who stopped the demo amid a chapter may have left a case that waits for its applicant.
        tasks = [task for task in asked if not (task.power == "decide" and _owed(task))]
        if not tasks:
            return acts
        for task in tasks:
            _task_do(task, officers, told)
            acts += 1
    raise RuntimeError("the county's inboxes do not become empty")


def _owed(task: Task) -> bool:
    """Whether something is still to follow in the task's case: nothing is granted before."""
    connection.set_tenant(Tenant.objects.get(code=task.tenant_code))
    try:
        return bool(deferrals_open(case_state(task.case_id)))
    finally:
        connection.set_schema_to_public()


def _task_do(task: Task, officers: Officers, told: Callable[[str, str], None]) -> None:
    case_id = str(task.case_id)
    if task.power == "accept":
        officers["reviewer", task.department].act(task.tenant_code, case_id, "accept", {})
    elif task.power == "review":
        officer = officers["reviewer", task.department]
        if any(stage.joint for stage in item_get(task.item_code).flow if stage.code == task.stage):
            meeting = {"day": today().isoformat(), "time": "", "place": "申请现场", "text": ""}
            officer.act(task.tenant_code, case_id, "appoint", meeting)
        values = {"department": task.department, "verdict": "pass", "text": "材料齐全,符合条件"}
        officer.act(task.tenant_code, case_id, "opinion", values)
    else:
        values = {"granted": "yes", "result_number": f"潭政服〔2026〕{task.pk}号", "text": "", "basis": ""}
        officers["approver", task.department].act(task.tenant_code, case_id, "decide", values)
    told(task.item_name, task.power)


def cases_at(node: str, *statuses: str) -> list[CaseState]:
    """The town tenant's cases this node has custody of, as the core knows them."""
    connection.set_tenant(Tenant.objects.get(code=TOWN))
    try:
        rows = Case.objects.filter(custodian=node, status__in=statuses).order_by("number")
        return [case_state(pk) for pk in rows.values_list("pk", flat=True)]
    finally:
        connection.set_schema_to_public()


def known_as(cases: Collection[UUID], *statuses: str) -> bool:
    """Whether the county knows all these cases of the town's tenant as being in one of these states."""
    connection.set_tenant(Tenant.objects.get(code=TOWN))
    try:
        return Case.objects.filter(pk__in=cases, status__in=statuses).count() == len(cases)
    finally:
        connection.set_schema_to_public()


def town_decides(node: str, reviewer: Window, approver: Window, told: Callable[[str, str], None]) -> list[UUID]:
    """What the town may decide itself is decided at its own machine, by two people; returns which cases."""
    cases = [state for state in cases_at(node, "accepted", "under_review") if not deferrals_open(state)]
    for state in cases:
        item = case_item(state)
        if item.kind != "immediate":
            for _ in item.flow:
                reviewer.act(str(state.id), "opinion", {"verdict": "pass", "text": "情况属实"})
        approver.act(str(state.id), "decide", {"granted": "yes", "text": "", "basis": "", "result_number": ""})
        told(item.name, "decide")
    return [state.id for state in cases]


def results_handed_out(node: str, window: Window) -> list[UUID]:
    """Every result that waits at this machine is handed to its applicant; returns of which cases."""
    cases = cases_at(node, "completed")
    for state in cases:
        values = {"how": "window", "receiver": state.applicant.name, "receiver_id": state.applicant.id_number}
        window.act(str(state.id), "deliver", values)
    return [state.id for state in cases]
