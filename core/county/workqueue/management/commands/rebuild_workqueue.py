"""manage.py rebuild_workqueue: the county's tables about cases derived anew from all tenants' cases."""

from core.county.workqueue.services import tasks_forget_tenants, workqueue_rebuild
from tenants.models import Tenant
from tenants.rebuilding import RebuildCommand


class Command(RebuildCommand):
    """Assignments stay."""

    help = (
        "Derive the departments' inbox, the list of results to hand out and the figures anew from the cases of all"
        " tenants (after a restore, a moved tenant, or a changed calendar). Example: manage.py rebuild_workqueue"
        " --tenant 430321100000"
    )
    counted = counted_key = "cases"
    gone_key = "tasks_of_gone_tenants"
    gone_words = "rows of tenants that are gone were removed"

    def rebuild(self, tenant: Tenant) -> int:
        return workqueue_rebuild(tenant)

    def forget(self) -> int:
        return tasks_forget_tenants()
