"""A whole county's tenants from one list: those that stand are left alone, the others are provisioned."""

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from django_tenants.utils import get_public_schema_name, schema_context

from core.domain.catalogue.models import Division
from core.domain.staff.models import Membership
from tenants.errors import TenantError
from tenants.models import Domain, Kind, ProvisioningRun, ServicePoint, Tenant
from tenants.naming import hall_name_of, slug_of
from tenants.provisioning import ADMINISTRATOR_ROLES, HALL_STATION, Administrator, tenant_provision
from tenants.schemas import schema_exists
from tenants.selectors import slugs_taken, villages_of


class NoName(TenantError):
    """Neither the list nor the catalogue says what a tenant is called."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Division {code} is not known; publish the divisions or give its name.")


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the list; what is left out follows from the division, as provision_tenant has it."""

    code: Annotated[str, msgspec.Meta(pattern=r"^\d{12}$")]
    name: str = ""
    kind: Kind = Kind.TOWN
    slug: str = ""
    hall_name: str = ""
    villages: bool = True  #: a service point for every village below it
    administrators: tuple[Administrator, ...] = ()


class Listed(msgspec.Struct, kw_only=True):
    """Codes of tenants that stood, and of those that were made or completed."""

    stood: list[str] = msgspec.field(default_factory=list)
    made: list[str] = msgspec.field(default_factory=list)


def tenants_provision(wanted: Sequence[Wanted], *, progress: Callable[[str], None] = lambda _: None) -> Listed:
    """Every tenant of the list stands. Raises TenantError at the first that cannot; those before it stand."""
    done = Listed()
    for one in wanted:
        with schema_context(get_public_schema_name()):
            if tenant_stands(one):
                done.stood.append(one.code)
                continue
            progress(one.code)
            _provision(one)
        done.made.append(one.code)
    return done


def tenant_stands(wanted: Wanted) -> bool:
    """Whether nothing of what the list asks for this tenant is missing."""
    tenant = Tenant.objects.filter(code=wanted.code).first()
    if tenant is None or ProvisioningRun.objects.filter(tenant_code=wanted.code, ended_at=None).exists():
        return False
    points = {wanted.code} | ({village.code for village in villages_of(wanted.code)} if wanted.villages else set())
    codes = {f"{point}-{HALL_STATION}" for point in points}
    return (
        schema_exists(tenant.schema_name)
        and Domain.objects.filter(tenant=tenant).exists()
        and ServicePoint.objects.filter(code__in=codes).count() == len(codes)
        and all(_has_post(wanted, one) for one in wanted.administrators)
    )


def _has_post(wanted: Wanted, administrator: Administrator) -> bool:
    role = administrator.role or ADMINISTRATOR_ROLES[wanted.kind]
    return Membership.objects.filter(
        user__code=administrator.code, tenant_code=wanted.code, role=role, department=administrator.department
    ).exists()


def _provision(wanted: Wanted) -> None:
    standing = Tenant.objects.filter(code=wanted.code).first()
    name = (
        wanted.name
        or (standing.name if standing else "")
        or Division.objects.filter(code=wanted.code).values_list("name", flat=True).first()
    )
    if not name:
        raise NoName(wanted.code)
    tenant_provision(
        code=wanted.code,
        name=name,
        kind=wanted.kind,
        slug=wanted.slug or (standing.slug if standing else slug_of(name, taken=slugs_taken())),
        hall_name=wanted.hall_name or hall_name_of(name, county=wanted.kind == Kind.COUNTY),
        administrators=wanted.administrators,
        villages=list(villages_of(wanted.code)) if wanted.villages else None,
    )
