"""Reading staff: who may act here, and as what."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from .actors import Actor
from .models import Membership, User


def memberships_at(*, tenant_code: str, service_point: str) -> Q:
    """Memberships that count at a service point: its own, its tenant's, the county's."""
    return (
        Q(tenant_code="", service_point="")
        | Q(tenant_code=tenant_code, service_point="")
        | Q(service_point=service_point, tenant_code=tenant_code)
    )


def actor_at(user: User, *, tenant_code: str, service_point: str) -> Actor:
    """The person with the roles and departments they have at this place (none: they may not act here)."""
    rows = user.memberships.filter(memberships_at(tenant_code=tenant_code, service_point=service_point))
    return _actor(user, rows)


def actor_anywhere(user: User) -> Actor:
    """The person with every role they have anywhere: for county pages, which check the place themselves."""
    return _actor(user, user.memberships.all())


def _actor(user: User, rows: QuerySet[Membership]) -> Actor:
    pairs = list(rows.values_list("role", "department"))
    return Actor(
        code=user.code,
        name=user.name,
        roles=frozenset(role for role, _ in pairs),
        departments=frozenset(department for _, department in pairs if department),
    )


def staff_names(codes: set[str]) -> dict[str, str]:
    """Names by staff code; the code itself where the account is not known here."""
    return {code: code for code in codes} | dict(User.objects.filter(code__in=codes).values_list("code", "name"))


def staff_of_point(*, tenant_code: str, service_point: str) -> list[User]:
    """Active accounts that may act at this service point, each once."""
    place = Membership.objects.filter(memberships_at(tenant_code=tenant_code, service_point=service_point))
    return list(User.objects.filter(is_active=True, pk__in=place.values("user")).order_by("code"))
