"""Send a service point's machine its cases once more."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.county.registry.errors import RegistryError, words_of
from core.county.registry.selectors import node_get
from core.county.registry.services.rebuild import rebuild_queue


class Command(BaseCommand):
    help = (
        "Queue a node's open cases, and those of the last 90 days, to be sent to it once more; a node that has some of "
        "it skips that. Enrolling a machine anew does this by itself. Example: manage.py rebuild_node 430321100200-01. "
        "Exit codes: 0 done, 1 no such node, or it is revoked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("node", help="the node's id, which is its service point's code")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            node = node_get(options["node"])
        except RegistryError as error:
            raise CommandError(words_of(error), returncode=1) from error
        if node.revoked_at:
            raise CommandError(f"{node.node_id} is revoked: enrol a machine first.", returncode=1)
        queued = rebuild_queue(node, at=timezone.now())
        self.stdout.write(json.dumps({"queued": queued}) if options["json"] else f"{queued} entries wait for {node}")
