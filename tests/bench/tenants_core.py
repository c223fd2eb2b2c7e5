"""The parts of `tenants`, on the core's settings and a durable private PostgreSQL."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from core.county.publishing.demo_catalogue import demo_records
from core.county.workqueue.models import Task
from core.county.workqueue.selectors import Filters, desk_of, tasks_on, tasks_page
from core.domain.catalogue.models import Department
from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tenants.fanout import tenants_migrate
from tenants.models import Tenant
from tenants.provisioning import tenant_provision
from tenants.schemas import schemas_vacuum

from .place import catalogue_apply
from .usage import used

MORE = 10  #: towns provisioned after the first 400, each timed
TIMES = 21  #: the page is asked for so often; the median counts
FILL = """
INSERT INTO workqueue_task (tenant_code, case_id, number, item_code, item_name, department, power, stage, stage_name,
    status, service_point, opened_on, due, amber_on, promised_due, legal_due, assignee, updated_at)
SELECT tenant, gen_random_uuid(), lpad(n::text, 25, '0'), items[1 + n %% 45], '事项' || n %% 45,
    departments[1 + n %% cardinality(departments)], CASE WHEN n %% 5 = 0 THEN 'wait' ELSE 'review' END, 'S1', '初审',
    'under_review', tenant || '-01', day - n %% 40, day - n %% 40 + 30, day - n %% 40 + 25, day - n %% 40 + 30,
    day - n %% 40 + 60, '', n
FROM (SELECT n, tenants[1 + n %% cardinality(tenants)] AS tenant, %(day)s::date AS day
      FROM generate_series(1, %(cases)s) n, (SELECT %(tenants)s::text[] AS tenants) t) numbered,
     (SELECT %(items)s::text[] AS items, %(departments)s::text[] AS departments) catalogue
"""


def _provision(number: int) -> float:
    """Seconds it took to make the n-th town a tenant, as its form does."""
    started = time.perf_counter()
    tenant_provision(
        code=f"43{number:04d}100000", name=f"第{number}镇", kind="town", slug=f"town-{number}", hall_name="政务服务大厅"
    )
    return time.perf_counter() - started


def provision(tenants: int) -> dict[str, Any]:
    """There are so many tenants; seconds of each of a few more."""
    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    catalogue_apply(demo_records())
    for number in range(tenants):
        _provision(number)
    schemas_vacuum()
    with used() as usage:
        seconds = [_provision(tenants + number) for number in range(MORE)]
    return {
        "tenants": tenants, "seconds": seconds, "median": statistics.median(seconds), "busy": usage.busy / MORE
    }  # fmt: skip


def provision_cold(number: int) -> float:
    """Seconds of the first provisioning a process does."""
    Tenant.objects.count()
    return _provision(9000 + number)


def migrate(package: str) -> dict[str, Any]:
    """All tenants have the next version's column; seconds by the clock, the pending check included."""
    settings.MIGRATION_MODULES = {"cases": package}
    Tenant.objects.count()
    with used() as usage:
        report = tenants_migrate()
    if report.failed or not report.migrated:
        raise RuntimeError(f"migrated {len(report.migrated)}, failed {report.failed}")
    return {"seconds": usage.wall, "busy": usage.busy, "migrated": len(report.migrated)}


def inbox(cases: int) -> dict[str, Any]:
    """Milliseconds in the database of the first page of one department's inbox."""
    today = timezone.localdate()
    departments = list(Department.objects.order_by("uscc").values_list("uscc", flat=True))
    _fill(cases, departments)
    user = user_create(code="bench", name="审查人", password="Yizhan-2026")
    membership_grant(user_code="bench", role="reviewer", department=departments[0])
    desk = desk_of(user)
    explained = [_explained_ms(desk, today) for _ in range(TIMES)]
    asked = [_timed(lambda: tasks_page(desk, Filters(), today=today)) for _ in range(TIMES)]
    pages = [_page(user) for _ in range(TIMES)]
    return {
        "tasks": Task.objects.count(), "department": Task.objects.filter(department=departments[0]).count(),
        "explained_ms": explained, "list_ms": asked, "times": TIMES, "statements": len(pages[-1]),
        "page_ms": [sum(page) for page in pages],
    }  # fmt: skip


def _fill(cases: int, departments: list[str]) -> None:
    tenants = list(Tenant.objects.order_by("code").values_list("code", flat=True)[:400])
    with connection.cursor() as cursor:
        cursor.execute(FILL, {
            "cases": cases, "tenants": tenants, "departments": departments, "items": [f"ITEM{n}" for n in range(45)],
            "day": timezone.localdate() + timedelta(days=5),
        })  # fmt: skip
        cursor.execute("VACUUM ANALYZE workqueue_task")


def _explained_ms(desk: Any, today: Any) -> float:
    """Planning and execution of the list's statement, as the server measures itself."""
    plan = tasks_on(desk, Filters(), today=today).order_by("due", "pk")[:51].explain(analyze=True, format="json")
    (found,) = json.loads(plan)
    return float(found["Planning Time"] + found["Execution Time"])


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _page(user: User) -> list[float]:
    """Milliseconds of each statement the inbox's page puts to the database, those of the session included."""
    client = Client(headers={"host": settings.COUNTY_HOST})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    asked: list[float] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            asked.append((time.perf_counter() - started) * 1000)

    with connection.execute_wrapper(watch):
        answer = client.get("/inbox/")
    if answer.status_code != 200:
        raise RuntimeError(f"/inbox/ answers {answer.status_code}")
    return asked
