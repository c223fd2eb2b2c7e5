"""Reading staff: who may act here, and as what. A post with days counts on these days in China, nowhere longer."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from ..journal.clock import today
from .actors import Actor
from .models import Membership, User


def memberships_at(*, tenant_code: str, service_point: str) -> Q:
    """Memberships that count at a service point: its own, its tenant's, the county's."""
    return (
        Q(tenant_code="", service_point="")
        | Q(tenant_code=tenant_code, service_point="")
        | Q(service_point=service_point, tenant_code=tenant_code)
    )


def memberships_on(on: date | None = None) -> Q:
    """Memberships that count on this day, today where none is named."""
    day = on or today()
    return (Q(since=None) | Q(since__lte=day)) & (Q(until=None) | Q(until__gte=day))


def actor_at(user: User, *, tenant_code: str, service_point: str, on: date | None = None) -> Actor:
    """The person with the roles and departments they have at this place that day (none: they may not act here)."""
    return actor_of(user, user.memberships.filter(memberships_at(tenant_code=tenant_code, service_point=service_point)),
                    on=on)  # fmt: skip


def actor_anywhere(user: User, *, on: date | None = None) -> Actor:
    """The person with every role they have anywhere: for county pages, which check the place themselves."""
    return actor_of(user, user.memberships.all(), on=on)


def actor_of(user: User, rows: QuerySet[Membership], *, on: date | None = None) -> Actor:
    """The person with those of these memberships that count that day."""
    posts = frozenset(rows.filter(memberships_on(on)).values_list("role", "department", "instead_of"))
    return Actor(
        code=user.code,
        name=user.name,
        roles=frozenset(role for role, _, _ in posts),
        departments=frozenset(department for _, department, _ in posts if department),
        posts=posts,
    )


def staff_names(codes: set[str]) -> dict[str, str]:
    """Names by staff code; the code itself where the account is not known here."""
    return {code: code for code in codes} | dict(User.objects.filter(code__in=codes).values_list("code", "name"))
