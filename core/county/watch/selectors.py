"""The county's service points with the state of their machines; the number of questions does not grow with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Q

from core.county.registry.models import Node
from core.county.workqueue.models import Trouble, TroubleKind
from core.domain.cases.deadlines import WorkCalendar
from core.domain.cases.writing import work_calendar
from core.domain.journal import clock
from core.domain.journal.place import CORE
from tenants.models import ServicePoint, Tenant
from tenants.place import HALL_WINDOW

from .across import across_tenants
from .limits import DUE_SOON_DAYS, Limits
from .states import BY_URGENCY, NEVER, NodeFigures, contact_of, state_of
from .waiting import waiting_of

URGENCY = {state: place for place, state in enumerate(BY_URGENCY)}


@dataclass(frozen=True)
class PointState:
    """One service point: where, how its machine is, and since when nothing was heard. `waiting_cases` never arrived;
    `heard_at` None: never. `node` says whether it has a machine."""

    code: str
    name: str
    tenant: str
    level: str
    state: str
    figures: NodeFigures
    heard_at: datetime | None
    waiting_cases: int = 0
    version: str = ""
    release: int | None = None
    position: tuple[float, float] | None = None

    @property
    def order(self) -> tuple[int, int, str]:
        """The worst first, within a state those with most at stake."""
        return URGENCY[self.state], -self.figures.due_soon, self.code


class _Machine(NamedTuple):
    """What is read of a node: making 5,000 whole records of the ORM takes longer than all the rest."""

    node_id: str
    tenant_code: str
    epoch: int
    revoked_at: datetime | None
    last_seen: datetime | None
    status: dict[str, Any] | None


class _Place(NamedTuple):
    """What is read of a service point."""

    code: str
    name: str
    tenant_code: str
    level: str
    longitude: Decimal | None
    latitude: Decimal | None


@dataclass(frozen=True)
class _Known:
    """What all rows are judged by."""

    at: datetime
    until: date
    limits: Limits
    held: dict[str, int]
    applied: dict[tuple[str, int], int]


def limits_now() -> Limits:
    return Limits(
        stale_s=settings.NODE_STALE_SECONDS, silent_s=settings.NODE_SILENT_SECONDS,
        waiting_s=settings.NODE_WAITING_SECONDS,
    )  # fmt: skip


def due_soon_until(calendar: WorkCalendar | None = None, *, today: date | None = None) -> date:
    """The last day that is soon: so many working days after today, by the county's calendar."""
    return (calendar or work_calendar()).working_day_after(today or clock.today(), DUE_SOON_DAYS)


def point_states(
    *, at: datetime, tenants: Collection[str] | None = None, codes: Collection[str] | None = None
) -> list[PointState]:
    """Every service point where a machine may stand (in these tenants, with these codes), by code."""
    chosen = _chosen(tenants, codes)
    points = ServicePoint.objects.filter(chosen, active=True).exclude(code__endswith=f"-{HALL_WINDOW}").order_by("code")
    places = [_Place(*row) for row in points.values_list(*_Place._fields)]
    wanted = Q() if tenants is None else Q(tenant_code__in=list(tenants))
    if codes is not None:
        wanted &= Q(node_id__in=list(codes))
    nodes = {node.node_id: node for node in _nodes(wanted)}
    known = _known(nodes.values(), at)
    return [_state(point, nodes.get(point.code), known) for point in places]


def states_count(points: Iterable[PointState]) -> Counter[str]:
    return Counter(point.state for point in points)


def tenant_names() -> dict[str, str]:
    return dict(Tenant.objects.order_by("code").values_list("code", "name"))


def _chosen(tenants: Collection[str] | None, codes: Collection[str] | None) -> Q:
    chosen = Q() if tenants is None else Q(tenant_code__in=list(tenants))
    return chosen if codes is None else chosen & Q(code__in=list(codes))


def _nodes(wanted: Q) -> list[_Machine]:
    return [_Machine(*row) for row in Node.objects.filter(wanted).values_list(*_Machine._fields)]


def _known(nodes: Iterable[_Machine], at: datetime) -> _Known:
    held = Trouble.objects.filter(kind=TroubleKind.HELD, resolved_at=None).values_list("node").annotate(Count("id"))
    # Only what still waits by its own word may have arrived since: the others' streams are not asked for.
    waiting = [node for node in nodes if (node.status or {}).get("waiting_cases")]
    return _Known(at=at, until=due_soon_until(), limits=limits_now(), held=dict(held), applied=_applied(waiting))


def _applied(nodes: Collection[_Machine]) -> dict[tuple[str, int], int]:
    """How far the core is in these machines' streams, by node and epoch."""
    if not nodes:
        return {}
    rows = across_tenants(
        "SELECT author, epoch, last_seq FROM {schema}.journal_cursor WHERE audience = %s AND author = ANY(%s)",
        [CORE, [node.node_id for node in nodes]], tenants={node.tenant_code for node in nodes},
    )  # fmt: skip
    return {(author, epoch): last for _tenant, author, epoch, last in rows}


def _state(point: _Place, node: _Machine | None, known: _Known) -> PointState:
    status: dict[str, Any] = (node.status if node else None) or {}
    figures, waiting_cases = _figures(node, status, known)
    position = (float(point.longitude), float(point.latitude)) if point.longitude and point.latitude else None
    return PointState(
        code=point.code, name=point.name, tenant=point.tenant_code, level=point.level, figures=figures,
        state=state_of(figures, known.limits), heard_at=node.last_seen if node else None,
        waiting_cases=waiting_cases, version=str(status.get("version", "")), release=status.get("release"),
        position=position,
    )  # fmt: skip


def _figures(node: _Machine | None, status: dict[str, Any], known: _Known) -> tuple[NodeFigures, int]:
    """The figures the state is judged by, and how many cases wait there that never reached the county."""
    if node is None:
        return NodeFigures(enrolled=False, quiet_s=None), 0
    quiet = None if node.last_seen is None else max(0, int((known.at - node.last_seen).total_seconds()))
    applied = known.applied.get((node.node_id, node.epoch), 0)
    waiting = waiting_of(status, applied=applied, soon=known.until, since_s=quiet or 0)
    figures = NodeFigures(
        revoked=node.revoked_at is not None, quiet_s=quiet, due_soon=waiting.due_soon or 0,
        held=known.held.get(node.node_id, 0) + len(status.get("held") or ()), waits_s=int(waiting.oldest_s or 0),
    )  # fmt: skip
    return figures, waiting.cases or 0


def contact_state(point: PointState) -> str:
    """How long ago the point's machine was heard of."""
    return contact_of(point.figures.quiet_s, limits_now()) if point.figures.enrolled else NEVER
