"""The demo's county: catalogue, tenants, staff. Every step may be repeated and changes nothing that stands."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from core.county.publishing.demo_catalogue import demo_records
from core.county.publishing.services.drafts import draft_put
from core.county.publishing.services.releases import release_publish
from core.county.registry.services.codes import enrolment_code_issue
from core.county.registry.services.staff import staff_send
from core.domain.catalogue.models import Division
from core.domain.catalogue.selectors import release_number
from core.domain.staff.models import Role
from core.domain.staff.services import membership_grant, user_create
from tenants.provisioning import Administrator, tenant_provision

from .world import COUNTY, PASSWORD, TOWN, TOWN_NAME, TOWN_SLUG, Site, Staff


def county_set_up(sites: Sequence[Site]) -> None:
    """The public schema, the catalogue's first release, the county's and the town's halls, service points."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    if not release_number():
        draft_put(demo_records(), by="demo")
        release_publish(by="demo", note="湘潭县演示目录")
    admin = Administrator(code="admin", name="县级管理员", password=PASSWORD)
    tenant_provision(code=COUNTY, name="湘潭县", kind="county", slug="xiangtan", hall_name="湘潭县政务服务中心",
                     administrators=[admin])  # fmt: skip
    tenant_provision(code=TOWN, name=TOWN_NAME, kind="town", slug=TOWN_SLUG, hall_name=f"{TOWN_NAME}便民服务中心",
                     villages=_villages(sites))  # fmt: skip
    call_command("migrate_tenants", verbosity=0, stdout=StringIO())


def staff_set_up(staff: Sequence[Staff]) -> None:
    """These people have accounts and may do what their roles say."""
    for one in staff:
        user_create(code=one.code, name=one.name, password=PASSWORD)
        membership_grant(user_code=one.code, role=Role(one.role), tenant_code=one.tenant,
                         service_point=one.service_point, department=one.department)  # fmt: skip


def _villages(sites: Sequence[Site]) -> list[Division]:
    codes = {site.node.partition("-")[0] for site in sites if site.level == "village"}
    return list(Division.objects.filter(code__in=codes))


def code_for(site: Site) -> str:
    """A one-time enrolment code for this service point."""
    return enrolment_code_issue(service_point=site.node, by="admin", at=timezone.now()).text


def staff_bring(sites: Sequence[Site]) -> None:
    """The nodes' accounts are on their way to them."""
    for site in sites:
        staff_send(service_point=site.node, by="admin")
