"""Say what the county orders this machine to do with its versions."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from core.domain.journal.clock import physical_ms
from edge_node.county_key import county_key_asked
from edge_node.ordering import node_code, order_said, places_of


class Command(BaseCommand):
    help = (
        "Read the county's order (rollout.order), proven with the county's key: may this machine take a version now? "
        "Prints JSON: outcome (take, wait, none, refused), reason, order, node, ring, refused. Exit codes: 0 said, "
        "1 the pinned key is damaged, 2 this machine knows no county."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--known", type=int, default=0, metavar="SERIAL", help="older orders are refused")
        parser.add_argument("--also", type=Path, action="append", default=[], metavar="FOLDER", help="look here too")

    def handle(self, *args: Any, **options: Any) -> None:
        key = county_key_asked()
        folders = [*places_of(Path(settings.VAR_DIR)), *options["also"]]
        said = order_said(folders, key, node=node_code(), known=options["known"], at_ms=physical_ms())
        self.stdout.write(json.dumps(said, ensure_ascii=False))
