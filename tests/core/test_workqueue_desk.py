"""What lies on whose desk, in which order and light."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.county.workqueue.models import Task
from core.county.workqueue.selectors import Filters, desk_of, items_on, light_of, lights_count, tasks_page
from core.county.workqueue.services import AssigneeUnfit, task_assign
from core.domain.staff.services import membership_grant
from tests.core.offices import CIVIL, HEALTH, officer

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
TOWN, OTHER = "430321100000", "430321101000"


def task(days: int, *, department: str = CIVIL, tenant: str = TOWN, power: str = "review", item: str = "A") -> Task:
    due = TODAY + timedelta(days=days)
    return Task.objects.create(
        tenant_code=tenant, case_id=uuid4(), number="1", item_code=item, item_name=item, department=department,
        power=power, status="accepted", service_point=f"{tenant}-01", opened_on=TODAY, due=due,
        amber_on=due - timedelta(days=2), updated_at=1,
    )  # fmt: skip


def test_an_officer_sees_the_department_in_every_tenant_those_due_first_first():
    late, soon, far = task(-1, tenant=OTHER), task(1), task(9)
    task(0, department=HEALTH)
    task(0, department="", power="deliver")
    page = tasks_page(desk_of(officer("rev1", "reviewer", CIVIL)), Filters(), today=TODAY)
    assert [one.pk for one in page.tasks] == [late.pk, soon.pk, far.pk]
    assert [light_of(one, TODAY) for one in page.tasks] == ["red", "amber", "green"]
    assert page.following is None


def test_a_post_for_one_tenant_shows_that_tenant_only():
    task(1)
    there = task(2, tenant=OTHER)
    desk = desk_of(officer("rev1", "reviewer", CIVIL, tenant_code=OTHER))
    assert [one.pk for one in tasks_page(desk, Filters(), today=TODAY).tasks] == [there.pk]


def test_a_person_of_two_departments_has_both_on_one_desk():
    rows = [task(2, department=HEALTH), task(3), task(4, department=HEALTH, tenant=OTHER)]
    user = officer("rev1", "reviewer", CIVIL)
    membership_grant(user_code="rev1", role="approver", department=HEALTH, tenant_code=TOWN)
    page = tasks_page(desk_of(user), Filters(), today=TODAY)
    assert [one.pk for one in page.tasks] == [rows[0].pk, rows[1].pk]


def test_a_supervisor_sees_all_departments_and_a_clerk_or_an_administrator_none():
    task(1), task(2, department=HEALTH, tenant=OTHER)
    desks = [desk_of(officer(role, role)) for role in ("supervisor", "county_admin", "clerk", "reviewer")]
    assert [len(tasks_page(desk, Filters(), today=TODAY).tasks) for desk in desks] == [2, 0, 0, 0]
    assert desk_of(officer("sup2", "supervisor", tenant_code=OTHER)).covers(TOWN, frozenset({HEALTH})) is False


def test_pages_follow_each_other_without_gap_or_repetition():
    rows = [task(day // 3) for day in range(10)]
    desk = desk_of(officer("rev1", "reviewer", CIVIL))
    seen, after = [], None
    for _ in range(4):
        page = tasks_page(desk, Filters(), today=TODAY, after=after, size=3)
        seen += [one.pk for one in page.tasks]
        after = page.following
    assert seen == [one.pk for one in rows]
    assert after is None


def test_the_lights_are_counted_as_they_are_shown_and_what_waits_is_in_none():
    task(-3), task(-1), task(0), task(2), task(3), task(-9, power="wait")
    desk = desk_of(officer("rev1", "reviewer", CIVIL))
    assert lights_count(desk, today=TODAY) == {"red": 2, "amber": 2, "green": 1}
    for light, count in (("red", 2), ("amber", 2), ("green", 1)):
        page = tasks_page(desk, Filters(light=light), today=TODAY)
        assert [light_of(one, TODAY) for one in page.tasks] == [light] * count


def test_filters_narrow_the_desk():
    task(1), task(2, item="B"), task(3, power="decide"), task(4, tenant=OTHER), task(5, power="wait")
    Task.objects.filter(item_code="B").update(assignee="rev1")
    desk = desk_of(officer("rev1", "reviewer", CIVIL))

    def count(**filters: Any) -> int:
        return len(tasks_page(desk, Filters(**filters), today=TODAY).tasks)

    assert [count(), count(power="decide"), count(power="wait"), count(item_code="B")] == [4, 1, 1, 1]
    assert [count(tenant_code=OTHER), count(who="mine"), count(who="unassigned")] == [1, 1, 3]
    assert count(department=HEALTH) == 0


def test_the_items_to_filter_by_are_those_on_the_desk_each_once():
    for code in ("B", "A", "B", "C"):
        task(1, item=code)
    task(2, item="D", department=HEALTH), task(3, item="A", department=HEALTH, tenant=OTHER)
    civil, health = officer("rev1", "reviewer", CIVIL), officer("doc1", "reviewer", HEALTH)
    local, supervisor = officer("rev2", "reviewer", HEALTH, tenant_code=OTHER), officer("sup1", "supervisor")
    assert [[code for code, _ in items_on(desk_of(user))] for user in (civil, health, local, supervisor)] == [
        ["A", "B", "C"], ["A", "D"], ["A"], ["A", "B", "C", "D"],
    ]  # fmt: skip
    assert items_on(desk_of(officer("adm1", "county_admin"))) == []


def test_tasks_are_given_to_somebody_of_their_department_only():
    mine, foreign = task(1), task(1, department=HEALTH)
    desk = desk_of(officer("rev1", "reviewer", CIVIL))
    officer("rev2", "reviewer", CIVIL)
    officer("doc1", "reviewer", HEALTH)
    assert task_assign(desk=desk, task_ids=[mine.pk, foreign.pk], assignee="rev2") == 1
    with pytest.raises(AssigneeUnfit):
        task_assign(desk=desk, task_ids=[mine.pk], assignee="doc1")
    assert list(Task.objects.order_by("pk").values_list("assignee", flat=True)) == ["rev2", ""]
    assert task_assign(desk=desk, task_ids=[mine.pk], assignee="") == 1
    assert not Task.objects.exclude(assignee="").exists()


def test_the_first_page_walks_the_index_of_departments(django_assert_num_queries):
    task(1)
    desk = desk_of(officer("rev1", "reviewer", CIVIL))
    with django_assert_num_queries(1):
        tasks_page(desk, Filters(), today=TODAY)
