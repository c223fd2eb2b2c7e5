"""Waking the ingest process: a notification in the transaction that queued the entries, one a tenant and commit."""

from __future__ import annotations

from typing import Final

from tenants.connection import connection

CHANNEL: Final = "yizhan_outbox"


def outbox_wake() -> None:
    """When this transaction commits, whoever listens on CHANNEL learns the tenant's schema.

    PostgreSQL folds equal notifications of one transaction into one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, connection.schema_name])
