"""Reading who stands in for whom (替岗): for the rules of appointing, and for the staff pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django_tenants.utils import schema_context

from core.county.workqueue.models import Power, Task
from core.county.workqueue.selectors import staff_holding
from core.domain.cases.models import Case
from core.domain.cases.state import CaseState, state_decode
from core.domain.journal import clock
from core.domain.staff.models import Membership, Role, User
from tenants.models import schema_name_of

from .models import Substitution

#: They look after the platform, not after cases: whoever is to do it gets the role.
NOT_LENT = (Role.COUNTY_ADMIN.value, Role.OPERATOR.value)


def substitutions_now(*, on: date | None = None) -> QuerySet[Substitution]:
    """Substitutions that count that day (today), or begin later; the first to begin first."""
    return Substitution.objects.filter(ended_at=None, until__gte=on or clock.today()).order_by("since", "id")


def substitutions_of(code: str, *, on: date | None = None) -> tuple[list[Substitution], list[Substitution]]:
    """(who stands in for this person, whom this person stands in for), now and later."""
    rows = list(substitutions_now(on=on).filter(Q(away=code) | Q(substitute=code)))
    return [row for row in rows if row.away == code], [row for row in rows if row.substitute == code]


def away_today(codes: Iterable[str] | None = None, *, on: date | None = None) -> dict[str, list[Substitution]]:
    """Who is away that day (today), by staff code, with the substitutions that count then."""
    day = on or clock.today()
    rows = substitutions_now(on=day).filter(since__lte=day)
    if codes is not None:
        rows = rows.filter(away__in=list(codes))
    away: dict[str, list[Substitution]] = {}
    for row in rows:
        away.setdefault(row.away, []).append(row)
    return away


def posts_to_lend(user: User) -> list[Membership]:
    """The person's own posts another can be given for some days: not those they have in somebody's place."""
    posts = user.memberships.filter(instead_of="").exclude(role__in=NOT_LENT)
    return list(posts.order_by("tenant_code", "service_point", "role", "department"))


def cases_left_to_nobody(post: Membership, *, away: str, substitute: str, on: date) -> tuple[str, ...]:
    """Numbers of cases that wait for the decision of this approver's post, which the substitute reviewed and nobody
    else could decide on that day by the two-post rule 一审一核."""
    tasks = Task.objects.filter(power=Power.DECIDE, department=post.department)
    if post.tenant_code:
        tasks = tasks.filter(tenant_code=post.tenant_code)
    waiting: dict[str, list[UUID]] = {}
    for tenant_code, case_id in tasks.order_by("tenant_code").values_list("tenant_code", "case_id"):
        waiting.setdefault(tenant_code, []).append(case_id)
    numbers: list[str] = []
    for tenant_code, cases in waiting.items():
        people = staff_holding(("approver",), tenant_code=tenant_code, department=post.department, on=on)
        others = {person.code for person in people} - {away, substitute}
        with schema_context(schema_name_of(tenant_code)):
            states = Case.objects.filter(pk__in=cases).order_by("number").values_list("state", flat=True)
            found = [state_decode(bytes(state)) for state in states]
        numbers += [case.number for case in found if substitute in _reviewers(case) and not others - _reviewers(case)]
    return tuple(numbers)


def _reviewers(case: CaseState) -> set[str]:
    return {opinion.by for stage in case.stages for opinion in stage.opinions.values()}
