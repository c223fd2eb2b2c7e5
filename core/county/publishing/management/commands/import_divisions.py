"""Takes a file of divisions into the draft."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from rich.console import Console

from core.county.publishing.divisions_file import divisions_read
from core.county.publishing.faults import ImportRefused
from core.county.publishing.management.reporting import done_report, faults_report, file_read, import_arguments
from core.county.publishing.services import import_records

EXAMPLE = """
The file is CSV in UTF-8 with a head:

    code,name,parent,level,valid_from,valid_to,successors
    430321000000,湘潭县,430300000000,county,,,
    430321100000,易俗河镇,430321000000,town,,,
    430321101000,郭家桥乡,430321000000,town,,2005-12-31,430321100000

valid_from, valid_to and successors may be left out; a retired code keeps its dates and says where it went. All or
nothing: with one fault nothing is written, and all faults are shown by row.

    manage.py import_divisions divisions.csv
    manage.py import_divisions divisions.csv --dry-run --json

Divisions come into the draft; publish_release puts them in force. Exit codes: 0 done, 1 faults, 2 wrong arguments.
"""


class Command(BaseCommand):
    """Parses, calls import_records, shows what came of it."""

    help = "Take divisions (12-digit codes, with validity dates) from a CSV file into the draft catalogue."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV file; - reads standard input")
        import_arguments(parser)

    def handle(self, *, file: str, dry_run: bool, json: bool, by: str, **options: Any) -> None:
        data = file_read(file)
        try:
            with Console(stderr=True, quiet=json).status(_("Checking and importing %(name)s") % {"name": file}):
                done = import_records(divisions_read(data), by=by, dry_run=dry_run)
        except ImportRefused as refused:
            faults_report(self, refused.faults, as_json=json, name=file)
        done_report(self, done, as_json=json, dry_run=dry_run)
