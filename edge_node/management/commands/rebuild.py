"""Fold every case anew from its entries and say what differs."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.domain.cases.refold import cases_refold


class Command(BaseCommand):
    help = (
        "Fold every case anew from its own entries and say what stands here otherwise. It asks nobody: no network is "
        "needed. Example: manage.py rebuild --json. Exit codes: 0 all the same, or mended with --write; 1 some differ."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="mend the cases that differ; entries stay as they are")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        done = cases_refold(write=options["write"])
        if options["json"]:
            found = {"cases": done.cases, "different": done.different, "written": done.written}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(f"{done.cases} cases, {len(done.different)} differ, {done.written} mended")
            for number in done.different:
                self.stdout.write(number)
        if done.different and not options["write"]:
            raise CommandError(f"{len(done.different)} cases differ; --write mends them.", returncode=1)
