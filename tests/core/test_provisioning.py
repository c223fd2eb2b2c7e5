"""A town becomes a tenant, once, however often and however brokenly it is asked for."""

import pytest
from django.db import IntegrityError

from core.domain.catalogue.models import Division
from core.domain.staff.models import Membership, User
from tenants import provisioning
from tenants.connection import connection
from tenants.errors import NotADivisionCode, NotASlug, ProvisioningFailed, TenantConflict
from tenants.models import Domain, ProvisioningRun, ServicePoint, Tenant
from tenants.provisioning import Administrator, Step, tenant_provision
from tenants.schema_sql import history_collect
from tenants.schemas import executor_migrate, schema_create, schema_exists
from tests.core.conftest import TownMaker
from tests.core.schema_picture import migrations_recorded, schema_picture

CODE, SCHEMA = "430321101000", "t_430321101000"
VILLAGES = (Division(code="430321101200", name="甲村"), Division(code="430321101201", name="乙村"))
ADMINISTRATOR = Administrator(code="adm1", name="周海燕", password="correct-horse")


def _provision(**changes: object) -> tuple[Tenant, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    wanted: dict[str, object] = {
        "code": CODE,
        "name": "花石镇",
        "kind": "town",
        "slug": "huashi",
        "hall_name": "花石镇便民服务中心",
    }
    wanted |= {"villages": VILLAGES, "administrators": [ADMINISTRATOR]} | changes

    def note(step: Step) -> None:
        told.append((step.name, step.state))

    return tenant_provision(**wanted, progress=note), told  # type: ignore[arg-type]


def test_a_town_gets_schema_domain_service_points_and_administrator(town: TownMaker) -> None:
    tenant, told = _provision()
    assert (tenant.schema_name, tenant.slug, tenant.hall_name) == (SCHEMA, "huashi", "花石镇便民服务中心")
    assert Domain.objects.get(tenant=tenant).domain == "huashi.localhost"
    assert list(ServicePoint.objects.filter(tenant_code=CODE).order_by("code").values_list("code", "kind", "name")) == [
        ("430321101000-01", "hall", "花石镇便民服务中心"),
        ("430321101200-01", "village", "甲村"),
        ("430321101201-01", "village", "乙村"),
    ]
    membership = Membership.objects.get(user__code="adm1")
    assert (membership.tenant_code, membership.service_point, membership.role) == (CODE, "", "supervisor")
    assert User.objects.get(code="adm1").check_password("correct-horse")
    steps = ["schema", "domain", "hall", "villages", "administrators"]
    assert told == [(step, state) for step in steps for state in ("running", "done")]


def test_provisioning_twice_changes_nothing(town: TownMaker) -> None:
    first, _ = _provision()
    rows = (Domain.objects.count(), ServicePoint.objects.count(), Membership.objects.count(), schema_picture(SCHEMA))
    second, _ = _provision(name="another name", hall_name="another hall")
    assert (second.pk, second.name, second.created_at) == (first.pk, "花石镇", first.created_at)
    assert rows == (
        *(Domain.objects.count(), ServicePoint.objects.count(), Membership.objects.count()),
        schema_picture(SCHEMA),
    )


def test_a_failure_half_way_is_kept_and_the_next_call_goes_on(town: TownMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(request: object) -> None:
        ServicePoint.objects.create(code="430321101999-01", tenant_code=CODE, division=CODE, level="town")
        raise IntegrityError("no more villages")

    with monkeypatch.context() as broken:
        broken.setitem(provisioning._STEP_FUNCTIONS, "villages", fail)
        with pytest.raises(ProvisioningFailed) as failure:
            _provision()
    assert failure.value.step == "villages"
    run = ProvisioningRun.objects.get(tenant_code=CODE)
    assert [step["state"] for step in run.steps] == ["done", "done", "done", "failed", "waiting"]
    assert run.steps[3]["error"] == "no more villages"
    # What the failed step had written is gone; what stood before it stands.
    assert list(ServicePoint.objects.filter(tenant_code=CODE).values_list("code", flat=True)) == ["430321101000-01"]

    _, told = _provision()
    assert told[:4] == [("schema", "done"), ("domain", "done"), ("hall", "done"), ("villages", "running")]
    run.refresh_from_db()
    assert run.ended_at is not None and {step["state"] for step in run.steps} == {"done"}
    assert ProvisioningRun.objects.filter(tenant_code=CODE).count() == 1


def test_a_schema_that_cannot_be_made_leaves_neither_row_nor_schema(
    town: TownMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_record(*_: object) -> None:
        raise IntegrityError("disk full")

    monkeypatch.setattr("tenants.schemas.migrations_record", broken_record)
    with pytest.raises(ProvisioningFailed):
        _provision()
    assert not schema_exists(SCHEMA)
    assert not Tenant.objects.filter(code=CODE).exists()


def test_a_provisioned_schema_equals_a_migrated_one(town: TownMaker) -> None:
    town(1)
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA t_430321999000")
    executor_migrate("t_430321999000")
    provisioned, migrated = schema_picture(SCHEMA), schema_picture("t_430321999000")
    assert provisioned["columns"] and provisioned["triggers"]
    assert provisioned == migrated
    assert migrations_recorded(SCHEMA) == migrations_recorded("t_430321999000")


def test_collecting_the_sql_leaves_no_trace(tenant: Tenant) -> None:
    history_collect.cache_clear()
    history_collect()
    assert not schema_exists("yizhan_scratch")
    assert connection.schema_name == tenant.schema_name


def test_a_schema_is_made_once(town: TownMaker) -> None:
    assert schema_create("t_430321555000") is True
    assert schema_create("t_430321555000") is False


@pytest.mark.parametrize("code", ["43032110100", "4303211010000", "43032110100x", ""])
def test_a_code_that_is_not_of_12_digits_is_refused(town: TownMaker, code: str) -> None:
    with pytest.raises(NotADivisionCode):
        _provision(code=code)
    assert ProvisioningRun.objects.filter(tenant_code=code).count() == 0


@pytest.mark.parametrize("slug", ["", "Huashi", "花石", "-a", "a.b", "x" * 51])
def test_a_slug_that_is_no_host_label_is_refused(town: TownMaker, slug: str) -> None:
    with pytest.raises(NotASlug):
        _provision(slug=slug)
    assert not Tenant.objects.filter(code=CODE).exists()


@pytest.mark.parametrize("slug", ["yisuhe", "county"])
def test_a_host_name_that_is_taken_is_refused(town: TownMaker, slug: str) -> None:
    with pytest.raises(TenantConflict):
        _provision(slug=slug)
    assert not Tenant.objects.filter(code=CODE).exists()


def test_a_village_with_a_wrong_code_stops_at_its_step(town: TownMaker) -> None:
    with pytest.raises(ProvisioningFailed) as failure:
        _provision(villages=[Division(code="4303", name="?")])
    assert isinstance(failure.value.cause, NotADivisionCode)
    assert ServicePoint.objects.filter(tenant_code=CODE).count() == 1


def test_an_administrator_who_has_an_account_keeps_name_and_password(town: TownMaker) -> None:
    User.objects.create_user("adm1", "原名", "old-password")
    _provision()
    user = User.objects.get(code="adm1")
    assert user.name == "原名" and user.check_password("old-password")
