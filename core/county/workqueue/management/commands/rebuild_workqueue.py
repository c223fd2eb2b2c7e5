"""manage.py rebuild_workqueue: the departments' inbox derived anew from all tenants' cases."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.county.workqueue.services import tasks_forget_tenants, workqueue_rebuild
from tenants.models import Tenant


class Command(BaseCommand):
    """Safe to repeat and to run while cases are being worked on; assignments stay."""

    help = (
        "Derive the departments' inbox anew from the cases of all tenants (after a restore, a moved tenant, or a"
        " changed calendar). Example: manage.py rebuild_workqueue --tenant 430321100000"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="CODE", help="only this tenant, by its 12-digit code")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = list(Tenant.objects.order_by("code"))
        if options["tenant"]:
            tenants = [tenant for tenant in tenants if tenant.code == options["tenant"]]
            if not tenants:
                raise CommandError(f"No tenant has the code {options['tenant']}; manage.py provision_tenant makes one.")
        cases = {}
        for tenant in tenants:
            cases[tenant.code] = workqueue_rebuild(tenant)
            if not options["json"]:
                self.stdout.write(f"{tenant.code} {tenant.name}: {cases[tenant.code]} cases")
        forgotten = 0 if options["tenant"] else tasks_forget_tenants()
        if options["json"]:
            self.stdout.write(json.dumps({"cases": cases, "tasks_of_gone_tenants": forgotten}))
        elif forgotten:
            self.stdout.write(f"{forgotten} tasks of tenants that are gone were removed")
