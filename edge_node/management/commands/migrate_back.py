"""Undo the migrations a later version brought; run with the later version's code before the earlier one starts."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from edge_node.migrating import NotReversible, migrate_back


class Command(BaseCommand):
    help = (
        "Undo every migration that is not named in FILE: a JSON object whose `migrations` are pairs of app and name, "
        "as a switch records them before it begins. Exit codes: 0 done, 1 one cannot be undone or the database "
        "refused. Example: manage.py migrate_back --kept /var/lib/yizhan/rollout/pending.json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kept", type=Path, required=True, metavar="FILE", help="what was applied before")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = [(app, name) for app, name in json.loads(options["kept"].read_text(encoding="utf-8"))["migrations"]]
        try:
            undone = migrate_back(kept)
        except (NotReversible, DatabaseError) as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{undone} migrations undone")
