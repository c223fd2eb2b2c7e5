"""Reading the index of troubles: who watches over which tenants, and what is open there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from core.domain.staff.actors import Actor
from core.domain.staff.models import Membership
from core.domain.staff.selectors import memberships_on

from .models import Trouble, TroubleKind

#: They look after machines in the whole county, as on the pages of the fleet.
COUNTY_WIDE = ("county_admin", "operator")
WATCHERS = (*COUNTY_WIDE, "supervisor")
OPEN = Q(resolved_at=None)


@dataclass(frozen=True)
class Watch:
    """What a person watches over: `tenants` None is the whole county. `inside`: they may look at cases there."""

    tenants: frozenset[str] | None
    inside: frozenset[str] | None

    def query(self) -> Q:
        return Q() if self.tenants is None else Q(tenant_code__in=self.tenants)

    def covers(self, tenant_code: str) -> bool:
        return self.tenants is None or tenant_code in self.tenants

    def enters(self, tenant_code: str) -> bool:
        return self.inside is None or tenant_code in self.inside


def watch_of(actor: Actor) -> Watch | None:
    """The person's watch by their posts; None for those who watch over nothing (a department's supervisor)."""
    supervised: frozenset[str] = frozenset()
    if actor.has("supervisor"):
        supervised = frozenset(_supervised(actor).values_list("tenant_code", flat=True))
    inside = None if actor.has("county_admin") or "" in supervised else supervised
    if actor.has(*COUNTY_WIDE) or inside is None:
        return Watch(tenants=None, inside=inside)
    return Watch(tenants=supervised, inside=supervised) if supervised else None


def _supervised(actor: Actor) -> QuerySet[Membership]:
    # A supervisor of one department watches its cases in the inbox, not what machines do.
    return Membership.objects.filter(
        memberships_on(), user__code=actor.code, role="supervisor", department="", service_point=""
    )


def troubles_open(watch: Watch, kind: str = "", *, tenant_code: str = "", node: str = "") -> QuerySet[Trouble]:
    """What is open in the tenants watched over, oldest first."""
    found = Trouble.objects.filter(OPEN, watch.query())
    if kind:
        found = found.filter(kind=kind)
    if tenant_code:
        found = found.filter(tenant_code=tenant_code)
    if node:
        found = found.filter(node=node)
    return found.order_by("since", "id")


def troubles_settled(watch: Watch, *, tenant_code: str = "", node: str = "") -> QuerySet[Trouble]:
    """What is over, the last first."""
    found = Trouble.objects.filter(watch.query(), resolved_at__isnull=False)
    if tenant_code:
        found = found.filter(tenant_code=tenant_code)
    if node:
        found = found.filter(node=node)
    return found.order_by("-resolved_at", "-id")


def troubles_count(watch: Watch, *, tenant_code: str = "", node: str = "") -> dict[str, int]:
    """How many are open, by kind; every kind is there."""
    found = troubles_open(watch, tenant_code=tenant_code, node=node).order_by()
    counts = dict(found.values_list("kind").annotate(Count("id")))
    return {str(kind): counts.get(kind, 0) for kind in TroubleKind.values}


def troubles_of_nodes(nodes: Iterable[str]) -> dict[str, int]:
    """How many are open at each of these nodes; those without any are left out."""
    found = Trouble.objects.filter(OPEN, node__in=list(nodes))
    return dict(found.values_list("node").annotate(Count("id")))


def troubles_badge(actor: Actor) -> int:
    """How many troubles wait for this person: the number beside the page's name in the navigation."""
    watch = watch_of(actor)
    return troubles_open(watch).count() if watch else 0
