"""manage.py rebuild_ratings: the county's table of ratings derived anew from all tenants' cases."""

from core.county.ratings.services import ratings_forget_tenants, ratings_rebuild
from tenants.models import Tenant
from tenants.rebuilding import RebuildCommand


class Command(RebuildCommand):
    """Nothing that was rated is lost by it."""

    help = (
        "Derive the county's table of ratings anew from the cases of all tenants (after a restore or a moved"
        " tenant). Example: manage.py rebuild_ratings --tenant 430321100000"
    )
    counted = counted_key = "ratings"
    gone_key = "ratings_of_gone_tenants"
    gone_words = "ratings of tenants that are gone were removed"

    def rebuild(self, tenant: Tenant) -> int:
        return ratings_rebuild(tenant)

    def forget(self) -> int:
        return ratings_forget_tenants()
