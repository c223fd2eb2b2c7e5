"""Reading tenants: those that are, those that may be, how far a provisioning is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from core.domain.catalogue.models import Division
from tenants.connection import connection
from tenants.jobs import jobs_waiting
from tenants.models import Domain, ProvisioningRun, ReferenceCheck, ServicePoint, ServicePointKind, StepState, Tenant
from tenants.naming import typed_as
from tenants.provisioning import LOCK_CLASS, Order, Step

PROVISION_TASK = "tenants.provision"
HALL_DIVISIONS = ("county", "town", "park")  #: levels whose divisions have a hall of their own
ENDED, FAILED, RUNNING, QUEUED, STOPPED = "done", "failed", "running", "queued", "stopped"


@dataclass(frozen=True)
class HallDivision:
    """A division that is, or may become, a tenant; `parent` is the name of the one above it."""

    code: str
    name: str
    level: str
    parent: str
    tenant: bool
    villages: int


def divisions_for_halls(*, search: str = "") -> list[HallDivision]:
    """Divisions in force that have a hall, those not yet tenants first; by name, pinyin, initials or code."""
    divisions = list(Division.objects.filter(level__in=HALL_DIVISIONS, valid_to=None).order_by("code"))
    names = dict(Division.objects.values_list("code", "name").filter(code__in={one.parent for one in divisions}))
    tenants = set(Tenant.objects.values_list("code", flat=True))
    villages = _villages_by_parent()
    wanted = search.strip().lower()
    found = [
        HallDivision(
            code=one.code,
            name=one.name,
            level=one.level,
            parent=names.get(one.parent, ""),
            tenant=one.code in tenants,
            villages=villages.get(one.code, 0),
        )
        for one in divisions
        if not wanted or wanted in typed_as(one.name) or one.code.startswith(wanted)
    ]
    return sorted(found, key=lambda one: (one.tenant, one.code))


def villages_of(code: str) -> QuerySet[Division]:
    """The villages in force below a division."""
    return Division.objects.filter(parent=code, level="village", valid_to=None).order_by("code")


def slugs_taken() -> set[str]:
    """First labels no further tenant may have: the tenants' and the county's own."""
    hosts = (settings.COUNTY_HOST, *settings.COUNTY_HOST_ALIASES, *Domain.objects.values_list("domain", flat=True))
    return {host.partition(".")[0] for host in hosts} | set(Tenant.objects.values_list("slug", flat=True))


@dataclass
class TenantFacts:
    """A tenant as the list shows it; `figures` by the names of settings.TENANT_FIGURES."""

    tenant: Tenant
    host: str = ""
    halls: list[ServicePoint] = field(default_factory=list)
    villages: list[ServicePoint] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


def tenants_with_facts() -> list[TenantFacts]:
    """Every tenant by code, in a number of queries that does not grow with them."""
    facts = {tenant.code: TenantFacts(tenant) for tenant in Tenant.objects.order_by("code")}
    for domain in Domain.objects.select_related("tenant").order_by("is_primary", "domain"):
        if domain.tenant.code in facts:
            facts[domain.tenant.code].host = domain.domain
    for point in ServicePoint.objects.order_by("code"):
        if point.tenant_code in facts:
            one = facts[point.tenant_code]
            (one.villages if point.kind == ServicePointKind.VILLAGE else one.halls).append(point)
    for name, counts in figures_by_tenant().items():
        for code, one in facts.items():
            one.figures[name] = counts.get(code, 0)
    return list(facts.values())


def figures_by_tenant() -> dict[str, Mapping[str, int]]:
    """What the apps above count for each tenant code, by the figure's name (settings.TENANT_FIGURES)."""
    return {name: import_string(path)() for name, path in settings.TENANT_FIGURES.items()}


@dataclass(frozen=True)
class RunView:
    """A run as it is now: `state` is one of done, failed, running, queued, stopped."""

    run: ProvisioningRun
    state: str
    steps: list[Step]
    order: Order | None  #: None for runs of versions that did not keep it

    @property
    def name(self) -> str:
        return self.order.name if self.order else self.run.tenant_code

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in (ENDED, FAILED, STOPPED)

    @property
    def done(self) -> list[Step]:
        return [step for step in self.steps if step.state == StepState.DONE]

    @property
    def failed(self) -> Step | None:
        return next((step for step in self.steps if step.state == StepState.FAILED), None)


def run_view(run: ProvisioningRun) -> RunView:
    return runs_view([run])[0]


def runs_view(runs: Sequence[ProvisioningRun]) -> list[RunView]:
    """The runs with their states: stored steps, and who works on them or is about to."""
    open_runs = [run for run in runs if run.ended_at is None]
    worked_on = _worked_on(open_runs)
    queued = jobs_waiting(task=PROVISION_TASK, argument="run", values=[run.pk for run in open_runs])
    return [_view(run, run.tenant_code in worked_on, run.pk in queued) for run in runs]


def runs_latest(limit: int = 40) -> list[ProvisioningRun]:
    """The open runs and, after them, those that ended last."""
    ended = ProvisioningRun.objects.exclude(ended_at=None).order_by("-ended_at")[:limit]
    return [*ProvisioningRun.objects.filter(ended_at=None).order_by("pk"), *ended]


def check_latest() -> ReferenceCheck | None:
    return ReferenceCheck.objects.order_by("-at").first()


def _view(run: ProvisioningRun, worked_on: bool, queued: bool) -> RunView:
    steps = msgspec.convert(run.steps, list[Step])
    if run.ended_at is not None:
        state = ENDED
    elif worked_on:
        state = RUNNING
    elif queued:
        state = QUEUED
    else:
        state = FAILED if any(step.state == StepState.FAILED for step in steps) else STOPPED
    return RunView(run, state, steps, msgspec.convert(run.order, Order) if run.order else None)


def _worked_on(runs: Sequence[ProvisioningRun]) -> set[str]:
    """Codes of those tenants whose run some process works on: it holds the run's lock."""
    if not runs:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code FROM unnest(%s::text[]) AS code JOIN pg_locks ON locktype = 'advisory' AND granted"
            " AND objsubid = 2 AND classid = %s AND objid = (hashtext(code)::bigint & 4294967295)"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [[run.tenant_code for run in runs], LOCK_CLASS],
        )
        return {row[0] for row in cursor.fetchall()}


def _villages_by_parent() -> dict[str, int]:
    counts: dict[str, int] = {}
    for parent in Division.objects.filter(level="village", valid_to=None).values_list("parent", flat=True):
        counts[parent] = counts.get(parent, 0) + 1
    return counts
