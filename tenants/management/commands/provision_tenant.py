"""Makes a town, street or park a tenant."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from core.domain.catalogue.models import Division
from tenants.errors import ProvisioningFailed, TenantError
from tenants.models import Kind, StepState, Tenant
from tenants.naming import hall_name_of, slug_of
from tenants.provisioning import Administrator, Step, tenant_provision
from tenants.selectors import slugs_taken, villages_of

EXAMPLE = """
Make a town with its villages a tenant (its division and villages were imported before):

    manage.py provision_tenant 430321100000 --villages --administrator ysh-admin:周海燕

Run it again after a failure: it goes on where it stopped. Exit codes: 0 done, 1 a step failed, 2 wrong arguments.
"""
MARKS = {StepState.RUNNING: "…", StepState.DONE: "✓", StepState.FAILED: "✗"}


class Command(BaseCommand):
    """Parses, calls tenant_provision, shows its steps."""

    help = "Make a division a tenant: schema, host name, service points, administrators. Idempotent and resumable."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="12-digit division code of the hall")
        parser.add_argument("--name", help="name of the tenant; default: the division's")
        parser.add_argument("--kind", choices=Kind.values, default=Kind.TOWN.value)
        parser.add_argument("--slug", help="first label of its host name; default: the name in pinyin")
        parser.add_argument(
            "--hall-name", help="name of its hall; default: <name>便民服务中心, of a county <name>政务服务中心"
        )
        parser.add_argument("--villages", action="store_true", help="a service point for every village below it")
        parser.add_argument(
            *("--administrator", "-a"),
            action="append",
            default=[],
            metavar="CODE:NAME[:PASSWORD]",
            help="staff member who runs it; repeatable. Without a password one must be set before the first login",
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, code: str, json: bool, **options: Any) -> None:
        console = Console(quiet=json)
        try:
            tenant = self._provision(code, options, console)
        except ProvisioningFailed as error:
            raise CommandError(f"{error} Run the command again to go on from there.", returncode=1) from error
        except TenantError as error:
            raise CommandError(str(error), returncode=2) from error
        if json:
            self.stdout.write(_as_json(tenant))
        else:
            console.print(f"{tenant.name} ({tenant.code}): {', '.join(_domains(tenant))}")

    def _provision(self, code: str, options: dict[str, Any], console: Console) -> Tenant:
        name = options["name"] or Division.objects.filter(code=code).values_list("name", flat=True).first()
        if not name:
            raise CommandError(f"Division {code} is not known; import the divisions or give --name.", returncode=2)
        return tenant_provision(
            code=code,
            name=name,
            kind=options["kind"],
            slug=options["slug"] or _slug(code, name),
            hall_name=options["hall_name"] or hall_name_of(name, county=options["kind"] == Kind.COUNTY),
            administrators=[_administrator(text) for text in options["administrator"]],
            villages=list(villages_of(code)) if options["villages"] else None,
            progress=lambda step: console.print(_line(step)),
        )


def _slug(code: str, name: str) -> str:
    standing = Tenant.objects.filter(code=code).values_list("slug", flat=True).first()
    return standing or slug_of(name, taken=slugs_taken())


def _administrator(text: str) -> Administrator:
    code, _, rest = text.partition(":")
    name, _, password = rest.partition(":")
    if not (code and name):
        raise CommandError(f"--administrator takes CODE:NAME[:PASSWORD], not {text!r}", returncode=2)
    return Administrator(code=code, name=name, password=password or None)


def _line(step: Step) -> str:
    return f"  {MARKS[StepState(step.state)]} {step.name} {step.error}".rstrip()


def _domains(tenant: Tenant) -> list[str]:
    return list(tenant.domains.order_by("-is_primary", "domain").values_list("domain", flat=True))


def _as_json(tenant: Tenant) -> str:
    facts = {"code": tenant.code, "name": tenant.name, "schema": tenant.schema_name, "domains": _domains(tenant)}
    return json.dumps(facts, ensure_ascii=False)
