"""Codes that tenants refer to and the public schema no longer knows: no foreign key guards them (tenancy.md, 2)."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

import msgspec
from django.db.models import QuerySet
from django_tenants.utils import get_public_schema_name, schema_context

from core.domain.cases.models import Case, DraftIntake, SerialCounter
from core.domain.cases.state import state_decode
from core.domain.catalogue.models import Department, Division, ItemVersion
from core.domain.staff.models import User
from tenants.models import ReferenceCheck, ServicePoint, Tenant
from tenants.place import HALL_WINDOW
from tenants.schemas import schema_exists

EXAMPLES = 3  #: case numbers named for each orphan
#: Those who act without an account: the program itself.
NO_ACCOUNT = frozenset({"", "system"})


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """One code of one kind that `rows` rows of a tenant refer to; `examples` are numbers of such cases."""

    tenant: str
    kind: str  #: schema, item, department, division, service_point, staff
    code: str
    rows: int
    examples: tuple[str, ...] = ()


class _Known(msgspec.Struct):
    """What public knows; an item is known by its code and version, because cases pin both."""

    item: frozenset[str]
    department: frozenset[str]
    division: frozenset[str]
    service_point: frozenset[str]
    staff: frozenset[str]


class _Seen:
    """Codes that are not known, counted by kind."""

    def __init__(self, known: _Known) -> None:
        self.known = known
        self.rows: dict[tuple[str, str], int] = {}
        self.examples: dict[tuple[str, str], list[str]] = {}

    def note(self, kind: str, code: str, number: str = "") -> None:
        names: Collection[str] = getattr(self.known, kind)
        if code in names:
            return
        self.rows[kind, code] = self.rows.get((kind, code), 0) + 1
        examples = self.examples.setdefault((kind, code), [])
        if number and len(examples) < EXAMPLES:
            examples.append(number)


def references_check(*, at: datetime, progress: Callable[[str], None] | None = None) -> ReferenceCheck:
    """A stored account of every reference of every tenant that leads nowhere; only the last 30 accounts are kept."""
    with schema_context(get_public_schema_name()):
        tenants = list(Tenant.objects.order_by("code"))
        known = _known(tenants)
        orphans = [orphan for tenant in tenants for orphan in _orphans_of(tenant, known, progress)]
        check = ReferenceCheck.objects.create(at=at, tenants=len(tenants), orphans=msgspec.to_builtins(orphans))
        kept = ReferenceCheck.objects.order_by("-at").values("pk")[:30]
        ReferenceCheck.objects.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return check


def _known(tenants: Collection[Tenant]) -> _Known:
    points = set(ServicePoint.objects.values_list("code", flat=True))
    return _Known(
        item=frozenset(f"{code} v{version}" for code, version in _pairs(ItemVersion.objects.all())),
        department=frozenset(Department.objects.values_list("uscc", flat=True)),
        division=frozenset(Division.objects.values_list("code", flat=True)),
        service_point=frozenset(points | {f"{tenant.code}-{HALL_WINDOW}" for tenant in tenants}),
        staff=frozenset(User.objects.values_list("code", flat=True)) | NO_ACCOUNT,
    )


def _pairs(versions: QuerySet[ItemVersion]) -> Iterator[tuple[str, int]]:
    yield from versions.values_list("item_code", "version")


def _orphans_of(tenant: Tenant, known: _Known, progress: Callable[[str], None] | None) -> Iterator[Orphan]:
    if progress:
        progress(tenant.code)
    if not schema_exists(tenant.schema_name):
        yield Orphan(tenant=tenant.code, kind="schema", code=tenant.schema_name, rows=0)
        return
    seen = _Seen(known)
    with schema_context(tenant.schema_name):
        _cases_read(seen)
        for point in SerialCounter.objects.values_list("service_point", flat=True).distinct():
            seen.note("service_point", point)
        for point, clerk in DraftIntake.objects.values_list("service_point", "clerk"):
            seen.note("service_point", point)
            seen.note("staff", clerk)
    for kind, code in sorted(seen.rows):
        yield Orphan(
            tenant=tenant.code,
            kind=kind,
            code=code,
            rows=seen.rows[kind, code],
            examples=tuple(seen.examples[kind, code]),
        )


def _cases_read(seen: _Seen) -> None:
    for wire in Case.objects.values_list("state", flat=True).iterator(chunk_size=1000):
        state = state_decode(bytes(wire))
        seen.note("item", f"{state.item_code} v{state.item_version}", state.number)
        seen.note("service_point", state.service_point, state.number)
        seen.note("division", state.division, state.number)
        seen.note("staff", state.clerk, state.number)
        for stage in state.stages:
            for department in stage.departments:
                seen.note("department", department, state.number)


def orphans_of(check: ReferenceCheck) -> list[Orphan]:
    """What a stored check found."""
    return msgspec.convert(check.orphans, list[Orphan])
