"""Makes the towns and parks of a list tenants."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from tenants.errors import ProvisioningFailed, TenantError
from tenants.listing import Listed, Wanted, tenants_provision

EXAMPLE = """
The list is JSON; only the code must be given, the rest follows from the division:

    [{"code": "430321100000", "administrators": [{"code": "ysh-admin", "name": "周海燕"}]},
     {"code": "430321102000", "slug": "huashi", "villages": false}]

    manage.py provision_tenants tenants.json
    manage.py provision_tenants - --json

What stands is left alone, so that the list may be given again whenever it grows. Exit codes: 0 all stand, 1 a step
failed (run it again), 2 the list is wrong.
"""


class Command(BaseCommand):
    """Parses, calls tenants_provision, says what was made."""

    help = "Make every town, street or park of a list a tenant. Idempotent and resumable."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="JSON list of tenants; - reads standard input")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, file: str, json: bool, **options: Any) -> None:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        try:
            wanted = msgspec.json.decode(data, type=list[Wanted])
            done = tenants_provision(wanted, progress=lambda code: None if json else self.stdout.write(f"  {code}"))
        except msgspec.MsgspecError as error:
            raise CommandError(str(error), returncode=2) from error
        except ProvisioningFailed as error:
            raise CommandError(f"{error} Run the command again to go on from there.", returncode=1) from error
        except TenantError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(msgspec.json.encode(done).decode() if json else _as_text(done))


def _as_text(done: Listed) -> str:
    return f"{len(done.made)} tenants were made, {len(done.stood)} stood."
