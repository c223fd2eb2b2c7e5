"""Starting the provisioning of towns from the console: an order, a job, and doing it at once where no worker runs."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from msgspec import structs

from core.domain.staff.models import User
from tenants.jobs import job_defer, jobs_waiting
from tenants.models import Kind, ProvisioningRun, Tenant
from tenants.naming import hall_name_of, slug_of
from tenants.provisioning import Administrator, run_open, run_perform
from tenants.selectors import PROVISION_TASK, HallDivision, slugs_taken, villages_of

#: Without 0 O 1 l I: a password is read from a screen and copied by hand.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz"
PASSWORD_DIGITS = "23456789"
KINDS = {"county": Kind.COUNTY, "town": Kind.TOWN, "park": Kind.PARK}


@dataclass(frozen=True)
class Credential:
    """A password that was made just now and is shown once; `place` is whose administrator it is."""

    place: str
    slug: str
    code: str
    name: str
    password: str


def password_generate() -> str:
    """Four groups to copy without mistakes; about 68 bits."""
    groups = ["".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(3)]
    return "-".join([*groups, "".join(secrets.choice(PASSWORD_DIGITS) for _ in range(4))])


@transaction.atomic
def provisioning_start(
    *,
    division: HallDivision,
    name: str,
    hall_name: str,
    slug: str,
    administrators: Sequence[Administrator],
    with_villages: bool,
) -> tuple[ProvisioningRun, list[Credential]]:
    """A run and its job wait; administrators without a password, who have no account yet, get one made.

    Raises NotADivisionCode, NotASlug, TenantConflict; then nothing was written.
    """
    known = set(User.objects.filter(code__in=[one.code for one in administrators]).values_list("code", flat=True))
    lacking = {one.code for one in administrators if one.password is None and one.code not in known}
    complete = [
        structs.replace(one, password=password_generate()) if one.code in lacking else one for one in administrators
    ]
    made = [
        Credential(place=name, slug=slug, code=one.code, name=one.name, password=one.password or "")
        for one in complete
        if one.code in lacking
    ]
    run = run_open(
        code=division.code,
        name=name,
        kind=KINDS[division.level],
        slug=slug,
        hall_name=hall_name,
        administrators=complete,
        villages=list(villages_of(division.code)) if with_villages else None,
    )
    provisioning_continue(run=run)
    return run, made


def provisioning_continue(*, run: ProvisioningRun) -> None:
    """A job waits for the run, once."""
    if run.ended_at is None and not jobs_waiting(task=PROVISION_TASK, argument="run", values=[run.pk]):
        job_defer(PROVISION_TASK, run=run.pk)


def provisioning_now(*, run: ProvisioningRun) -> None:
    """The run is done by this process; a job that waits for it finds it done. Raises ProvisioningFailed."""
    run_perform(run)


@transaction.atomic
def provisioning_start_all(
    *, divisions: Sequence[HallDivision], with_administrators: bool, with_villages: bool
) -> tuple[list[ProvisioningRun], list[Credential]]:
    """A run and a job for each division that is no tenant yet, all or none, with the usual names."""
    taken = slugs_taken()
    runs, made = [], []
    tenants = set(Tenant.objects.values_list("code", flat=True))
    for division in divisions:
        if division.code in tenants:
            continue
        slug = slug_of(division.name, taken=taken)
        taken.add(slug)
        code = administrator_code_of(slug)
        administrators = [Administrator(code=code, name=f"{division.name}管理员")] if with_administrators else []
        run, credentials = provisioning_start(
            division=division,
            name=division.name,
            hall_name=hall_name_of(division.name, county=division.level == "county"),
            slug=slug,
            administrators=administrators,
            with_villages=with_villages,
        )
        runs.append(run)
        made += credentials
    return runs, made


def administrator_code_of(slug: str) -> str:
    """The usual staff code of a hall's administrator."""
    return f"{slug[:26]}-admin"
