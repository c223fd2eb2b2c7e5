"""Where the core stands while it serves a tenant: at the hall's own window, station 00."""

from django_tenants.utils import get_public_schema_name

from core.domain.journal.place import CORE, Here, NotEnrolled
from tenants.connection import connection
from tenants.models import HALL_LEVELS, Kind, Tenant

HALL_WINDOW = "00"


def here() -> Here:
    """The hall of the connection's tenant; raises NotEnrolled in the public schema, where no case is written.

    The registry knows in which epoch the core writes, and which nodes are sent nothing (core.county.registry.place).
    """
    tenant = tenant_current()
    if tenant is None:
        raise NotEnrolled
    return Here(
        node=CORE,
        epoch=1,
        tenant=tenant.code,
        service_point=f"{tenant.code}-{HALL_WINDOW}",
        division=tenant.code,
        level=HALL_LEVELS[Kind(tenant.kind)].value,
        name=tenant.hall_name,
    )


def tenant_current() -> Tenant | None:
    """The tenant whose schema the connection stands in, or None in public."""
    if connection.schema_name == get_public_schema_name():
        return None
    if not isinstance(connection.tenant, Tenant):
        # Set by its schema's name only, by a job or a command: look it up once and keep it on the connection.
        connection.set_tenant(Tenant.objects.get(schema_name=connection.schema_name))
    tenant: Tenant = connection.tenant
    return tenant
