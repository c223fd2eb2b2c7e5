"""Brings every tenant's schema up to date."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from msgspec import to_builtins
from rich.console import Console
from rich.progress import Progress

from tenants.fanout import FanoutReport, tenants_migrate, tenants_pending

EXAMPLE = """
After an upgrade, the public schema first, then all tenants:

    manage.py migrate_schemas --shared
    manage.py migrate_tenants

Exit codes: 0 all up to date, 1 some tenants failed (the others are done; run it again), 3 --check found some behind.
"""
FAILED, BEHIND = 1, 3


class Command(BaseCommand):
    """Parses, calls tenants_migrate, shows its report."""

    help = "Migrate all tenants by fan-out, going on past failures and reporting them."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--schema", action="append", help="only this tenant's schema; repeatable")
        parser.add_argument("--check", action="store_true", help="only tell which tenants are behind")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, schema: list[str] | None, check: bool, json: bool, **options: Any) -> None:
        report = tenants_pending(schemas=schema) if check else _migrate(schema, quiet=json)
        self.stdout.write(_as_json(report) if json else _as_text(report, check=check))
        if report.failed:
            raise CommandError(f"{len(report.failed)} tenants failed.", returncode=FAILED)
        if check and report.pending:
            raise CommandError(f"{len(report.pending)} tenants are behind.", returncode=BEHIND)


def _migrate(schemas: list[str] | None, *, quiet: bool) -> FanoutReport:
    with Progress(console=Console(stderr=True, quiet=quiet), transient=True) as bar:
        task = bar.add_task("tenants", total=None)
        return tenants_migrate(schemas=schemas, progress=lambda *_: bar.advance(task))


def _as_json(report: FanoutReport) -> str:
    return json.dumps(to_builtins(report), ensure_ascii=False)


def _as_text(report: FanoutReport, *, check: bool) -> str:
    lines = [f"  {schema}: {error}" for schema, error in report.failed.items()]
    if check:
        lines += [f"  {schema} is behind" for schema in report.pending]
    total = f"{report.checked} tenants checked, {len(report.migrated)} migrated in {report.seconds:.1f} s"
    return "\n".join([*lines, total])
