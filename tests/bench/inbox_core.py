"""The parts of `inbox`, on the core's settings and a private PostgreSQL."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django_tenants.utils import tenant_context

from core.county.publishing.demo_catalogue import demo_records
from core.county.workqueue.models import Task
from core.county.workqueue.selectors import Filters, desk_of, tasks_page
from core.domain.cases.fold import fold
from core.domain.cases.numbering import case_number
from core.domain.cases.state import CaseState
from core.domain.cases.writing import states_write, work_calendar
from core.domain.catalogue.documents import Item
from core.domain.catalogue.models import Item as ItemRow
from core.domain.catalogue.selectors import items_get
from core.domain.journal import bodies as b
from core.domain.journal.clock import instant, instant_date, physical_ms, today
from core.domain.journal.format import Entry
from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tenants.models import Tenant
from tenants.provisioning import tenant_provision

from .lives import PARTY
from .place import catalogue_apply
from .profiling import profiled

CHUNK = 1_000
DAY_MS = 24 * 3600 * 1000
DAYS = 40  #: cases were opened on one of so many days, so that all lights burn
OTHERS = 4  #: of every four cases of the department there is one of another department
TIMES = 60
PASSWORD = "Yizhan-2026"


def prepare(tenants: int, cases: int) -> None:
    """So many towns; so many open cases wait for one department, a quarter more for others."""
    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    catalogue_apply(demo_records())
    made = [
        tenant_provision(code=f"43{number:04d}100000", name=f"第{number}镇", kind="town", slug=f"town-{number}",
                         hall_name="政务服务大厅")
        for number in range(tenants)
    ]  # fmt: skip
    own, others = _items()
    officer = user_create(code="bench", name="审查人", password=PASSWORD)
    membership_grant(user_code=officer.code, role="reviewer", department=own[0].department)
    for number, tenant in enumerate(made):
        share = len(range(number, cases, tenants))
        with tenant_context(tenant):
            _fill(tenant, own, share, seed=number)
            _fill(tenant, others, share // OTHERS, seed=1000 + number)
    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE workqueue_task")


def _items() -> tuple[list[Item], list[Item]]:
    """(the items of the department that has most and begins their review, those of the others)."""
    codes = ItemRow.objects.order_by("item_code").values_list("item_code", "version")
    promised = [item for item in items_get(codes).values() if item.kind == "promised"]
    promised.sort(key=lambda item: item.item_code)
    ((department, _count),) = Counter(item.department for item in promised).most_common(1)
    own = [item for item in promised if item.department == department and department in item.flow[0].departments]
    return own, [item for item in promised if item.department != department]


def _fill(tenant: Tenant, items: list[Item], count: int, *, seed: int) -> None:
    calendar = work_calendar()
    states = _states(tenant.code, items, count, seed)
    while chunk := list(islice(states, CHUNK)):
        with transaction.atomic():
            states_write(chunk, calendar=calendar)


def _states(tenant_code: str, items: list[Item], count: int, seed: int) -> Iterator[CaseState]:
    """Cases at the county: waiting for a first opinion, in review, urged, with the clock stopped, not yet accepted."""
    chance = random.Random(seed)
    now = physical_ms()
    for number in range(count):
        item = chance.choice(items)
        at = instant(now - chance.randrange(DAYS) * DAY_MS - chance.randrange(DAY_MS // 2))
        case_id = UUID(int=chance.getrandbits(128))
        state: CaseState | None = None
        for step, body in enumerate(_bodies(item, tenant_code, number, at, chance.random())):
            commuting = b.kind_of(body) in b.COMMUTING
            state = fold(state, Entry(
                id=UUID(int=chance.getrandbits(128)), case_id=case_id, rev=0 if commuting else step + 1,
                author=f"{tenant_code}-01" if state is None else state.custodian, actor="agent1", at=at + step,
                release=1, body=body,  # type: ignore[arg-type]
            ))  # fmt: skip
        assert state is not None
        yield state


def _bodies(item: Item, tenant_code: str, number: int, at: int, lot: float) -> list[b.Body]:
    point = f"{tenant_code}-01"
    legal, promised = (b.LimitValue(value=one.value, unit=one.unit) for one in (item.legal_limit, item.promised_limit))
    opened = b.CaseOpened(
        number=case_number(service_point=point, day=instant_date(at), serial=1 + number % 9_000),
        item_code=item.item_code, item_version=item.version, service_point=point, division=tenant_code, applicant=PARTY,
    )  # fmt: skip
    onward = b.CaseForwarded(to="core", power="review", department=item.department)
    if lot < 0.1:
        return [opened, b.CaseSubmitted(), onward]
    accepted = [opened, b.CaseSubmitted(), b.CaseAccepted(legal=legal, promised=promised, service_point=point), onward]
    if lot < 0.6:
        return accepted
    stage = item.flow[0]
    in_review = [*accepted, b.StageOpened(stage=stage.code, name=stage.name, departments=stage.departments)]
    if lot < 0.93:
        return in_review
    if lot < 0.97:
        return [*in_review, b.CaseUrged(level="urging", text="请尽快办理", department=item.department)]
    return [*in_review, b.ClockStopped(procedure="publicity", text="公示", expected_days=7)]


def pages(profile: bool) -> dict[str, Any]:
    """Milliseconds of each page, and what the first one asks of the database."""
    user = User.objects.get(code="bench")
    client = Client(headers={"host": settings.COUNTY_HOST})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = tasks_page(desk_of(user), Filters(), today=today())
    assert page.following is not None
    after = f"{page.following.due.isoformat()}_{page.following.task_id}"
    wanted = {
        "first page": "/inbox/", "next page": f"/inbox/?after={after}", "overdue only": "/inbox/?light=red",
        "one item": f"/inbox/?item={page.tasks[0].item_code}", "one town": "/inbox/?tenant=430001100000",
        "urged": "/inbox/?urged=1",
    }  # fmt: skip
    with profiled("inbox" if profile else ""):
        times = {name: _timed(client, path) for name, path in wanted.items()}
    asked = _statements(client)
    busy = time.process_time()
    for _ in range(TIMES):
        _ask(client, "/inbox/")
    busy_ms = (time.process_time() - busy) * 1000 / TIMES
    department = user.memberships.get().department
    return {
        "ms": times, "tasks": Task.objects.count(), "mine": Task.objects.filter(department=department).count(),
        "statements": len(asked), "database_ms": sum(asked), "busy_ms": busy_ms,
    }  # fmt: skip


def _timed(client: Client, path: str) -> list[float]:
    """The first answer warms what a server that runs has warm, and does not count."""
    _ask(client, path)
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        _ask(client, path)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _statements(client: Client) -> list[float]:
    asked: list[float] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            asked.append((time.perf_counter() - started) * 1000)

    with connection.execute_wrapper(watch):
        _ask(client, "/inbox/")
    return asked


def _ask(client: Client, path: str) -> Any:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return answer
