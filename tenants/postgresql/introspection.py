"""Introspection that asks for the tables we know by name.

Django's own get_table_list scans all of pg_class, four times for each tenant: hours for 5,000 tenants.
"""

from typing import Any

from django.apps import apps
from django.db.backends.postgresql.introspection import TableInfo
from django.db.migrations.recorder import MigrationRecorder
from django_tenants.postgresql_backend.introspection import DatabaseSchemaIntrospection

TABLES_SQL = """
    SELECT c.relname,
           CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END,
           NULL
      FROM pg_catalog.pg_class c
     WHERE c.relname = ANY(%s::name[])
       AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %s)
       AND c.relkind IN ('f', 'm', 'p', 'r', 'v')
"""


class FastIntrospection(DatabaseSchemaIntrospection):  # type: ignore[misc]
    """Looks tables up through pg_class' index on (relname, relnamespace)."""

    def get_table_list(self, cursor: Any) -> list[TableInfo]:
        """Those tables of the installed models, and the migrations' own, that stand in the connection's schema."""
        known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
        known.add(MigrationRecorder.Migration._meta.db_table)
        cursor.execute(TABLES_SQL, [sorted(known), self.connection.schema_name])
        return [TableInfo(*row) for row in cursor.fetchall()]
