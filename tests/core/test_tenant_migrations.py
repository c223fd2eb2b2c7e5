"""Migrating all tenants by fan-out: past a failure, once, and with Python where a migration needs it."""

import io
import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from tenants.connection import connection
from tenants.fanout import tenants_migrate, tenants_pending
from tenants.schema_sql import history_collect
from tests.core.conftest import TownMaker
from tests.core.schema_picture import migrations_recorded, schema_picture

NextVersion = Callable[[str], None]


def _run(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def test_provisioned_tenants_are_not_behind(town: TownMaker) -> None:
    town(1)
    report = tenants_pending()
    assert (report.checked, report.pending, report.failed) == (2, [], {})


def test_a_failing_tenant_is_reported_and_the_others_are_migrated(town: TownMaker, next_version: NextVersion) -> None:
    for number in (1, 2):
        town(number)
    _run("CREATE TABLE t_430321101000.backoffice_later (id int)")
    before = schema_picture("t_430321101000")
    next_version("later_migrations")

    report = tenants_migrate()

    assert report.migrated == ["t_430321100000", "t_430321102000"]
    assert list(report.failed) == ["t_430321101000"]
    assert "already exists" in report.failed["t_430321101000"]
    assert schema_picture("t_430321101000") == before
    assert ("backoffice", "0001_later") not in migrations_recorded("t_430321101000")
    assert {("backoffice", "0001_later"), ("backoffice", "0002_note_not_unique")} <= migrations_recorded(
        "t_430321102000"
    )
    assert connection.schema_name == "public"
    assert _run("SELECT current_schema()") == [("public",)]

    _run("DROP TABLE t_430321101000.backoffice_later")
    again = tenants_migrate()
    assert (again.migrated, again.failed) == (["t_430321101000"], {})


def test_a_constraint_a_later_migration_drops_is_found_by_name(town: TownMaker, next_version: NextVersion) -> None:
    next_version("later_migrations")
    tenants_migrate()
    constraints = schema_picture("t_430321100000")["constraints"]
    assert [name for table, name, _ in constraints if table == "backoffice_later"] == ["backoffice_later_pkey"]


def test_a_new_tenant_equals_one_that_was_migrated(town: TownMaker, next_version: NextVersion) -> None:
    next_version("later_migrations")
    tenants_migrate()
    town(3)
    assert schema_picture("t_430321103000") == schema_picture("t_430321100000")


def test_a_migration_with_python_runs_in_each_schema(town: TownMaker, next_version: NextVersion) -> None:
    town(1)
    next_version("later_python_migrations")
    assert [migration.key for migration in history_collect() if migration.needs_python] == [
        ("backoffice", "0001_later")
    ]
    report = tenants_migrate()
    assert (report.migrated, report.failed) == (["t_430321100000", "t_430321101000"], {})
    for schema in report.migrated:
        assert _run(f"SELECT id FROM {schema}.backoffice_later") == [(41,)]


def test_a_new_tenant_gets_what_python_writes(town: TownMaker, next_version: NextVersion) -> None:
    next_version("later_python_migrations")
    town(4)
    assert _run("SELECT id FROM t_430321104000.backoffice_later") == [(41,)]


def test_a_tenant_without_schema_is_reported(town: TownMaker) -> None:
    town(1)
    _run("DROP SCHEMA t_430321101000 CASCADE")
    report = tenants_migrate()
    assert list(report.failed) == ["t_430321101000"]
    assert report.migrated == []


def test_the_command_says_who_is_behind_and_exits_3(town: TownMaker, next_version: NextVersion) -> None:
    next_version("later_migrations")
    output = io.StringIO()
    with pytest.raises(CommandError) as behind:
        call_command("migrate_tenants", "--check", "--json", stdout=output)
    assert behind.value.returncode == 3
    assert json.loads(output.getvalue())["pending"] == ["t_430321100000"]


def test_the_command_exits_1_when_a_tenant_failed(town: TownMaker) -> None:
    _run("DROP SCHEMA t_430321100000 CASCADE")
    with pytest.raises(CommandError) as failed:
        call_command("migrate_tenants", "--json", stdout=io.StringIO())
    assert failed.value.returncode == 1


def test_the_provisioning_command_names_the_new_address(town: TownMaker) -> None:
    output = io.StringIO()
    call_command("provision_tenant", "430321109000", "--name", "花石镇", "--json", stdout=output)
    assert json.loads(output.getvalue()) == {
        "code": "430321109000",
        "name": "花石镇",
        "schema": "t_430321109000",
        "domains": ["huashi.localhost"],
    }


def test_the_provisioning_command_refuses_an_unknown_division(town: TownMaker) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("provision_tenant", "430321109000")
    assert refused.value.returncode == 2
