"""Django's default connection, typed as what it is on the core: one that stands in a tenant's schema."""

from typing import TYPE_CHECKING, cast

from django.db import connection as django_connection

if TYPE_CHECKING:
    from tenants.postgresql.base import DatabaseWrapper

connection = cast("DatabaseWrapper", django_connection)
