"""The test bench itself: a test stands in the tenant's schema, and nothing it writes stays."""

from django.conf import settings

from core.domain.journal.models import ClockState
from tenants.connection import connection
from tenants.models import ServicePoint, Tenant
from tenants.place import here, tenant_current


def _schemas_with_table(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname FROM pg_tables WHERE tablename = %s ORDER BY 1", [table])
        return [row[0] for row in cursor.fetchall()]


def test_a_test_stands_in_the_schema_of_its_tenant(tenant: Tenant) -> None:
    ClockState.objects.create(id=1, last_at=7)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), (SELECT last_at FROM t_430321100000.journal_clockstate)")
        assert cursor.fetchone() == ("t_430321100000", 7)


def test_what_another_test_wrote_is_gone(tenant: Tenant) -> None:
    assert ClockState.objects.count() == 0


def test_tables_of_tenant_apps_stand_in_no_public_schema(tenant: Tenant) -> None:
    assert _schemas_with_table("journal_entry") == ["t_430321100000"]
    assert _schemas_with_table("staff_user") == ["public"]


def test_no_app_stands_in_both_lists() -> None:
    assert set(settings.SHARED_APPS) & set(settings.TENANT_APPS) == set()


def test_no_table_of_a_tenant_has_a_foreign_key_out_of_its_schema(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conname FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid"
            " JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace"
            " WHERE c.contype = 'f' AND n.nspname = 't_430321100000' AND f.relnamespace <> t.relnamespace"
        )
        assert cursor.fetchall() == []


def test_the_core_stands_at_the_window_of_the_current_hall(tenant: Tenant) -> None:
    connection.set_schema("t_430321100000")  # as a job does, by name alone
    place = here()
    assert (place.node, place.tenant, place.service_point) == ("core", "430321100000", "430321100000-00")
    assert (place.level, place.name) == ("town", "易俗河镇政务服务大厅")


def test_the_public_schema_is_no_tenant(tenant: Tenant) -> None:
    connection.set_schema_to_public()
    assert tenant_current() is None


def test_the_hall_of_a_new_tenant_has_its_first_service_point(tenant: Tenant) -> None:
    point = ServicePoint.objects.get()
    assert (point.code, point.kind, point.level) == ("430321100000-01", "hall", "town")
