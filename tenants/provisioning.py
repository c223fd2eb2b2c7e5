"""A town becomes a tenant: schema, host name, service points, administrators. Idempotent and resumable."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django_tenants.utils import get_public_schema_name, schema_context

from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from tenants.connection import connection
from tenants.errors import NotADivisionCode, NotASlug, ProvisioningFailed, TenantConflict
from tenants.models import (
    HALL_LEVELS,
    Domain,
    Kind,
    Level,
    ProvisioningRun,
    ServicePoint,
    ServicePointKind,
    StepState,
    Tenant,
    schema_name_of,
)
from tenants.schemas import schema_create

#: Class of the advisory lock that is held while a run is worked on; its second key is the tenant's code.
LOCK_CLASS = 20_260_001
HALL_STATION = "01"
STEPS = ("schema", "domain", "hall", "villages", "administrators")
ADMINISTRATOR_ROLES = {Kind.COUNTY: "county_admin", Kind.TOWN: "supervisor", Kind.PARK: "supervisor"}


class Village(Protocol):
    """What a village's service point is made from; a catalogue division is one."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs the tenant; an existing staff member keeps name and password."""

    code: str
    name: str
    password: str | None = None
    role: str | None = None  #: None: county_admin for a county hall, supervisor elsewhere
    department: str = ""


class Step(msgspec.Struct):
    """One step of a run, as the progress list shows it; times are ISO 8601 in UTC."""

    name: str
    state: str = StepState.WAITING.value
    started: str | None = None
    ended: str | None = None
    error: str = ""


Progress = Callable[[Step], None]


class Place(msgspec.Struct, frozen=True):
    """A village as a run keeps it."""

    code: str
    name: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator as a run keeps one: the password only as its hash, and that only until the run is done."""

    code: str
    name: str
    password_hash: str = ""
    role: str
    department: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is to make."""

    code: str
    name: str
    kind: Kind
    slug: str
    hall_name: str
    administrators: tuple[Account, ...] = ()
    villages: tuple[Place, ...] = ()


def tenant_provision(
    *,
    code: str,
    name: str,
    kind: str,
    slug: str,
    hall_name: str,
    administrators: Sequence[Administrator] = (),
    villages: Sequence[Village] | None = None,
    progress: Progress | None = None,
) -> Tenant:
    """The division `code` is a tenant with schema, host name, hall service point, villages and administrators.

    Called again it changes nothing that stands and goes on where it failed. `progress` is told of each step as it
    starts and as it ends. Raises NotADivisionCode, NotASlug, TenantConflict before anything is written, and
    ProvisioningFailed when a step fails; a failed step leaves nothing of itself.
    """
    run = run_open(
        code=code,
        name=name,
        kind=kind,
        slug=slug,
        hall_name=hall_name,
        administrators=administrators,
        villages=villages,
    )
    run_perform(run, progress=progress)
    tenant: Tenant = Tenant.objects.get(code=code)
    return tenant


def run_open(
    *,
    code: str,
    name: str,
    kind: str,
    slug: str,
    hall_name: str,
    administrators: Sequence[Administrator] = (),
    villages: Sequence[Village] | None = None,
) -> ProvisioningRun:
    """A run says what is to be made; an open one of the same tenant goes on with what is asked now.

    Raises NotADivisionCode, NotASlug, TenantConflict; then nothing was written.
    """
    if not re.fullmatch(r"\d{12}", code):
        raise NotADivisionCode(code)
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", slug):
        raise NotASlug(slug)
    order = Order(
        code=code,
        name=name,
        kind=Kind(kind),
        slug=slug,
        hall_name=hall_name,
        administrators=tuple(_account(one, Kind(kind)) for one in administrators),
        villages=tuple(Place(village.code, village.name) for village in villages or ()),
    )
    with schema_context(get_public_schema_name()):
        _require_no_conflict(order)
        steps = [msgspec.to_builtins(Step(step)) for step in STEPS]
        run, made = ProvisioningRun.objects.get_or_create(
            tenant_code=code,
            ended_at=None,
            defaults={"started_at": timezone.now(), "steps": steps, "order": msgspec.to_builtins(order)},
        )
        if not made:
            run.order = msgspec.to_builtins(order)
            run.save(update_fields=["order"])
    return run


def run_perform(run: ProvisioningRun, *, progress: Progress | None = None) -> None:
    """Every step of the run is done and the run is closed; a step that was done before is not repeated.

    Whoever comes while another process works on it waits and finds it done. Raises ProvisioningFailed.
    """
    with schema_context(get_public_schema_name()), _worked_on(run.tenant_code):
        run.refresh_from_db()
        if run.ended_at is None:
            _run_steps(run, progress or (lambda _: None))


