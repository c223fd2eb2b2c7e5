"""Entering cases' tenants from the county's console: by permission, for one case at a time, on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from core.county.workqueue.models import Task, Undelivered
from core.county.workqueue.selectors import Desk, desk_of, tasks_of_case
from core.county.workqueue.services import access_record
from core.domain.cases.errors import CaseUnknown
from core.domain.cases.lifecycle import IllegalTransition
from core.domain.cases.selectors import case_state
from core.domain.cases.services import case_item, case_urge, departments_concerned
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item
from core.domain.journal.clock import today
from core.domain.staff.actors import Actor
from core.domain.staff.models import User
from tenants.models import Tenant
from tenants.schemas import tenant_entered

from .selectors import officer_at

# Why somebody could enter a case; stands in the audit.
BY_TASK = "task"  #: there was something for a department of theirs to do
BY_DEPARTMENT = "department"  #: it is, or was, a case of a department of theirs
BY_SUPERVISION = "supervision"


@dataclass(frozen=True)
class Entered:
    """One case while the connection stands in its tenant's schema. `actor` has the posts that count in this case."""

    tenant: Tenant
    state: CaseState
    item: Item
    actor: Actor
    desk: Desk
    tasks: tuple[Task, ...]
    reason: str


@dataclass(frozen=True)
class ResultsUrged:
    """How many service points were urged to hand a result out; `gone` results were handed out, or moved, meanwhile."""

    done: int
    gone: int


def results_urge(
    *, actor: Actor, rows: Iterable[Undelivered], text: str, due: date | None, address: str | None
) -> ResultsUrged:
    """Whoever has these results is urged to hand them out, case by case, and the audit says who did it.

    `rows` are in tenants the person watches over. Raises ReasonMissing, RoleMissing; then no case was urged.
    """
    by_tenant: dict[str, list[UUID]] = {}
    for row in rows:
        by_tenant.setdefault(row.tenant_code, []).append(row.case_id)
    done = gone = 0
    for tenant in Tenant.objects.filter(code__in=by_tenant).order_by("code"):
        with tenant_entered(tenant), transaction.atomic():
            for case_id in by_tenant[tenant.code]:
                if _urge(actor, case_id, text, due):
                    access_record(
                        staff_code=actor.code, tenant_code=tenant.code, case_id=case_id, act="urge",
                        reason=BY_SUPERVISION, address=address, at=timezone.now(),
                    )  # fmt: skip
                    done += 1
                else:
                    gone += 1
    return ResultsUrged(done=done, gone=gone)


def _urge(actor: Actor, case_id: UUID, text: str, due: date | None) -> bool:
    try:
        case_urge(case_id=case_id, actor=actor, level="urging", text=text, due=due)
    except (CaseUnknown, IllegalTransition):
        return False
    return True


@contextmanager
def case_enter(*, user: User, tenant_code: str, case_id: UUID, act: str, address: str | None) -> Iterator[Entered]:
    """Inside the block the connection stands in the tenant's schema, and the audit says who came in and why.

    Raises CaseUnknown, and records nothing, where there is no such case or the person may not see it: whoever may
    not see a case is not told that it exists. Raises SchemaMissing.
    """
    desk = desk_of(user)
    tenant = Tenant.objects.filter(code=tenant_code).first()
    if tenant is None:
        raise CaseUnknown(case_id=str(case_id))
    with tenant_entered(tenant):
        state = case_state(case_id)
        item = case_item(state)
        concerned = departments_concerned(state, item)
        if not desk.covers(tenant.code, concerned):
            raise CaseUnknown(case_id=str(case_id))
        tasks = tuple(tasks_of_case(tenant.code, case_id, today=today()))
        reason = _reason(desk, tenant.code, concerned, tasks)
        access_record(
            staff_code=user.code, tenant_code=tenant.code, case_id=case_id, act=act, reason=reason, address=address,
            at=timezone.now(),
        )  # fmt: skip
        actor = officer_at(user, tenant_code=tenant.code, departments=concerned)
        yield Entered(tenant=tenant, state=state, item=item, actor=actor, desk=desk, tasks=tasks, reason=reason)


def _reason(desk: Desk, tenant_code: str, concerned: frozenset[str], tasks: tuple[Task, ...]) -> str:
    if any(desk.officiates(tenant_code, frozenset({task.department})) for task in tasks):
        return BY_TASK
    return BY_DEPARTMENT if desk.officiates(tenant_code, concerned) else BY_SUPERVISION
