"""The first command on a new core: tables, the county hall, the first administrator."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from core.domain.catalogue.models import Division
from core.domain.staff.models import Role, User
from core.domain.staff.services import membership_grant, user_create
from tenants.errors import ProvisioningFailed, TenantError
from tenants.models import Kind, Tenant
from tenants.naming import hall_name_of, slug_of
from tenants.provisioning import domain_of, tenant_provision
from tenants.selectors import slugs_taken
from tenants.services import password_generate

EXAMPLE = """
On a new machine, and again whenever you like: what stands stays as it is.

    manage.py setup_county --name 湘潭县

Then start the web server and the worker (manage.py jobs), and log in at the county's host with the account printed.
Once the divisions are published --name may be left out. Exit codes: 0 done, 1 a step failed (run it again), 2 wrong
arguments, 3 the account stands but the county hall does not: its name is not known yet.
"""
FAILED, WRONG, NO_NAME = 1, 2, 3


class Command(BaseCommand):
    """Parses, calls migrate, user_create and tenant_provision, says what stands now."""

    help = "Set up a new core: shared tables, the county hall, a first county administrator. Idempotent."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", default=settings.COUNTY_CODE, help="12-digit code of the county")
        parser.add_argument("--name", help="name of the county; default: its division's")
        parser.add_argument("--slug", help="first label of the county hall's host name; default: the name in pinyin")
        parser.add_argument("--administrator", default="county-admin", metavar="CODE", help="staff code of the account")
        parser.add_argument("--administrator-name", default="县级管理员", metavar="NAME", help="name of the account")
        parser.add_argument("--json", action="store_true", help="print what stands as JSON")

    def handle(self, *, code: str, json: bool, administrator: str, administrator_name: str, **options: Any) -> None:
        call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
        password = _administrator(administrator, administrator_name)
        name = options["name"] or Division.objects.filter(code=code).values_list("name", flat=True).first()
        tenant = _hall(code, name, options["slug"]) if name else Tenant.objects.filter(code=code).first()
        facts = {
            "console": settings.COUNTY_HOST,
            "administrator": administrator,
            "password": password,
            "hall": domain_of(tenant.slug) if tenant else None,
        }
        self.stdout.write(_as_json(facts) if json else _as_text(facts))
        if tenant is None:
            raise CommandError(
                f"Division {code} is not published yet, so the county hall has no name: run this again with --name.",
                returncode=NO_NAME,
            )


def _administrator(code: str, name: str) -> str | None:
    """The account's new password; None for an account that stood already and keeps its own."""
    password = None if User.objects.filter(code=code).exists() else password_generate()
    if password:
        user_create(code=code, name=name, password=password)
    membership_grant(user_code=code, role=Role.COUNTY_ADMIN)
    return password


def _hall(code: str, name: str, slug: str | None) -> Tenant:
    standing = Tenant.objects.filter(code=code).values_list("slug", flat=True).first()
    try:
        return tenant_provision(
            code=code,
            name=name,
            kind=Kind.COUNTY,
            slug=slug or standing or slug_of(name, taken=slugs_taken()),
            hall_name=hall_name_of(name, county=True),
        )
    except ProvisioningFailed as error:
        raise CommandError(f"{error} Run the command again to go on from there.", returncode=FAILED) from error
    except TenantError as error:
        raise CommandError(str(error), returncode=WRONG) from error


def _as_json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False)


def _as_text(facts: dict[str, Any]) -> str:
    password = facts["password"]
    secret = f"password {password} (shown only now: note it)" if password else "has its password already"
    return "\n".join(
        (
            "The shared tables are up to date.",
            f"County console: http://{facts['console']}/",
            f"Administrator: {facts['administrator']}, {secret}",
            f"County hall: {facts['hall'] or 'not set up yet'}",
        )
    )
