"""Which tenant a host name belongs to, remembered for some seconds in each process."""

import time
from threading import Lock

from django.conf import settings

from tenants.errors import SchemaMissing
from tenants.models import Domain, Tenant
from tenants.schemas import schema_exists

_remembered: dict[str, tuple[Tenant, float]] = {}
_lock = Lock()


def tenant_of_host(host: str) -> Tenant | None:
    """The tenant with this host name, at most TENANT_CACHE_SECONDS old; None if no tenant has it.

    Raises SchemaMissing when its schema does not stand. The connection must be at the public schema.
    """
    found = _remembered.get(host)
    if found and found[1] > time.monotonic():
        return found[0]
    domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    if domain is None:
        # Not remembered: anybody can invent host names and fill the memory with them.
        return None
    tenant: Tenant = domain.tenant
    if not schema_exists(tenant.schema_name):
        raise SchemaMissing(tenant.schema_name)
    with _lock:
        _remembered[host] = (tenant, time.monotonic() + settings.TENANT_CACHE_SECONDS)
    return tenant


def directory_forget() -> None:
    """The next request of this process asks the database again."""
    with _lock:
        _remembered.clear()


def is_county_host(host: str) -> bool:
    """Whether the host name is one of the county console's own."""
    return host == settings.COUNTY_HOST or host in settings.COUNTY_HOST_ALIASES
