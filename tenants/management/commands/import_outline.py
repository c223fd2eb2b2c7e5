"""Takes the county's border, for the map, from a GeoJSON file."""

import json as jsons
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from tenants.models import Outline
from tenants.outlines import OutlineInvalid, outline_import

EXAMPLE = """
The file holds Polygons or MultiPolygons (GeoJSON, RFC 7946): the county, or its towns. 10 MB at most; it is thinned out
to what a picture of 1,000 pixels shows. It must be of the same system as the positions: WGS84 or GCJ-02.

    manage.py import_outline county.geojson
    manage.py import_outline --remove          (the map has no outline again)

Exit codes: 0 done, 1 the file is no outline, 2 wrong arguments or no such file.
"""
FAULTY, WRONG_CALL = 1, 2


class Command(BaseCommand):
    """Parses, calls outline_import, says what came of it."""

    help = "Take the outline of the county (for the map) from a GeoJSON file."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", help="GeoJSON")
        parser.add_argument("--remove", action="store_true", help="the map is drawn without an outline")
        parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
        parser.add_argument("--by", default="", help="staff code of who does this")

    def handle(self, *, file: str | None, remove: bool, json: bool, by: str, **options: Any) -> None:
        if bool(file) == remove:
            raise CommandError(_("Give a file, or --remove."), returncode=WRONG_CALL)
        if file is None:
            Outline.objects.filter(code=settings.COUNTY_CODE).delete()
            self.stdout.write('{"rings": 0, "points": 0}' if json else _("The map has no outline any more."))
            return
        try:
            rings = outline_import(
                Path(file).read_bytes(), county=settings.COUNTY_CODE, by=by[:32], at=timezone.now()
            )  # fmt: skip
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=WRONG_CALL) from error
        except OutlineInvalid as invalid:
            if json:
                self.stdout.write(jsons.dumps({"imported": False, "message": invalid.words}, ensure_ascii=False))
            raise CommandError(invalid.words, returncode=FAULTY) from invalid
        facts = {"rings": len(rings), "points": sum(map(len, rings))}
        words = _("The outline is imported: %(rings)s closed lines, %(points)s points.") % facts
        self.stdout.write(jsons.dumps(facts) if json else words)
