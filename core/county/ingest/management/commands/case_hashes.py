"""Say the state hash of every case of every tenant: two machines that hold the same entries say the same."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.domain.cases.selectors import hashes
from tenants.connection import connection
from tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Say the state hash of every case of every tenant, to compare with `status --hashes` on a node. "
        "Example: manage.py case_hashes --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object: case id, hash")

    def handle(self, *args: Any, **options: Any) -> None:
        found = dict(_hashes())
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for case_id, digest in sorted(found.items()):
            self.stdout.write(f"{case_id} {digest}")


def _hashes() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for tenant in Tenant.objects.exclude(schema_name="public"):
        connection.set_tenant(tenant)
        found += hashes()
    connection.set_schema_to_public()
    return found