@contextmanager
def _worked_on(tenant_code: str) -> Iterator[None]:
    """Holds the run's lock: it goes with the process, so that a page sees whether somebody still works on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [LOCK_CLASS, tenant_code])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK_CLASS, tenant_code])


def _account(administrator: Administrator, kind: Kind) -> Account:
    return Account(
        code=administrator.code,
        name=administrator.name,
        password_hash=make_password(administrator.password) if administrator.password else "",
        role=administrator.role or ADMINISTRATOR_ROLES[kind],
        department=administrator.department,
    )


def domain_of(slug: str) -> str:
    """The host name of the tenant with this slug: a sister of the county's own."""
    parent: str = settings.COUNTY_HOST.partition(".")[2] or settings.COUNTY_HOST
    return f"{slug}.{parent}"


def _require_no_conflict(order: Order) -> None:
    domain = domain_of(order.slug)
    taken = Domain.objects.filter(domain=domain).exclude(tenant__code=order.code).select_related("tenant").first()
    if taken:
        raise TenantConflict(domain, taken.tenant.code)
    if domain == settings.COUNTY_HOST or domain in settings.COUNTY_HOST_ALIASES:
        raise TenantConflict(domain, get_public_schema_name())
    other = Tenant.objects.filter(slug=order.slug).exclude(code=order.code).first()
    if other:
        raise TenantConflict(order.slug, other.code)


def _run_steps(run: ProvisioningRun, progress: Progress) -> None:
    order = msgspec.convert(run.order, Order)
    steps = msgspec.convert(run.steps, list[Step])
    for step in steps:
        if step.state == StepState.DONE:
            progress(step)
            continue
        _note(run, steps, step, progress, state=StepState.RUNNING, started=_now(), error="")
        try:
            with transaction.atomic():
                _STEP_FUNCTIONS[step.name](order)
        except Exception as cause:
            connection.set_schema_to_public()
            _note(run, steps, step, progress, state=StepState.FAILED, ended=_now(), error=str(cause))
            raise ProvisioningFailed(step.name, cause) from cause
        _note(run, steps, step, progress, state=StepState.DONE, ended=_now())
    run.ended_at = timezone.now()
    # The accounts have them now; nobody else needs them.
    run.order["administrators"] = [one | {"password_hash": ""} for one in run.order["administrators"]]
    run.save(update_fields=["ended_at", "order"])


def _note(run: ProvisioningRun, steps: list[Step], step: Step, progress: Progress, **changes: Any) -> None:
    """The step's new state is stored, outside the step's own transaction, and told."""
    for field, value in changes.items():
        setattr(step, field, str(value))
    run.steps = msgspec.to_builtins(steps)
    run.save(update_fields=["steps"])
    progress(step)


def _now() -> str:
    return timezone.now().isoformat(timespec="milliseconds")


def _step_schema(order: Order) -> None:
    """Row and schema in one transaction: never one without the other."""
    Tenant.objects.get_or_create(
        code=order.code,
        defaults={
            "schema_name": schema_name_of(order.code),
            "name": order.name,
            "hall_name": order.hall_name,
            "kind": order.kind,
            "slug": order.slug,
            "created_at": timezone.now(),
        },
    )
    schema_create(schema_name_of(order.code))


def _step_domain(order: Order) -> None:
    tenant = Tenant.objects.get(code=order.code)
    Domain.objects.get_or_create(domain=domain_of(tenant.slug), defaults={"tenant": tenant, "is_primary": True})


def _step_hall(order: Order) -> None:
    ServicePoint.objects.get_or_create(
        code=f"{order.code}-{HALL_STATION}",
        defaults={
            "tenant_code": order.code,
            "division": order.code,
            "level": HALL_LEVELS[order.kind],
            "name": order.hall_name,
            "kind": ServicePointKind.PARK if order.kind == Kind.PARK else ServicePointKind.HALL,
        },
    )


def _step_villages(order: Order) -> None:
    for village in order.villages:
        if not re.fullmatch(r"\d{12}", village.code):
            raise NotADivisionCode(village.code)
    ServicePoint.objects.bulk_create(
        (
            ServicePoint(
                code=f"{village.code}-{HALL_STATION}",
                tenant_code=order.code,
                division=village.code,
                level=Level.VILLAGE,
                name=village.name,
                kind=ServicePointKind.VILLAGE,
            )
            for village in order.villages
        ),
        ignore_conflicts=True,
    )


def _step_administrators(order: Order) -> None:
    for account in order.administrators:
        if not User.objects.filter(code=account.code).exists():
            user = user_create(code=account.code, name=account.name, password=None)
            if account.password_hash:
                user.password = account.password_hash
                user.save(update_fields=["password"])
        membership_grant(
            user_code=account.code,
            tenant_code=order.code,
            service_point="",  # all of the tenant
            department=account.department,
            role=account.role,
        )


_STEP_FUNCTIONS: dict[str, Callable[[Order], None]] = {
    "schema": _step_schema,
    "domain": _step_domain,
    "hall": _step_hall,
    "villages": _step_villages,
    "administrators": _step_administrators,
}
