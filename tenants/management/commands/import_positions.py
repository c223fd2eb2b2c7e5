"""Takes the positions of service points from a CSV file."""

import json as jsons
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from tenants.positions import PositionsRefused, RowFault, positions_import

EXAMPLE = """
The first row names the columns, in any order: code, longitude, latitude (编码, 经度, 纬度); others are passed over.
Degrees are decimal numbers. Rows without degrees are passed over; with one fault nothing is written.
All positions and the outline must be of one system: WGS84 (GPS) or GCJ-02 (Chinese maps), up to 600 m apart.

    manage.py import_positions positions.csv
    manage.py import_positions - --dry-run < positions.csv

Exit codes: 0 done, 1 faults, 2 the file cannot be read.
"""
FAULTY, WRONG_CALL = 1, 2


class Command(BaseCommand):
    """Parses, calls positions_import, shows what came of it."""

    help = "Take the positions of service points (for the map of the county) from a CSV file."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="CSV, UTF-8 or GB 18030; - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")
        parser.add_argument("--json", action="store_true", help="print what came of it as JSON")

    def handle(self, *, file: str, dry_run: bool, json: bool, **options: Any) -> None:
        try:
            data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=WRONG_CALL) from error
        try:
            count = positions_import(data, dry_run=dry_run)
        except PositionsRefused as refused:
            self._refused(refused.faults, as_json=json)
        if json:
            self.stdout.write(jsons.dumps({"imported": not dry_run, "positions": count}))
        elif dry_run:
            self.stdout.write(_("%(count)s positions are sound; nothing was written.") % {"count": count})
        else:
            self.stdout.write(_("%(count)s positions were imported.") % {"count": count})

    def _refused(self, faults: tuple[RowFault, ...], *, as_json: bool) -> None:
        if as_json:
            rows = [{"row": one.row, "column": one.column, "message": one.words} for one in faults]
            self.stdout.write(jsons.dumps({"imported": False, "faults": rows}, ensure_ascii=False))
        else:
            table = Table(_("Row"), _("Column"), _("What is wrong"))
            for one in faults:
                table.add_row(str(one.row or ""), one.column, one.words)
            Console(stderr=True).print(table)
        raise CommandError(_("Nothing was imported: %(count)d faults.") % {"count": len(faults)}, returncode=FAULTY)
