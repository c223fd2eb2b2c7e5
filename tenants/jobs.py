"""Jobs that know their tenant: a reserved argument names the schema a task runs in.

procrastinate stands in the public schema only, so that a job deferred in a tenant's transaction is atomic with it.
Tasks are synchronous functions that take `tenant_schema: str`; one that takes none runs in the public schema.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django_tenants.utils import get_public_schema_name
from procrastinate import App, JobContext
from procrastinate.tasks import Task
from procrastinate.worker import Worker

from tenants.connection import connection
from tenants.errors import AsyncTaskRefused, SchemaMissing
from tenants.schemas import schema_exists

RESERVED_ARGUMENT = "tenant_schema"


def tenant_task_middleware(call_next: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Runs the task in the schema its job names, in public if it names none; afterwards the thread is in public.

    Raises SchemaMissing, which fails the job, rather than let PostgreSQL fall through to public.
    """
    connection.set_schema_to_public()
    schema = context.job.task_kwargs.get(RESERVED_ARGUMENT)
    try:
        if schema is not None and schema != get_public_schema_name():
            if not isinstance(schema, str) or not schema_exists(schema):
                raise SchemaMissing(str(schema))
            connection.set_schema(schema)
        return call_next()
    finally:
        # Whatever the task set: the next job on this thread must not find it.
        connection.set_schema_to_public()


async def async_task_refuse(call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """Fails the job of an asynchronous task, whose queries would run on other threads and lose the schema."""
    if not context.job.task_name.startswith("builtin:"):
        raise AsyncTaskRefused(context.job.task_name)
    return await call_next()


def job_defer(task: Task[..., Any, ...], **arguments: Any) -> int:
    """The job is queued for the connection's current tenant, in the current transaction; returns its id."""
    if connection.schema_name != get_public_schema_name():
        arguments = {RESERVED_ARGUMENT: connection.schema_name, **arguments}
    return task.defer(**arguments)


def app_ready(app: App) -> None:
    """Every worker of this app runs its tasks through the middleware; called once Django's apps are loaded."""
    middleware = app.worker_defaults.setdefault("task_middleware", [])
    # Innermost: the contrib app's own, which closes the thread's connection, comes after ours has reset it.
    middleware += [tenant_task_middleware, async_task_refuse]
