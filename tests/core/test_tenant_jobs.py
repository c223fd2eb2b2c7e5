"""Jobs run in the schema they name and leave nothing of it behind; run here by a real worker, in its threads."""

import threading

import pytest
from django.db import connections, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from core.domain.journal.models import ClockState
from core.tracing import trace_now
from tenants.connection import connection
from tenants.jobs import async_task_refuse, job_defer, tenant_task_middleware
from tenants.models import Tenant

SEEN: list[tuple[str, str, str]] = []


def _note(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        SEEN.append((name, cursor.fetchone()[0], threading.current_thread().name))


@app.task(name="tests.write", queue="tests")
def write(last_at: int, tenant_schema: str) -> None:
    ClockState.objects.create(id=1, last_at=last_at)
    _note("write")


@app.task(name="tests.leak", queue="tests")
def leak(schema: str) -> None:
    connection.set_schema(schema)
    _note("leak")


@app.task(name="tests.where", queue="tests")
def where() -> None:
    _note("where")


@app.task(name="tests.traced", queue="tests")
def traced() -> None:
    SEEN.append(("traced", trace_now().id, ""))


@app.task(name="tests.asynchronous", queue="tests")
async def asynchronous() -> None:
    SEEN.append(("asynchronous", "", ""))


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def _work() -> None:
    """Every job that waits is done, one after the other, on one thread."""
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        working.run_worker(
            queues=["tests"], concurrency=1, wait=False, listen_notify=False, install_signal_handlers=False
        )


def _statuses() -> list[str]:
    # Not those the worker defers by the clock.
    return list(ProcrastinateJob.objects.filter(queue_name="tests").order_by("id").values_list("status", flat=True))


def test_every_worker_of_the_app_has_the_middleware() -> None:
    assert app.worker_defaults["task_middleware"][-2:] == [tenant_task_middleware, async_task_refuse]


@pytest.mark.django_db(transaction=True)
def test_a_job_runs_in_the_schema_it_was_deferred_from(tenant: Tenant) -> None:
    job_defer(write, last_at=5)
    _work()
    assert _statuses() == ["succeeded"]
    assert [(name, schema) for name, schema, _ in SEEN] == [("write", "t_430321100000")]
    assert ClockState.objects.get().last_at == 5


@pytest.mark.django_db(transaction=True)
def test_a_leaking_task_does_not_leak_into_the_next_job_on_its_thread(tenant: Tenant) -> None:
    leak.defer(schema=tenant.schema_name)
    where.defer()
    _work()
    assert [(name, schema) for name, schema, _ in SEEN] == [("leak", "t_430321100000"), ("where", "public")]
    assert len({thread for _, _, thread in SEEN}) == 1
    assert _statuses() == ["succeeded", "succeeded"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("schema", ["t_999999999999", ""])
def test_a_job_for_a_schema_that_does_not_stand_fails_and_runs_nothing(tenant: Tenant, schema: str) -> None:
    write.defer(last_at=5, tenant_schema=schema)
    _work()
    assert _statuses() == ["failed"]
    assert SEEN == []


@pytest.mark.django_db(transaction=True)
def test_a_job_deferred_in_a_tenants_transaction_is_atomic_with_it(tenant: Tenant) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        ClockState.objects.create(id=1, last_at=5)
        job_defer(write, last_at=6)
        raise RuntimeError
    assert _statuses() == []
    with transaction.atomic():
        ClockState.objects.create(id=1, last_at=5)
        job_defer(write, last_at=6)
        # Not to be seen before the commit, by no worker.
        with connections["default"].copy().cursor() as other:
            other.execute("SELECT count(*) FROM public.procrastinate_jobs")
            assert other.fetchone() == (0,)
    assert _statuses() == ["todo"]


@pytest.mark.django_db(transaction=True)
def test_an_asynchronous_task_is_refused_because_it_would_lose_its_schema(tenant: Tenant) -> None:
    asynchronous.defer()
    _work()
    assert (_statuses(), SEEN) == (["failed"], [])


@pytest.mark.django_db(transaction=True)
def test_a_job_deferred_in_public_names_no_schema(tenant: Tenant) -> None:
    connection.set_schema_to_public()
    job_defer(where)
    assert ProcrastinateJob.objects.get().args == {}
    _work()
    assert [(name, schema) for name, schema, _ in SEEN] == [("where", "public")]


@pytest.mark.django_db(transaction=True)
def test_each_job_has_a_trace_of_its_own(tenant: Tenant) -> None:
    for _ in range(2):
        traced.defer()
    _work()
    first, second = (trace for _, trace, _ in SEEN)
    assert len({first, second, trace_now().id}) == 3
