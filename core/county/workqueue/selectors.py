"""Reading the work queue: what lies on a person's desk, what is due first, how many of each light."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from core.domain.cases.deadlines import AMBER, GREEN, RED
from core.domain.cases.lifecycle import SUSPENDED
from core.domain.cases.state import CaseState
from core.domain.catalogue.models import Item
from core.domain.journal.bodies import ClockStopped
from core.domain.journal.format import entry_decode
from core.domain.journal.models import Entry
from core.domain.journal.rows import rows_with
from core.domain.staff.models import Membership, User
from core.domain.staff.selectors import memberships_on

from .models import CaseAccess, Task

OFFICER_ROLES = ("reviewer", "approver", "supervisor")
PAGE_SIZE = 50
NOWHERE = Q(pk__in=[])
MINE, UNASSIGNED = "mine", "unassigned"


@dataclass(frozen=True)
class Scope:
    """Where a post counts: "" as tenant is the whole county, "" as department every department (supervision)."""

    tenant_code: str
    department: str

    def query(self) -> Q:
        query = Q(department=self.department) if self.department else Q()
        return query & Q(tenant_code=self.tenant_code) if self.tenant_code else query

    def covers(self, tenant_code: str, departments: frozenset[str]) -> bool:
        return self.tenant_code in ("", tenant_code) and (not self.department or self.department in departments)


@dataclass(frozen=True)
class Desk:
    """What a person's posts in the county's departments let them see, whatever they may then do with it."""

    staff_code: str
    scopes: tuple[Scope, ...] = ()

    @property
    def departments(self) -> tuple[str, ...]:
        return tuple(sorted({scope.department for scope in self.scopes if scope.department}))

    @property
    def supervises(self) -> bool:
        return any(not scope.department for scope in self.scopes)

    def query(self) -> Q:
        """The tasks on this desk; none for a desk without posts."""
        everywhere = sorted({scope.department for scope in self.scopes if not scope.tenant_code})
        if "" in everywhere:
            return Q()
        parts = [scope.query() for scope in self.scopes if scope.tenant_code]
        if everywhere:
            parts.append(Q(department__in=everywhere))
        return reduce(or_, parts, NOWHERE)

    def covers(self, tenant_code: str, departments: frozenset[str]) -> bool:
        """Whether a case of this tenant, which concerns these departments, may be looked at."""
        return any(scope.covers(tenant_code, departments) for scope in self.scopes)

    def officiates(self, tenant_code: str, departments: frozenset[str]) -> bool:
        """Whether the person stands in one of the departments, rather than watching over them."""
        return any(scope.department and scope.covers(tenant_code, departments) for scope in self.scopes)


def desk_of(user: User, *, on: date | None = None) -> Desk:
    """The person's desk that day: posts in departments, and supervision of tenants or of the county."""
    # A post at one service point is a counter's, not the back office's.
    rows = user.memberships.filter(memberships_on(on), service_point="", role__in=OFFICER_ROLES)
    rows = rows.filter(~Q(department="") | Q(role="supervisor"))
    scopes = {Scope(tenant, department) for tenant, department in rows.values_list("tenant_code", "department")}
    return Desk(staff_code=user.code, scopes=tuple(sorted(scopes, key=lambda one: (one.department, one.tenant_code))))


@dataclass(frozen=True)
class Filters:
    """What of a desk is wanted; "" leaves a part open. `who`: "", MINE, UNASSIGNED. `light`: red, amber, green.
    `urged`: those with an urging nobody has answered, whoever's turn it is."""

    power: str = ""
    light: str = ""
    item_code: str = ""
    tenant_code: str = ""
    department: str = ""
    who: str = ""
    urged: bool = False


@dataclass(frozen=True)
class Key:
    """A place in the queue's order: tasks after it are due later, or were queued later; among those that are urged,
    the ones that are supervised come first."""

    due: date
    task_id: int
    urged: int = 0


@dataclass(frozen=True)
class Page:
    """A page of tasks, those due first first; `following` is where the next one begins (None: this is the last)."""

    tasks: Sequence[Task] = field(default_factory=tuple)
    following: Key | None = None


def light_of(task: Task, today: date) -> str:
    """RED after the due day, AMBER from `amber_on`, else GREEN."""
    if today > task.due:
        return RED
    return AMBER if today >= task.amber_on else GREEN


