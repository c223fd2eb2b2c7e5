"""A schema as the catalogue of PostgreSQL describes it, without its name: two equal pictures, two equal schemas."""

from tenants.connection import connection

QUERIES = {
    "columns": "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default,"
    " is_identity, identity_generation FROM information_schema.columns WHERE table_schema = %s",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s",
    "constraints": "SELECT t.relname, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
    " JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = %s",
    "triggers": "SELECT t.relname, g.tgname, pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN pg_class t"
    " ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE NOT g.tgisinternal AND n.nspname = %s",
    "functions": "SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p"
    " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %s",
    "sequences": "SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences"
    " WHERE schemaname = %s",
}


def schema_picture(schema: str) -> dict[str, set[tuple[str, ...]]]:
    """Every part's descriptions; empty sets for a schema that does not stand."""
    picture = {}
    with connection.cursor() as cursor:
        for part, query in QUERIES.items():
            cursor.execute(query, [schema])
            picture[part] = {tuple(str(v).replace(schema, "<schema>") for v in row) for row in cursor.fetchall()}
    return picture


def migrations_recorded(schema: str) -> set[tuple[str, str]]:
    """What the schema's own record lists."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{schema}".django_migrations')
        return {(app, name) for app, name in cursor.fetchall()}
