"""How every machine is, as the county last heard it."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from core.county.ops.train.reports import fleet_read
from core.county.ops.train.soaking import Report
from core.county.registry.fleet import ago, clock_words

EXAMPLE = """
What manage.py rollout judges a batch by; it changes nothing:

    manage.py fleet
    manage.py fleet --json 430321100204-01 430321100206-01

Times in JSON are UTC; `at` is the county's clock, `made_at` the node's own. `health` is the exit code of the node's
self-test (0 well), `held` the streams it holds, `held_at_county` those of its own that the county holds.
"""
#: Columns where nobody looks: a line is not broken, so that it can be searched.
WIDE = 300


class Command(BaseCommand):
    help = "Say how every machine is: version, self-test, last contact, what waits, what is held, the last rollout."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("nodes", nargs="*", metavar="NODE", help="service points, 430321100204-01; default: all")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, nodes: list[str], **options: Any) -> None:
        try:
            fleet = fleet_read(at=timezone.now(), nodes=nodes)
        except DatabaseError as error:
            raise CommandError(_("The registry cannot be read: %(reason)s") % {"reason": error}) from error
        if options["json"]:
            self.stdout.write(msgspec.json.encode(fleet).decode())
            return
        table = Table(*_heads(), box=None, pad_edge=False)
        for one in fleet.nodes:
            table.add_row(*_row(one, fleet.at))
        console = Console(highlight=False, width=None if self.stdout.isatty() else WIDE)
        with console.capture() as said:
            console.print(table)
        self.stdout.write(said.get(), ending="")


def _heads() -> list[str]:
    return [_("Machine"), _("Name"), _("Ring"), _("Version"), _("Self-test"), _("Last contact"), _("Waiting"),
            _("Held"), _("Clock"), _("Last rollout")]  # fmt: skip


def _row(one: Report, at: Any) -> list[str]:
    rollout = " ".join(filter(None, [one.rollout.outcome, one.rollout.version, one.rollout.reason]))
    return [
        one.node, one.name, str(one.ring), one.version, str(one.health) if one.made_at else "",
        ago(at - one.last_contact) if one.last_contact else _("never"), str(one.waiting),
        "; ".join((*one.held, *one.held_at_county)), clock_words(one.clock_offset_ms), rollout,
    ]  # fmt: skip
