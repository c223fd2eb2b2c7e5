"""Carry this node's files on a stick where there is no line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.domain.journal.place import NotEnrolled
from core.exchange.courier_command import arguments_add, courier_run
from edge_node.agent import courier_turns


class Command(BaseCommand):
    help = (
        "Carry this node's files on a stick. Example: manage.py courier --pack /media/stick, and at the other end "
        "manage.py courier --unpack /media/stick. Exit codes: 0 done, 1 some files were damaged or differ, 2 no stick "
        "or not enrolled, 3 the target is full."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        arguments_add(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(courier_run(courier_turns(), options))
        except NotEnrolled as error:
            raise CommandError(str(error) or "This machine is not enrolled yet.", returncode=2) from error
