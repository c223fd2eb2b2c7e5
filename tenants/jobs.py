"""Jobs that know their tenant: a reserved argument names the schema a task runs in.

procrastinate stands in the public schema only, so that a job deferred in a tenant's transaction is atomic with it.
Tasks are synchronous functions that take `tenant_schema: str`; one that takes none runs in the public schema.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django_tenants.utils import get_public_schema_name
from procrastinate import App, JobContext
from procrastinate.contrib.django import app as current_app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.tasks import Task
from procrastinate.worker import Worker

from core.tracing import trace_begin
from tenants.connection import connection
from tenants.errors import AsyncTaskRefused, SchemaMissing
from tenants.schemas import schema_exists

RESERVED_ARGUMENT = "tenant_schema"
#: A worker says every 10 s that it lives; one that was silent for so long is dead.
WORKER_SILENCE = timedelta(seconds=30)


def tenant_task_middleware(call_next: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Runs the task in the schema its job names, in public if it names none, with a trace of its own; afterwards the
    thread is in public.

    Raises SchemaMissing, which fails the job, rather than let PostgreSQL fall through to public.
    """
    connection.set_schema_to_public()
    schema = context.job.task_kwargs.get(RESERVED_ARGUMENT)
    try:
        if schema is not None and schema != get_public_schema_name():
            if not isinstance(schema, str) or not schema_exists(schema):
                raise SchemaMissing(str(schema))
            connection.set_schema(schema)
        with trace_begin():
            return call_next()
    finally:
        # Whatever the task set: the next job on this thread must not find it.
        connection.set_schema_to_public()


async def async_task_refuse(call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """Fails the job of an asynchronous task, whose queries would run on other threads and lose the schema."""
    if not context.job.task_name.startswith("builtin:"):
        raise AsyncTaskRefused(context.job.task_name)
    return await call_next()


def job_defer(task: Task[..., Any, ...] | str, **arguments: Any) -> int:
    """The job is queued for the connection's current tenant, in the current transaction; returns its id.

    A task may be named, where its module stands above the caller's. Raises procrastinate's TaskNotFound.
    """
    if connection.schema_name != get_public_schema_name():
        arguments = {RESERVED_ARGUMENT: connection.schema_name, **arguments}
    if isinstance(task, str):
        return current_app.configure_task(task, allow_unknown=False).defer(**arguments)
    return task.defer(**arguments)


def jobs_resume_stalled() -> list[int]:
    """Jobs that a killed worker left under way wait again; returns their ids. Our tasks go on from where they were."""
    doing = ProcrastinateJob.objects.filter(status="doing")
    stalled = doing.filter(Q(worker=None) | Q(worker__last_heartbeat__lt=timezone.now() - WORKER_SILENCE))
    ids = list(stalled.values_list("id", flat=True))
    with connection.cursor() as cursor:
        for job in ids:
            cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [job])
    return ids


def worker_lives() -> bool:
    """Whether some worker said within the last 30 s that it takes jobs."""
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=timezone.now() - WORKER_SILENCE).exists()


def jobs_waiting(*, task: str, argument: str, values: Sequence[int]) -> set[int]:
    """Those values of the argument for which a job of the task waits or is under way in a living worker."""
    living = ProcrastinateWorker.objects.filter(last_heartbeat__gt=timezone.now() - WORKER_SILENCE)
    jobs = ProcrastinateJob.objects.filter(task_name=task, **{f"args__{argument}__in": list(values)})
    jobs = jobs.filter(Q(status="todo") | Q(status="doing", worker__in=living))
    return set(jobs.values_list(f"args__{argument}", flat=True))


def app_ready(app: App) -> None:
    """Every worker of this app runs its tasks through the middleware; called once Django's apps are loaded."""
    middleware = app.worker_defaults.setdefault("task_middleware", [])
    # Innermost: the contrib app's own, which closes the thread's connection, comes after ours has reset it.
    middleware += [tenant_task_middleware, async_task_refuse]
