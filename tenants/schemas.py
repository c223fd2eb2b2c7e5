"""A tenant's schema: made, looked for, dropped."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.management import call_command
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django_tenants.utils import schema_context, tenant_context

from tenants.connection import connection
from tenants.errors import SchemaMissing
from tenants.models import Tenant
from tenants.schema_sql import RECORD_TABLE_SQL, MigrationKey, history_collect


def schema_exists(schema: str) -> bool:
    """Whether the schema stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", [schema])
        return cursor.fetchone() is not None


@contextmanager
def tenant_entered(tenant: Tenant) -> Iterator[None]:
    """Inside the block the connection stands in the tenant's schema. Raises SchemaMissing."""
    # Fail closed: PostgreSQL would silently read public in place of a schema that is gone.
    if not schema_exists(tenant.schema_name):
        raise SchemaMissing(tenant.schema_name)
    with tenant_context(tenant):
        yield


@transaction.atomic
def schema_create(schema: str) -> bool:
    """The schema stands with all tables of the tenant apps, or nothing of it does; False if it stood already."""
    history = history_collect()
    with connection.cursor() as cursor:
        # Two administrators may press the button at once: the second waits and finds the schema made.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [schema])
        if schema_exists(schema):
            return False
        cursor.execute(f"CREATE SCHEMA {connection.ops.quote_name(schema)}")
    if any(migration.needs_python for migration in history):
        executor_migrate(schema)
        return True
    with schema_context(schema), connection.cursor() as cursor:
        cursor.execute(RECORD_TABLE_SQL + "\n".join(migration.sql for migration in history))
        migrations_record(cursor, schema, [migration.key for migration in history])
    return True


def migrations_record(cursor: CursorWrapper, schema: str, keys: Sequence[MigrationKey]) -> None:
    """The schema's own django_migrations lists the keys; qualified, because public has a table of that name too."""
    cursor.execute(
        f"INSERT INTO {connection.ops.quote_name(schema)}.django_migrations (app, name, applied)"
        " SELECT app, name, now() FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS key(app, name, position)"
        " ORDER BY position",
        [[app for app, _ in keys], [name for _, name in keys]],
    )


def executor_migrate(schema: str) -> None:
    """The schema is migrated by django-tenants' executor, which also runs Python operations; slow."""
    call_command("migrate_schemas", schema_name=schema, tenant=True, interactive=False, verbosity=0)


def schemas_vacuum() -> None:
    """The planner knows the new tables; to be called after many tenants were made, outside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
