"""What the county knows of a case number (settings.CASE_KNOWN), for the page that checks a paper.

Read in the one schema the number's division belongs to; never in public, which holds no cases.
"""

from __future__ import annotations

from contextlib import suppress

from core.counter.verifying import COUNTY, UNKNOWN, Known
from core.county.registry.selectors import card_of
from core.domain.cases.models import Case
from core.domain.cases.numbering import case_number_parse
from core.domain.catalogue.models import Division
from tenants.errors import SchemaMissing
from tenants.models import ServicePoint, Tenant
from tenants.schemas import tenant_entered


def case_known(number: str, node: str) -> Known:
    """`node` is the machine that signed. Raises InvalidCaseNumber."""
    card = card_of(node) if node else None
    revoked = card is not None and card.revoked
    tenant = tenant_of_number(number)
    status = None
    if tenant is not None:
        with suppress(SchemaMissing), tenant_entered(tenant):
            status = Case.objects.filter(number=number).values_list("status", flat=True).first()
    if status is None:
        return Known(where=UNKNOWN, revoked=revoked)
    return Known(where=COUNTY, status=status, revoked=revoked)


def tenant_of_number(number: str) -> Tenant | None:
    """The tenant in whose schema a case with this number stands: that of the service point that gave it, else that of
    its division, else that of the division above."""
    parts = case_number_parse(number)
    point = ServicePoint.objects.filter(code=f"{parts.division}-{parts.station}").first()
    parent = Division.objects.filter(code=parts.division).values_list("parent", flat=True).first()
    wanted = [code for code in (point.tenant_code if point else "", parts.division, parent) if code]
    tenants = {tenant.code: tenant for tenant in Tenant.objects.filter(code__in=wanted)}
    return next((tenants[code] for code in wanted if code in tenants), None)
