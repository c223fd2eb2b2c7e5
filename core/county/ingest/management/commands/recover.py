"""After a restore from a backup: begin a new epoch of the county's own streams."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.county.ingest.recovery import recover


class Command(BaseCommand):
    help = (
        "Run once after the county was restored from a backup, before its pages are opened again: the county's own "
        "streams begin a new epoch, nodes send again what the backup does not have, and give back what the county "
        "wrote since. VAR_DIR/keys must be the county's own, from the backup. Example: manage.py recover. Exit codes: "
        "0 done, 2 the epoch given is not higher."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--epoch", type=int, default=0, help="the new epoch, where you know of a higher one")
        parser.add_argument("--by", default="operator", help="staff code that stands on the record")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = recover(epoch=options["epoch"], by=options["by"])
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps({"epoch": done.epoch, "queued": done.queued, "nodes": done.nodes}))
            return
        self.stdout.write(f"Epoch {done.epoch} has begun; {done.queued} entries wait again.")
        self.stdout.write(f"Keep the pages closed until these {len(done.nodes)} nodes were heard of (fleet page):")
        self.stdout.write(", ".join(done.nodes) or "none")
