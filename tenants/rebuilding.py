"""The commands that derive a public index table anew from the tables of all tenants."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models import Tenant


class RebuildCommand(BaseCommand):
    """Safe to repeat and to run while work goes on. A subclass says what is rebuilt and how it is called."""

    #: What is counted for a tenant, in words and as the JSON key; and the JSON key of what had no tenant any more.
    counted: str
    counted_key: str
    gone_key: str
    gone_words: str

    def rebuild(self, tenant: Tenant) -> int:
        """The tenant's rows are derived anew; returns how many there are."""
        raise NotImplementedError

    def forget(self) -> int:
        """Rows of tenants that are gone are gone; returns how many there were."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="CODE", help="only this tenant, by its 12-digit code")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = list(Tenant.objects.order_by("code"))
        if options["tenant"]:
            tenants = [tenant for tenant in tenants if tenant.code == options["tenant"]]
            if not tenants:
                raise CommandError(f"No tenant has the code {options['tenant']}; manage.py provision_tenant makes one.")
        found = {}
        for tenant in tenants:
            found[tenant.code] = self.rebuild(tenant)
            if not options["json"]:
                self.stdout.write(f"{tenant.code} {tenant.name}: {found[tenant.code]} {self.counted}")
        forgotten = 0 if options["tenant"] else self.forget()
        if options["json"]:
            self.stdout.write(json.dumps({self.counted_key: found, self.gone_key: forgotten}))
        elif forgotten:
            self.stdout.write(f"{forgotten} {self.gone_words}")