def _light_query(light: str, today: date) -> Q:
    if light == RED:
        return Q(due__lt=today)
    return Q(due__gte=today, amber_on__lte=today) if light == AMBER else Q(due__gte=today, amber_on__gt=today)


def tasks_on(desk: Desk, filters: Filters, *, today: date) -> QuerySet[Task]:
    """The desk's tasks that pass the filters; those that wait for others only where they, or urged ones, are asked
    for."""
    tasks = Task.objects.filter(desk.query())
    # Written as the partial indexes have it.
    if filters.urged:
        tasks = tasks.filter(_begun(today), urged__gt=0)
    elif filters.power != "wait":
        tasks = tasks.filter(_begun(today), ~Q(power="wait"))
    if filters.power:
        tasks = tasks.filter(power=filters.power)
    if filters.light:
        tasks = tasks.filter(_light_query(filters.light, today))
    if filters.item_code:
        tasks = tasks.filter(item_code=filters.item_code)
    if filters.tenant_code:
        tasks = tasks.filter(tenant_code=filters.tenant_code)
    if filters.department:
        tasks = tasks.filter(department=filters.department)
    if filters.who == MINE:
        # The second condition is what the partial index of assignees asks for.
        tasks = tasks.filter(~Q(assignee=""), assignee=desk.staff_code)
    return tasks.filter(assignee="") if filters.who == UNASSIGNED else tasks


def _begun(today: date) -> Q:
    """Steps that are to be done already: a day of theirs may have to go by first."""
    return Q(from_on=None) | Q(from_on__lte=today)


def tasks_page(
    desk: Desk, filters: Filters, *, today: date, after: Key | None = None, size: int = PAGE_SIZE
) -> Page:  # fmt: skip
    """One page of the inbox, found by walking an index from where the last page ended; of urged tasks those that are
    supervised first."""
    tasks = tasks_on(desk, filters, today=today)
    if after is not None:
        later = Q(due__gte=after.due) & ~Q(due=after.due, pk__lte=after.task_id)
        tasks = tasks.filter(Q(urged__lt=after.urged) | Q(urged=after.urged) & later if filters.urged else later)
    order = ("-urged", "due", "pk") if filters.urged else ("due", "pk")
    # The keys first, from the index alone: rows that are passed over are not fetched.
    keys = tasks.order_by(*order).values("pk")[: size + 1]
    rows = list(Task.objects.filter(pk__in=keys).order_by(*order))
    last = rows[size - 1] if len(rows) > size else None
    return Page(tasks=rows[:size], following=Key(last.due, last.pk, last.urged) if last else None)


def urged_count(desk: Desk, *, today: date) -> int:
    """How many of the desk's tasks have an urging nobody has answered."""
    return tasks_on(desk, Filters(urged=True), today=today).count()


def lights_count(desk: Desk, *, today: date) -> dict[str, int]:
    """How many of the desk's tasks have each light."""
    return lights_count_of(tasks_on(desk, Filters(), today=today), today=today)


def _lights(today: date) -> dict[str, Count]:
    # Not of keys: the index the lights are counted from does not hold them.
    return {light: Count("due", filter=_light_query(light, today)) for light in (RED, AMBER, GREEN)}


def lights_count_of(tasks: QuerySet[Task], *, today: date) -> dict[str, int]:
    return tasks.aggregate(**_lights(today))


def lights_count_county(*, today: date) -> dict[str, int]:
    """How many of the county's tasks, the halls' among them, have each light."""
    return lights_count_of(_to_do(today), today=today)


def _to_do(today: date) -> QuerySet[Task]:
    return Task.objects.filter(_begun(today), ~Q(power="wait"))


@dataclass(frozen=True)
class DepartmentCount:
    """How many tasks a department ("" for the halls) has, and how many of them have each light."""

    department: str
    red: int
    amber: int
    green: int

    @property
    def total(self) -> int:
        return self.red + self.amber + self.green


def departments_count(*, today: date) -> list[DepartmentCount]:
    """Every department with tasks, those with the most overdue first."""
    rows: Iterable[Any] = _to_do(today).values("department").annotate(**_lights(today))
    counts = [DepartmentCount(**row) for row in rows]
    return sorted(counts, key=lambda row: (-row.red, -row.amber, -row.green, row.department))


