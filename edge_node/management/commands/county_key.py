"""Say by which key this machine believes its county."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from edge_node.county_key import enrolment_read


class Command(BaseCommand):
    help = (
        "Print the county's key as the enrolment has it, 64 hexadecimal digits: yizhan-enrol pins it for root. Exit "
        "codes: 0 said, 2 this machine is not enrolled."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = enrolment_read()
        except DatabaseError as error:
            raise CommandError(str(error), returncode=2) from error
        if row is None:
            raise CommandError("This machine is not enrolled.", returncode=2)
        self.stdout.write(bytes(row.root_key).hex())
