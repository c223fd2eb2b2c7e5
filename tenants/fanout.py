"""Migrates all tenants: one pending check for all, then one short transaction for each, whatever happens to others."""

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader

from tenants.connection import connection
from tenants.models import Tenant
from tenants.schema_sql import CollectedMigration, History, MigrationKey, history_collect, tenant_app_labels
from tenants.schemas import executor_migrate, migrations_record

CHUNK = 200  #: tenants in one UNION ALL; each takes a lock on its table and index
LOCK_TIMEOUT = "5s"  #: a tenant somebody works in is reported and tried again later, not waited for
Progress = Callable[[str, str], None]  #: schema, error ("" when migrated)


class FanoutReport(msgspec.Struct):
    """What a run did; times in seconds."""

    checked: int = 0
    pending: list[str] = []
    migrated: list[str] = []
    failed: dict[str, str] = {}
    seconds: float = 0.0


def tenants_migrate(*, schemas: Sequence[str] | None = None, progress: Progress | None = None) -> FanoutReport:
    """Every tenant (or those named) has every migration, but for those the report lists as failed.

    A failed tenant is as it was before; the others are done. Running it again tries the failed ones.
    """
    started = time.monotonic()
    report = tenants_pending(schemas=schemas)
    history = history_collect() if report.pending else ()
    tell = progress or (lambda *_: None)
    for schema in report.pending:
        try:
            _tenant_migrate(schema, history)
        except Exception as error:
            report.failed[schema] = str(error).strip() or type(error).__name__
        else:
            report.migrated.append(schema)
        finally:
            # A SET LOCAL lasts until the end of the outermost transaction: have the path set anew.
            connection.set_schema_to_public()
        tell(schema, report.failed.get(schema, ""))
    report.seconds = time.monotonic() - started
    return report


def tenants_pending(*, schemas: Sequence[str] | None = None) -> FanoutReport:
    """A report whose `pending` names the tenants that lack a migration and `failed` those without a schema."""
    names = list(Tenant.objects.order_by("schema_name").values_list("schema_name", flat=True))
    if schemas is not None:
        names = [name for name in names if name in set(schemas)]
    standing = _standing(names)
    missing = {name: f"The schema {name} does not exist; provision the tenant again." for name in names}
    report = FanoutReport(checked=len(names), failed={n: text for n, text in missing.items() if n not in standing})
    labels = tenant_app_labels()
    wanted = [key for key in sorted(MigrationLoader(None).graph.nodes) if key[0] in labels]
    for chunk in _chunks([name for name in names if name in standing]):
        report.pending += _behind(chunk, wanted)
    return report


def _chunks(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]


def _standing(names: list[str]) -> set[str]:
    """Those schemas that stand and have a record of migrations."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relname = 'django_migrations' AND n.nspname = ANY(%s)",
            [names],
        )
        return {row[0] for row in cursor.fetchall()}


def _behind(names: list[str], wanted: list[MigrationKey]) -> list[str]:
    """Those schemas with fewer of the wanted migrations than there are, by one query."""
    counts = " UNION ALL ".join(
        f"SELECT %s, count(*) FROM {connection.ops.quote_name(name)}.django_migrations JOIN wanted USING (app, name)"
        for name in names
    )
    sql = f"WITH wanted AS MATERIALIZED (SELECT * FROM unnest(%s::text[], %s::text[]) AS key(app, name)) {counts}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [[app for app, _ in wanted], [name for _, name in wanted], *names])
        return [schema for schema, count in cursor.fetchall() if count < len(wanted)]


def _tenant_migrate(schema: str, history: History) -> None:
    """The tenant has every migration of the history, or is as it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Not waiting for the disk 400 times: what a power cut takes are whole tenants, which the next run does again.
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true), set_config('synchronous_commit', 'off', true)", [LOCK_TIMEOUT]
        )
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [schema])
        lacking = _lacking(cursor, schema, history)
        if not any(migration.needs_python for migration in lacking):
            sql = "\n".join(migration.sql for migration in lacking if migration.sql)
            cursor.execute(f"SET LOCAL search_path = {connection.ops.quote_name(schema)}, public;\n{sql}")
            migrations_record(cursor, schema, [migration.key for migration in lacking])
            return
    executor_migrate(schema)


def _lacking(cursor: CursorWrapper, schema: str, history: History) -> list[CollectedMigration]:
    """What this schema lacks, read under the lock: another process may have migrated it meanwhile."""
    cursor.execute(f"SELECT app, name FROM {connection.ops.quote_name(schema)}.django_migrations")
    applied = {(app, name) for app, name in cursor.fetchall()}
    return [migration for migration in history if not migration.is_applied(applied)]
