"""Say where the entries of a case are, as far as this node knows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from core.domain.journal.place import NotEnrolled
from core.exchange.whereabouts import cases_where
from core.exchange.whereabouts_command import (
    HELP,
    Found,
    arguments_add,
    entry_given,
    found_tell,
    hash_of,
    number_given,
)
from edge_node.identity import identity, standing
from edge_node.machine import places


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        arguments_add(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        number, entry = number_given(options["number"]), entry_given(options["entry"])
        try:
            if options["hash"]:
                self.stdout.write(hash_of(number))
                return
            where, key = standing(), identity().age_identity
            found = Found(cases_where(number, here=where, archive=places().archive, identity=key, entry=entry))
        except NotEnrolled as error:
            raise CommandError(_("This machine is not enrolled."), returncode=1) from error
        found_tell(self, found, number, as_json=options["json"])
