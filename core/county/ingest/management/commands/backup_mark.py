"""Write down how far the county has read, just before a backup begins."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core.county.ingest.backups import backup_mark


class Command(BaseCommand):
    help = (
        "Write down how far the county has read, just before a backup begins, and print the mark's name. When the "
        "backup has been restored somewhere and looked at, run backup_secured with it. Example: manage.py backup_mark"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        name = backup_mark(at=timezone.now())
        self.stdout.write(json.dumps({"mark": name}) if options["json"] else name)
