"""A whole county's tenants stand by one list; given again, it changes nothing."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.domain.catalogue.models import Division
from core.domain.staff.models import Membership
from tenants.connection import connection
from tenants.models import ProvisioningRun, ServicePoint, Tenant

TOWN, VILLAGE, OTHER = "430321150000", "430321150201", "430321151000"


@pytest.fixture
def county(tenant: Tenant) -> Tenant:
    connection.set_schema_to_public()
    Division.objects.create(code=TOWN, name="石潭镇", parent="430321000000", level="town")
    Division.objects.create(code=VILLAGE, name="古城村", parent=TOWN, level="village")
    return tenant


def _given(tmp_path: Any, *wanted: dict[str, Any]) -> dict[str, list[str]]:
    path, out = tmp_path / "tenants.json", StringIO()
    path.write_text(json.dumps(wanted), encoding="utf-8")
    call_command("provision_tenants", str(path), "--json", stdout=out)
    done = json.loads(out.getvalue())
    assert isinstance(done, dict)
    return done


def test_a_list_given_twice_makes_each_tenant_once(county, tmp_path):
    first = {"code": TOWN, "administrators": [{"code": "st-admin", "name": "李芳"}]}
    second = {"code": OTHER, "name": "青山桥镇", "slug": "qingshanqiao", "villages": False}
    assert _given(tmp_path, first, second) == {"stood": [], "made": [TOWN, OTHER]}
    runs = ProvisioningRun.objects.count()
    assert _given(tmp_path, first, second) == {"stood": [TOWN, OTHER], "made": []}
    assert ProvisioningRun.objects.count() == runs
    assert Tenant.objects.get(code=TOWN).slug == "shitan"
    assert ServicePoint.objects.filter(code=f"{VILLAGE}-01").exists()
    assert Membership.objects.get(user__code="st-admin").tenant_code == TOWN


def test_a_village_the_catalogue_gained_is_added_by_the_same_list(county, tmp_path):
    assert _given(tmp_path, {"code": TOWN})["made"] == [TOWN]
    Division.objects.create(code="430321150202", name="新村", parent=TOWN, level="village")
    assert _given(tmp_path, {"code": TOWN})["made"] == [TOWN]
    assert ServicePoint.objects.filter(code="430321150202-01").exists()


def test_a_wrong_list_makes_nothing_and_says_why(county, tmp_path):
    with pytest.raises(CommandError, match="unknown field `vilages`") as refused:
        _given(tmp_path, {"code": TOWN, "vilages": True})
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="Division 430321199000 is not known") as refused:
        _given(tmp_path, {"code": "430321199000"})
    assert refused.value.returncode == 2
    assert not Tenant.objects.filter(code=TOWN).exists()
