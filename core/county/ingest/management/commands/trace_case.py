"""Say where the entries of a case are, as far as the county knows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from core.county.ingest.whereabouts import case_found
from core.exchange.whereabouts_command import (
    HELP,
    arguments_add,
    entry_given,
    found_tell,
    hash_of,
    number_given,
)
from tenants.connection import connection
from tenants.errors import SchemaMissing


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        arguments_add(parser)
        parser.add_argument("--by", default="operator", help="staff code that stands on the record of who looked")

    def handle(self, *args: Any, **options: Any) -> None:
        number, entry = number_given(options["number"]), entry_given(options["entry"])
        if options["hash"]:
            self.stdout.write(hash_of(number))
            return
        connection.set_schema_to_public()
        try:
            found = case_found(number, entry=entry, by=options["by"][:32], at=timezone.now())
        except SchemaMissing as error:
            raise CommandError(_("The data of this number's hall cannot be reached."), returncode=1) from error
        found_tell(self, found, number, as_json=options["json"])
