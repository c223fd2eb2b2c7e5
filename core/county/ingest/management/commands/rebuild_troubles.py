"""manage.py rebuild_troubles: the county's desk of streams and conflicts derived anew from all tenants."""

from core.county.ingest.troubles import troubles_forget_tenants, troubles_rebuild
from tenants.models import Tenant
from tenants.rebuilding import RebuildCommand


class Command(RebuildCommand):
    """What was settled stays settled."""

    help = (
        "Derive the desk of streams and conflicts anew from the tables of all tenants (after a restore or a moved"
        " tenant). Example: manage.py rebuild_troubles --tenant 430321100000"
    )
    counted = counted_key = "open"
    gone_key = "of_gone_tenants"
    gone_words = "troubles of tenants that are gone were removed"

    def rebuild(self, tenant: Tenant) -> int:
        return troubles_rebuild(tenant)

    def forget(self) -> int:
        return troubles_forget_tenants()