def items_on(desk: Desk) -> list[tuple[str, str]]:
    """(code, name) of the items on the desk, to filter by; names are the catalogue's of today."""
    everywhere = {scope.department for scope in desk.scopes if not scope.tenant_code}
    if desk.scopes and "" not in everywhere and all(not scope.tenant_code for scope in desk.scopes):
        codes = _item_codes(everywhere)
    else:
        # Codes alone stand in an index; the names would have every row read.
        codes = set(Task.objects.filter(desk.query()).values_list("item_code", flat=True).distinct())
    names = dict(Item.objects.filter(item_code__in=codes).values_list("item_code", "name"))
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda one: one[1])


def _item_codes(departments: Iterable[str]) -> set[str]:
    """The items these departments have tasks for: one step along the index an item, not one a task."""
    table = connection.ops.quote_name(Task._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found(department, item_code) AS (SELECT wanted,"
            f" (SELECT min(item_code) FROM {table} WHERE department = wanted) FROM unnest(%s::text[]) wanted"
            f" UNION ALL SELECT department, (SELECT min(item_code) FROM {table} task"
            "   WHERE task.department = found.department AND task.item_code > found.item_code)"
            " FROM found WHERE item_code IS NOT NULL"
            ") SELECT item_code FROM found WHERE item_code IS NOT NULL",
            [sorted(departments)],
        )
        return {code for (code,) in cursor.fetchall()}


def tasks_of_case(tenant_code: str, case_id: UUID, *, today: date) -> list[Task]:
    """What the case asks now, of whom."""
    tasks = Task.objects.filter(_begun(today), tenant_code=tenant_code, case_id=case_id)
    return list(tasks.order_by("department", "power"))


def expected_days_of(states: Sequence[CaseState]) -> dict[UUID, int]:
    """How many days the special procedure under way was expected to take, by case; read in the cases' tenant."""
    since = {state.id: state.stops[-1].from_at for state in states if state.status == SUSPENDED and state.stops}
    if not since:
        return {}
    rows = rows_with(Entry, "case_id", since).filter(kind="clock.stopped").values_list("wire", flat=True)
    entries = [entry_decode(bytes(wire)) for wire in rows]
    return {
        entry.case_id: entry.body.expected_days for entry in entries
        if entry.case_id and isinstance(entry.body, ClockStopped) and since[entry.case_id] == entry.at
    }  # fmt: skip


def task_next(desk: Desk, *, today: date, apart_from: UUID) -> Task | None:
    """What is due first on the desk besides the case at hand."""
    return (
        tasks_on(desk, Filters(), today=today).exclude(case_id=apart_from).order_by("due", "pk").first()
    )  # fmt: skip


def staff_assignable(*, tenant_code: str, department: str, on: date | None = None) -> list[User]:
    """Active officers with a post in the department that counts in the tenant that day, each once."""
    return staff_holding(("reviewer", "approver"), tenant_code=tenant_code, department=department, on=on)


def staff_holding(
    roles: Sequence[str], *, tenant_code: str, department: str, on: date | None = None
) -> list[User]:  # fmt: skip
    """Active staff with one of these roles in the department that day, in this tenant or the whole county, by name."""
    posts = Membership.objects.filter(
        memberships_on(on), role__in=roles, department=department, tenant_code__in=("", tenant_code), service_point=""
    )
    return list(User.objects.filter(is_active=True, pk__in=posts.values("user")).order_by("name", "code"))


def staff_on(desk: Desk) -> list[User]:
    """Whom tasks of this desk can be given to, by name."""
    posts = Membership.objects.filter(memberships_on(), role__in=("reviewer", "approver"), service_point="")
    posts = posts.exclude(department="")
    if not desk.supervises:
        posts = posts.filter(department__in=desk.departments)
    return list(User.objects.filter(is_active=True, pk__in=posts.values("user")).order_by("name", "code"))


def accesses_of_case(tenant_code: str, case_id: UUID) -> list[CaseAccess]:
    """Who entered the case from the county's console, the last first."""
    return list(CaseAccess.objects.filter(tenant_code=tenant_code, case_id=case_id).order_by("-at"))
