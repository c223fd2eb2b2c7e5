"""manage.py rebuild_troubles: the county's desk of streams and conflicts derived anew from all tenants."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.county.ingest.troubles import troubles_forget_tenants, troubles_rebuild
from tenants.models import Tenant


class Command(BaseCommand):
    """Safe to repeat and to run while streams are being read; what was settled stays settled."""

    help = (
        "Derive the desk of streams and conflicts anew from the tables of all tenants (after a restore or a moved"
        " tenant). Example: manage.py rebuild_troubles --tenant 430321100000"
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
        found = {tenant.code: troubles_rebuild(tenant) for tenant in tenants}
        forgotten = 0 if options["tenant"] else troubles_forget_tenants()
        if options["json"]:
            self.stdout.write(json.dumps({"open": found, "of_gone_tenants": forgotten}))
            return
        for tenant in tenants:
            self.stdout.write(f"{tenant.code} {tenant.name}: {found[tenant.code]} open")
        if forgotten:
            self.stdout.write(f"{forgotten} troubles of tenants that are gone were removed")
