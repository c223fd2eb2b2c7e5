"""Carry the county's files on a stick where there is no line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.county.ingest.worker import courier_turns
from core.exchange.courier_command import arguments_add, courier_run


class Command(BaseCommand):
    help = (
        "Carry the county's files on a stick. Example: manage.py courier --unpack /media/stick (reads what nodes sent) "
        "and then manage.py courier --pack /media/stick (decisions, cards, the catalogue). Exit codes: 0 done, 1 some "
        "files were damaged or differ, 2 no stick, 3 the target is full."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        arguments_add(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(courier_run(courier_turns(), options))
