"""Takes files of the catalogue into the draft."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.console import Console

from core.county.publishing.demo_catalogue import demo_records
from core.county.publishing.faults import FileRead, ImportRefused
from core.county.publishing.jsonfile import json_read, json_write
from core.county.publishing.management.reporting import (
    WRONG_CALL,
    done_report,
    faults_report,
    file_read,
    import_arguments,
)
from core.county.publishing.services import file_read_as, import_records

EXAMPLE = """
Files are Excel workbooks in the form of the template (.xlsx), JSON lists of records (.json) or divisions (.csv).
Several files are judged together, so that one may refer to another; with one fault nothing is written.

    manage.py import_catalogue items.xlsx grants.json
    manage.py import_catalogue --demo          (the demo catalogue of Xiangtan county)
    manage.py import_catalogue items.xlsx --replace --dry-run

The records come into the draft; publish_release puts them in force. Exit codes: 0 done, 1 faults, 2 wrong arguments.
"""


class Command(BaseCommand):
    """Parses, calls import_records, shows what came of it."""

    help = "Take items, grants, departments, divisions and calendars from files into the draft catalogue."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE", help=".xlsx, .json or .csv of divisions")
        parser.add_argument("--demo", action="store_true", help="the demo catalogue of Xiangtan county")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="records of the same kinds that the files do not hold leave the draft",
        )
        import_arguments(parser)

    def handle(
        self, *, files: list[str], demo: bool, replace: bool, dry_run: bool, json: bool, by: str, **options: Any
    ) -> None:
        if bool(files) == demo:
            raise CommandError(_("Give files, or --demo."), returncode=WRONG_CALL)
        contents = [(name, file_read(name)) for name in files]
        try:
            with Console(stderr=True, quiet=json).status(_("Checking and importing the files")) as status:
                read = json_read(json_write(demo_records())) if demo else FileRead()
                for name, data in contents:
                    status.update(_("Reading %(name)s") % {"name": name})
                    read.join(file_read_as(data, name), Path(name).name if len(contents) > 1 else "")
                status.update(_("Checking %(count)d records") % {"count": len(read.records)})
                done = import_records(read, by=by, replace=replace, dry_run=dry_run)
        except ImportRefused as refused:
            faults_report(self, refused.faults, as_json=json, name=", ".join(files))
        done_report(self, done, as_json=json, dry_run=dry_run)
