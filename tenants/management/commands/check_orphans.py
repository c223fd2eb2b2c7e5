"""Finds what tenants refer to and the public schema no longer knows."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console

from tenants.orphans import Orphan, orphans_of, references_check

EXAMPLE = """
The worker does this every night at 03:10; by hand:

    manage.py check_orphans
    manage.py check_orphans --json

Nothing is changed. Exit codes: 0 every reference leads somewhere, 1 some do not.
"""
FOUND = 1


class Command(BaseCommand):
    """Parses, calls references_check, shows what it found."""

    help = "Check that items, departments, divisions, service points and staff that tenants refer to are known."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print what was found as JSON")

    def handle(self, *, json: bool, **options: Any) -> None:
        with Console(stderr=True, quiet=json).status("Reading tenants") as status:
            check = references_check(at=timezone.now(), progress=lambda code: status.update(f"Reading {code}"))
        found = orphans_of(check)
        self.stdout.write(_as_json(check.tenants, check.orphans) if json else _as_text(check.tenants, found))
        if found:
            raise CommandError(f"{len(found)} references lead nowhere.", returncode=FOUND)


def _as_json(tenants: int, orphans: list[dict[str, Any]]) -> str:
    return json.dumps({"tenants": tenants, "orphans": orphans}, ensure_ascii=False)


def _as_text(tenants: int, orphans: list[Orphan]) -> str:
    lines = [
        f"  {one.tenant}: {one.kind} {one.code}, {one.rows} rows {' '.join(one.examples)}".rstrip() for one in orphans
    ]
    return "\n".join([*lines, f"{tenants} tenants read, {len(orphans)} references lead nowhere"])
