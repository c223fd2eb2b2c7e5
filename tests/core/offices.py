"""The county's departments in the core's tests: two towns, two departments, people, cases that arrive from villages."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from django_tenants.utils import tenant_context

from core.domain.cases.services import case_submit
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Department, Grant, Record, Stage
from core.domain.catalogue.services import release_apply
from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tenants.models import Tenant
from tests import place
from tests.domain import build

CIVIL, HEALTH = build.USCC, "11430321DEM0000221"
#: One stage of two departments, then a decision by the first.
JOINT = "ITEM-JOINT"


def records() -> list[Record]:
    joint = build.item(
        JOINT, "残疾人两项补贴", "promised", flow=(Stage(code="J1", name="联合审查", departments=(CIVIL, HEALTH)),)
    )
    grant = Grant(code="G5", item_code=JOINT, mode="front_loaded", powers=("accept",), level="village",
                  below=build.COUNTY)  # fmt: skip
    health = Department(uscc=HEALTH, name="湘潭县卫生健康局", short_name="卫健局", division=build.COUNTY)
    return [*build.records(), joint, grant, health]


def catalogue() -> None:
    """The catalogue stands in public."""
    connection.set_schema_to_public()
    release_apply(build.release(parts=records()))


def officer(code: str, role: str, department: str = "", tenant_code: str = "") -> User:
    """A person with one post; the password is "Yizhan-2026"."""
    user = user_create(code=code, name=f"{code}姓名", password="Yizhan-2026")
    membership_grant(user_code=code, role=role, department=department, tenant_code=tenant_code)
    return user


def village_case(
    tenant: Tenant, settings: object, monkeypatch: pytest.MonkeyPatch, item: str = build.ALLOWANCE
) -> CaseState:
    """A case a village of this tenant took in, now the county's; the connection stands in public again."""
    code = f"{tenant.code[:9]}200"
    here = replace(
        place.VILLAGE, tenant=tenant.code, node=f"{code}-01", service_point=f"{code}-01", division="430321100200"
    )
    settings.HERE = "tests.place.here"  # type: ignore[attr-defined]
    build.stand(monkeypatch, here)
    with tenant_context(tenant):
        state = case_submit(application=build.application(item), actor=build.AGENT)
    settings.HERE = "tenants.place.here"  # type: ignore[attr-defined]
    connection.set_schema_to_public()
    return state


def url(tenant: Tenant, case_id: UUID, act: str = "") -> str:
    return f"/inbox/{tenant.code}/{case_id}/" + (f"{act}/" if act else "")
