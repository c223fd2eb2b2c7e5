"""Writing many rows in one statement, on PostgreSQL and on SQLite.

bulk_create renders a placeholder a value; on PostgreSQL one array a column is several times faster (measured in
`make bench`, sync), and a segment's 500 entries are one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import DataError, connection, models

Row = Sequence[Any]
M = TypeVar("M", bound=models.Model)


def rows_insert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    unique: Sequence[str] = (),
    update: Sequence[str] = (),
) -> None:
    """The rows stand in the model's table. Where `unique` meets a row that is there, `update` columns are set
    from the new one (none: the old row stays). Columns are field names.

    Raises DataError for a text the column cannot hold, on both databases: SQLite would take it, and then a node
    would keep what the core can never read.
    """
    if not rows:
        return
    fields = [model._meta.get_field(name) for name in columns]
    assert all(isinstance(field, models.Field) for field in fields)
    quote = connection.ops.quote_name
    names = ", ".join(quote(_column(field)) for field in fields)
    conflict = _on_conflict(model, unique, update)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({names}) "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = [_array_kind(field) for field in fields]
            arrays = ", ".join("%s::text[]" if kind == "bytea" else f"%s::{kind}[]" for kind in kinds)
            taken = ", ".join(f"decode(c{n}, 'hex')" if kind == "bytea" else f"c{n}" for n, kind in enumerate(kinds))
            given = ", ".join(f"c{n}" for n in range(len(kinds)))
            values = [_array(kind, column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]
            cursor.execute(f"{head}SELECT {taken} FROM unnest({arrays}) AS given({given}){conflict}", values)
        else:
            marks = ", ".join(["%s"] * len(fields))
            _texts_require(fields, rows)
            prepared = [[_prepare(field, value) for field, value in zip(fields, row, strict=True)] for row in rows]
            cursor.executemany(f"{head}VALUES ({marks}){conflict}", prepared)


def _on_conflict(model: type[models.Model], unique: Sequence[str], update: Sequence[str]) -> str:
    if not unique:
        return ""
    quote = connection.ops.quote_name
    keys = ", ".join(quote(_column(model._meta.get_field(name))) for name in unique)
    columns = [quote(_column(model._meta.get_field(name))) for name in update]
    sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f" ON CONFLICT ({keys}) DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")


def rows_with(model: type[M], column: str, values: Iterable[Any]) -> models.QuerySet[M]:
    """The model's rows whose column is one of the values: on PostgreSQL one parameter, however many they are."""
    if connection.vendor != "postgresql":
        return model._default_manager.filter(**{f"{column}__in": list(values)})
    field = model._meta.get_field(column)
    quote, kind = connection.ops.quote_name, _array_kind(field)
    condition = f"{quote(model._meta.db_table)}.{quote(_column(field))} = ANY(%s::{kind}[])"
    return model._default_manager.extra(where=[condition], params=[_array(kind, list(values))])


def rows_number(model: type[models.Model], column: str, ids: Sequence[int], first: int, **also: Any) -> None:
    """The rows with these primary keys carry first, first + 1, ... in `column`, and `also`'s values."""
    quote = connection.ops.quote_name
    table, target = quote(model._meta.db_table), quote(column)
    sets = "".join(f", {quote(name)} = %s" for name in also)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {table} SET {target} = numbered.n{sets} "
                "FROM unnest(%s::bigint[], %s::bigint[]) AS numbered(key, n) "
                f"WHERE {table}.id = numbered.key",
                [*also.values(), list(ids), list(range(first, first + len(ids)))],
            )
        else:
            cursor.executemany(
                f"UPDATE {table} SET {target} = %s{sets} WHERE id = %s",
                [[first + index, *also.values(), key] for index, key in enumerate(ids)],
            )


def _texts_require(fields: Sequence[Any], rows: Sequence[Row]) -> None:
    """Raises DataError where a text is longer than its column or holds a NUL, as PostgreSQL does."""
    texts = [
        (index, field) for index, field in enumerate(fields) if isinstance(field, models.CharField | models.TextField)
    ]
    for index, field in texts:
        limit = field.max_length
        for row in rows:
            value = row[index]
            if value is not None and ((limit is not None and len(value) > limit) or "\0" in value):
                raise DataError(f"{field.name}: a text of {len(value)} characters does not fit")


def _column(field: Any) -> str:
    return str(field.column)


def _array_kind(field: Any) -> str:
    # text, not varchar(n): a cast to varchar(n) would cut a value that is too long, silently.
    kind = str(field.db_type(connection))
    return "text" if kind.startswith("varchar") else kind


#: Types whose values, as Python writes them, PostgreSQL reads from an array without quotes.
_PLAIN = frozenset({"uuid", "bigint", "integer", "smallint", "boolean", "date"})


def _array(kind: str, values: Sequence[Any]) -> Any:
    """The column as PostgreSQL's array literal; psycopg's own, an object a value, took half the time of a segment.

    Bytes as hexadecimal text, which the statement decodes: no backslash in them has to be escaped twice.
    """
    if kind in _PLAIN:
        parts = ["NULL" if value is None else str(value) for value in values]
    elif kind == "bytea":
        parts = ["NULL" if value is None else bytes(value).hex() or '""' for value in values]
    elif kind == "text":
        parts = ["NULL" if value is None else _quoted(value) for value in values]
    else:
        return list(values)
    return "{" + ",".join(parts) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _prepare(field: Any, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)
