"""A town becomes a tenant: schema, host name, service points, administrators. Idempotent and resumable."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_tenants.utils import get_public_schema_name, schema_context

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


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    kind: Kind
    slug: str
    hall_name: str
    administrators: tuple[Administrator, ...]
    villages: tuple[Village, ...] | None


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
    if not re.fullmatch(r"\d{12}", code):
        raise NotADivisionCode(code)
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", slug):
        raise NotASlug(slug)
    request = _Request(
        code=code,
        name=name,
        kind=Kind(kind),
        slug=slug,
        hall_name=hall_name,
        administrators=tuple(administrators),
        villages=None if villages is None else tuple(villages),
    )
    with schema_context(get_public_schema_name()):
        _require_no_conflict(request)
        _run_steps(request, progress or (lambda _: None))
        tenant: Tenant = Tenant.objects.get(code=code)
        return tenant


def domain_of(slug: str) -> str:
    """The host name of the tenant with this slug: a sister of the county's own."""
    parent: str = settings.COUNTY_HOST.partition(".")[2] or settings.COUNTY_HOST
    return f"{slug}.{parent}"


def _require_no_conflict(request: _Request) -> None:
    domain = domain_of(request.slug)
    taken = Domain.objects.filter(domain=domain).exclude(tenant__code=request.code).select_related("tenant").first()
    if taken:
        raise TenantConflict(domain, taken.tenant.code)
    if domain == settings.COUNTY_HOST or domain in settings.COUNTY_HOST_ALIASES:
        raise TenantConflict(domain, get_public_schema_name())
    other = Tenant.objects.filter(slug=request.slug).exclude(code=request.code).first()
    if other:
        raise TenantConflict(request.slug, other.code)


def _run_steps(request: _Request, progress: Progress) -> None:
    """Every step is done and the run closed; a step that was done in this run before is not repeated."""
    run, _ = ProvisioningRun.objects.get_or_create(
        tenant_code=request.code,
        ended_at=None,
        defaults={"started_at": timezone.now(), "steps": [msgspec.to_builtins(Step(name)) for name in STEPS]},
    )
    steps = msgspec.convert(run.steps, list[Step])
    for step in steps:
        if step.state == StepState.DONE:
            progress(step)
            continue
        _note(run, steps, step, progress, state=StepState.RUNNING, started=_now(), error="")
        try:
            with transaction.atomic():
                _STEP_FUNCTIONS[step.name](request)
        except Exception as cause:
            connection.set_schema_to_public()
            _note(run, steps, step, progress, state=StepState.FAILED, ended=_now(), error=str(cause))
            raise ProvisioningFailed(step.name, cause) from cause
        _note(run, steps, step, progress, state=StepState.DONE, ended=_now())
    run.ended_at = timezone.now()
    run.save(update_fields=["ended_at"])


def _note(run: ProvisioningRun, steps: list[Step], step: Step, progress: Progress, **changes: Any) -> None:
    """The step's new state is stored, outside the step's own transaction, and told."""
    for field, value in changes.items():
        setattr(step, field, str(value))
    run.steps = msgspec.to_builtins(steps)
    run.save(update_fields=["steps"])
    progress(step)


def _now() -> str:
    return timezone.now().isoformat(timespec="milliseconds")


def _step_schema(request: _Request) -> None:
    """Row and schema in one transaction: never one without the other."""
    Tenant.objects.get_or_create(
        code=request.code,
        defaults={
            "schema_name": schema_name_of(request.code),
            "name": request.name,
            "hall_name": request.hall_name,
            "kind": request.kind,
            "slug": request.slug,
            "created_at": timezone.now(),
        },
    )
    schema_create(schema_name_of(request.code))


def _step_domain(request: _Request) -> None:
    tenant = Tenant.objects.get(code=request.code)
    Domain.objects.get_or_create(domain=domain_of(tenant.slug), defaults={"tenant": tenant, "is_primary": True})


def _step_hall(request: _Request) -> None:
    ServicePoint.objects.get_or_create(
        code=f"{request.code}-{HALL_STATION}",
        defaults={
            "tenant_code": request.code,
            "division": request.code,
            "level": HALL_LEVELS[request.kind],
            "name": request.hall_name,
            "kind": ServicePointKind.PARK if request.kind == Kind.PARK else ServicePointKind.HALL,
        },
    )


def _step_villages(request: _Request) -> None:
    for village in request.villages or ():
        if not re.fullmatch(r"\d{12}", village.code):
            raise NotADivisionCode(village.code)
    ServicePoint.objects.bulk_create(
        (
            ServicePoint(
                code=f"{village.code}-{HALL_STATION}",
                tenant_code=request.code,
                division=village.code,
                level=Level.VILLAGE,
                name=village.name,
                kind=ServicePointKind.VILLAGE,
            )
            for village in request.villages or ()
        ),
        ignore_conflicts=True,
    )


def _step_administrators(request: _Request) -> None:
    if not request.administrators:
        return
    from core.domain.staff.models import User
    from core.domain.staff.services import membership_grant, user_create

    for administrator in request.administrators:
        if not User.objects.filter(code=administrator.code).exists():
            user_create(code=administrator.code, name=administrator.name, password=administrator.password)
        membership_grant(
            user_code=administrator.code,
            tenant_code=request.code,
            service_point="",  # all of the tenant
            department=administrator.department,
            role=administrator.role or ADMINISTRATOR_ROLES[request.kind],
        )


_STEP_FUNCTIONS: dict[str, Callable[[_Request], None]] = {
    "schema": _step_schema,
    "domain": _step_domain,
    "hall": _step_hall,
    "villages": _step_villages,
    "administrators": _step_administrators,
}
