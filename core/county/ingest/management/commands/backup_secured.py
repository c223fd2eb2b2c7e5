"""Tell the nodes what a tested backup holds."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.county.ingest.backups import MarkUnknown, backup_secured


class Command(BaseCommand):
    help = (
        "The backup that was begun at MARK has been restored somewhere and looked at: nodes may clear away what it "
        "holds, once it is 30 days old. They hear of it within the hour. Example: manage.py backup_secured "
        "20261121T180000Z. Exit codes: 0 done, 1 no such mark."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("mark", help="what backup_mark printed")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            moved = backup_secured(options["mark"])
        except MarkUnknown as error:
            raise CommandError(f"There is no mark {error}; nothing was changed.", returncode=1) from error
        self.stdout.write(json.dumps({"streams": moved}) if options["json"] else f"{moved} streams are secured further")
