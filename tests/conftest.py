"""What all tests share: under the core's settings, a database with one tenant, and tests/domain inside it.

The same tests run under the node's settings on SQLite; there nothing of tenants is imported.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

if TYPE_CHECKING:
    from tenants.models import Tenant

TENANT_CODE = "430321100000"
TENANT_SLUG = "yisuhe"


def on_core() -> bool:
    """Whether the tests run under the core's settings."""
    return bool(settings.configured and settings.DATABASES["default"]["ENGINE"] == "tenants.postgresql")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: Any) -> None:
    """On the core, test databases whose run was killed are gone."""
    if on_core():
        with django_db_blocker.unblock():
            _drop_abandoned_databases()


def _drop_abandoned_databases() -> None:
    from django.db import connection

    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ '^test_yizhan_[0-9]+$'")
        for (name,) in cursor.fetchall():
            if not os.path.exists(f"/proc/{name.rpartition('_')[2]}"):
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """On the core, the test database holds the public schema and one tenant, made by our own provisioning."""
    if on_core() and settings.DATABASES["default"]["NAME"].startswith("test_"):
        with django_db_blocker.unblock():
            _provision()


def _provision() -> "Tenant":
    from tenants.provisioning import tenant_provision

    return tenant_provision(
        code=TENANT_CODE, name="易俗河镇", kind="town", slug=TENANT_SLUG, hall_name="易俗河镇政务服务大厅"
    )


@pytest.fixture
def tenant(request: pytest.FixtureRequest, db: None) -> "Iterator[Tenant]":
    """The town of Yisuhe; the connection stands in its schema. What the test writes is gone afterwards."""
    transactional = _uses_database(request, {"transactional_db", "live_server"}) or _marked_transactional(request)
    from tenants.connection import connection

    connection.set_schema_to_public()
    # A test that commits leaves the public schema flushed; the schema itself stands, so this is quick.
    tenant = _provision()
    connection.set_tenant(tenant)
    yield tenant
    if transactional:
        connection.set_tenant(tenant)
        _truncate(tenant.schema_name)
    connection.set_schema_to_public()


@pytest.fixture(autouse=True)
def domain_schema(request: pytest.FixtureRequest) -> None:
    """A test in tests/domain that uses the database stands in the tenant's schema on the core."""
    in_domain = "tests/domain/" in request.node.path.as_posix()
    uses_database = request.node.get_closest_marker("django_db") is not None or _uses_database(
        request, {"db", "transactional_db"}
    )
    if in_domain and uses_database and on_core():
        request.getfixturevalue("tenant")


def _uses_database(request: pytest.FixtureRequest, names: set[str]) -> bool:
    return bool(names & set(request.fixturenames))


def _marked_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


def _truncate(schema: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%%I.%%I', schemaname, tablename), ', ') FROM pg_tables"
            " WHERE schemaname = %s AND tablename <> 'django_migrations'"
            # Django's flush passes over unmanaged models, and jobs are such.
            " OR schemaname = 'public' AND tablename LIKE 'procrastinate\\_%%'",
            [schema],
        )
        row = cursor.fetchone()
        if row and row[0]:
            cursor.execute(f"TRUNCATE {row[0]}")
