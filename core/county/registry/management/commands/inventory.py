"""The fleet as Ansible's script inventory."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

from core.county.ops.inventory import inventory_host, inventory_whole

EXAMPLE = """
What ansible/inventory/yizhan calls; hosts are the codes of service points:

    manage.py inventory --list
    manage.py inventory --host 430321100204-01

Groups: edge (all machines), tenant_<code>, level_<town|village>, ring_<0|1|2>, version_<as it runs>, and pull for
machines without an SSH address. A machine is in it when it is enrolled, or was met by bootstrap_node.
"""


class Command(BaseCommand):
    help = "Print the fleet as Ansible's inventory (JSON), grouped by tenant, level, ring and version."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        asked = parser.add_mutually_exclusive_group(required=True)
        asked.add_argument("--list", action="store_true", help="all groups and hosts")
        asked.add_argument("--host", metavar="CODE", help="the variables of one host; {} where there is none")

    def handle(self, *, host: str | None, **options: Any) -> None:
        try:
            found = inventory_whole() if host is None else inventory_host(host)
        except DatabaseError as error:
            # Ansible goes on with its other sources, and shows this.
            raise CommandError(_("The registry cannot be read: %(reason)s") % {"reason": error}) from error
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True))
