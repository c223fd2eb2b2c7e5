"""Reading what became of cases in all tenants: results nobody has fetched, and the county's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from .models import CaseFigure, Undelivered
from .selectors import PAGE_SIZE, Key


@dataclass(frozen=True)
class Place:
    """Whose results: `tenants` None is the whole county; "" leaves a part open. `late`: only those past their day."""

    tenants: frozenset[str] | None
    tenant_code: str = ""
    service_point: str = ""
    late: bool = True


@dataclass(frozen=True)
class PlaceCount:
    """How many results wait at a service point, how many of them past their day, and the oldest decision among them."""

    tenant_code: str
    service_point: str
    ready: int
    late: int
    oldest: date


@dataclass(frozen=True)
class ResultPage:
    """Those due first first; `following` is where the next page begins (None: this is the last)."""

    rows: Sequence[Undelivered]
    following: Key | None = None


def _watched(tenants: frozenset[str] | None) -> QuerySet[Undelivered]:
    rows = Undelivered.objects.all()
    return rows if tenants is None else rows.filter(tenant_code__in=tenants)


def undelivered_on(place: Place, *, today: date) -> QuerySet[Undelivered]:
    """Results that stand ready there."""
    rows = _watched(place.tenants)
    if place.late:
        rows = rows.filter(due__lt=today)
    if place.tenant_code:
        rows = rows.filter(tenant_code=place.tenant_code)
    return rows.filter(service_point=place.service_point) if place.service_point else rows


def undelivered_page(
    place: Place, *, today: date, after: Key | None = None, size: int = PAGE_SIZE
) -> ResultPage:  # fmt: skip
    """One page of them, found by walking an index from where the last page ended."""
    rows = undelivered_on(place, today=today)
    if after is not None:
        rows = rows.filter(due__gte=after.due).exclude(due=after.due, pk__lte=after.task_id)
    found = list(rows.order_by("due", "pk")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return ResultPage(rows=found[:size], following=Key(last.due, last.pk) if last else None)


def undelivered_places(tenants: frozenset[str] | None, *, today: date) -> list[PlaceCount]:
    """Every service point where a result is past its day, those with the most first."""
    late = Q(due__lt=today)
    rows: Any = (
        _watched(tenants).values("tenant_code", "service_point")
        .annotate(ready=Count("pk"), late=Count("pk", filter=late), oldest=Min("decided_on"))
        .filter(late__gt=0)
    )  # fmt: skip
    counts = [PlaceCount(**row) for row in rows]
    return sorted(counts, key=lambda row: (-row.late, row.tenant_code, row.service_point))


def undelivered_late(tenants: frozenset[str] | None, *, today: date) -> int:
    """How many results are past their day."""
    return undelivered_on(Place(tenants=tenants), today=today).count()


@dataclass(frozen=True)
class TenantFigures:
    """A tenant's decided cases; `code` "" is all of them together. Shares are None where nothing counts for them."""

    code: str
    decided: int
    delivered: int
    one_visit: int
    limited: int
    early: int
    days: int

    @property
    def one_visit_share(self) -> float | None:
        """Of those handed out, how many percent needed one visit at most (一次办成)."""
        return _share(self.one_visit, self.delivered)

    @property
    def early_share(self) -> float | None:
        """Of those with a limit in days, how many percent were decided before the promised one."""
        return _share(self.early, self.limited)

    @property
    def average_days(self) -> float | None:
        """Working days from acceptance to decision."""
        return round(self.days / self.decided, 1) if self.decided else None


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def figures_by_tenant(*, since: date, until: date) -> tuple[TenantFigures, list[TenantFigures]]:
    """What was decided on these days: all of it, and by tenant, those with the most cases first."""
    rows: Any = CaseFigure.objects.filter(decided_on__gte=since, decided_on__lte=until).values("tenant_code").annotate(
        decided=Count("pk"), delivered=Count("pk", filter=Q(delivered_on__isnull=False)),
        one_visit=Count("pk", filter=Q(one_visit=True)), limited=Count("days_early"),
        early=Count("pk", filter=Q(days_early__gt=0)), days=Sum("days_used"),
    )  # fmt: skip
    by_tenant = [TenantFigures(code=row.pop("tenant_code"), **row) for row in rows]
    names = ("decided", "delivered", "one_visit", "limited", "early", "days")
    total = TenantFigures(code="", **{name: sum(getattr(row, name) for row in by_tenant) for name in names})
    return total, sorted(by_tenant, key=lambda row: (-row.decided, row.code))
