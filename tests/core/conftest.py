"""Fixtures for tests of tenants: more towns, and a next version's migrations."""

from collections.abc import Callable, Iterator

import pytest
from django.test import override_settings

from tenants.connection import connection
from tenants.directory import directory_forget
from tenants.models import Tenant
from tenants.provisioning import tenant_provision
from tenants.schema_sql import history_collect

TownMaker = Callable[[int], Tenant]


@pytest.fixture(autouse=True)
def fresh_directory() -> Iterator[None]:
    """No test finds a host name another test remembered."""
    directory_forget()
    yield
    directory_forget()


@pytest.fixture
def town(tenant: Tenant) -> TownMaker:
    """Makes the n-th further town; the connection stands in public."""
    connection.set_schema_to_public()

    def make(number: int) -> Tenant:
        return tenant_provision(
            code=f"430321{100 + number}000", name=f"第{number}镇", kind="town", slug=f"town-{number}", hall_name="大厅"
        )

    return make


@pytest.fixture
def next_version() -> Iterator[Callable[[str], None]]:
    """Puts the named test package in place of backoffice's migrations, until the test ends."""
    with override_settings():

        def install(package: str) -> None:
            from django.conf import settings

            settings.MIGRATION_MODULES = {"backoffice": f"tests.core.{package}"}
            history_collect.cache_clear()

        yield install
    history_collect.cache_clear()
