"""Jobs that know their tenant: a reserved argument names the schema a task runs in.

procrastinate stands in the public schema only, so that a job deferred in a tenant's transaction is atomic with it.
Tasks are synchronous functions that take `tenant_schema: str`; one that takes none runs in the public schema.
"""

from collections.abc import Callable
from typing import Any

from django.db import close_old_connections
from django_tenants.utils import get_public_schema_name
from procrastinate import App, JobContext
from procrastinate.tasks import Task
from procrastinate.worker import Worker

from tenants.connection import connection
from tenants.errors import SchemaMissing
from tenants.schemas import schema_exists

RESERVED_ARGUMENT = "tenant_schema"


def tenant_task_middleware(call_next: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Runs the task in the schema its job names, in public if it names none; afterwards the thread is in public.

    Raises SchemaMissing, which fails the job, rather than let PostgreSQL fall through to public.
    """
    close_old_connections()
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
        close_old_connections()


def job_defer(task: Task[..., Any, ...], **arguments: Any) -> int:
    """The job is queued for the connection's current tenant, in the current transaction; returns its id."""
    if connection.schema_name != get_public_schema_name():
        arguments = {RESERVED_ARGUMENT: connection.schema_name, **arguments}
    return task.defer(**arguments)


def app_ready(app: App) -> None:
    """Every worker of this app runs its tasks through the middleware; called once Django's apps are loaded."""
    middleware = app.worker_defaults.setdefault("task_middleware", [])
    if tenant_task_middleware not in middleware:
        middleware.insert(0, tenant_task_middleware)
