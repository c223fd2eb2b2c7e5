"""A published calendar reaches every tenant: open cases and the departments' inbox are due by it, without a command."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django_tenants.utils import tenant_context
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from core.county.publishing.services import draft_put, draft_remove, release_publish
from core.county.workqueue.models import Task
from core.domain.cases.deadlines import WorkCalendar
from core.domain.cases.models import Case
from core.domain.catalogue.documents import CalendarYear, Record, RecordKey
from tenants.connection import connection
from tenants.models import Tenant
from tests.core import offices, publishing
from tests.core.offices import village_case
from tests.domain import build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def county(tenant: Tenant, settings, tmp_path: Path) -> Tenant:
    """The departments' catalogue is published here as release 1; its jobs are done."""
    settings.VAR_DIR = tmp_path
    connection.set_schema_to_public()
    draft_put(drafted(), by="admin1")
    release_publish(by="admin1", note="初版")
    worked()
    return tenant


def drafted() -> list[Record]:
    # What lies above the county, so that the draft has no error.
    return [publishing.PROVINCE, publishing.CITY, *offices.records()]


def worked() -> None:
    """Every job that waits is done."""
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        working.run_worker(
            queues=["catalogue"], concurrency=1, wait=False, listen_notify=False, install_signal_handlers=False
        )
    connection.set_schema_to_public()


def jobs() -> list[tuple[str, dict[str, object], str]]:
    found = ProcrastinateJob.objects.filter(queue_name="catalogue").order_by("id")
    return list(found.values_list("task_name", "args", "status"))


def week_off(day: date) -> CalendarYear:
    """The next three weekdays of the year are off."""
    days: list[date] = []
    while len(days) < 3:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    assert len({one.year for one in days}) == 1
    return CalendarYear(year=days[0].year, days_off=tuple(days), make_up_days=())


def test_a_calendar_with_more_days_off_moves_cases_and_inbox_of_the_tenant(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch)
    before = Task.objects.get()
    year = week_off(before.opened_on)
    draft_put([year], by="admin1")
    release_publish(by="admin1", note="放假三天")
    assert jobs()[-1] == ("publishing.refresh_dues", {"tenant_schema": county.schema_name}, "todo")
    worked()
    assert jobs()[-1][2] == "succeeded"
    calendar = WorkCalendar(days_off=frozenset(year.days_off))
    after = Task.objects.get()
    assert before.promised_due == WorkCalendar().working_day_after(before.opened_on, 10)
    assert after.promised_due == calendar.working_day_after(before.opened_on, 10)
    assert after.legal_due == calendar.working_day_after(before.opened_on, 20)
    with tenant_context(county):
        assert Case.objects.get().promised_due == after.promised_due


def test_a_case_that_only_waits_for_its_answer_is_due_by_the_new_calendar_too(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch, build.PERMIT)
    before = Task.objects.get()
    year = week_off(before.opened_on)
    draft_put([year], by="admin1")
    release_publish(by="admin1", note="放假三天")
    worked()
    expected = WorkCalendar(days_off=frozenset(year.days_off)).working_day_after(before.opened_on, 5)
    assert Task.objects.get().due == expected > before.due


def test_a_year_that_leaves_the_draft_is_counted_by_weekday_again(county, settings, monkeypatch):
    village_case(county, settings, monkeypatch)
    before = Task.objects.get()
    year = week_off(before.opened_on)
    draft_put([year], by="admin1")
    release_publish(by="admin1", note="放假三天")
    worked()
    draft_remove([RecordKey("calendar", year.key)])
    release_publish(by="admin1", note="撤下")
    worked()
    assert Task.objects.get().promised_due == before.promised_due


def test_a_release_that_leaves_the_calendar_alone_makes_no_job(county):
    known = len(jobs())
    draft_put([build.item("ITEM-NEW", "失业登记", "promised", version=0)], by="admin1")
    release_publish(by="admin1", note="新事项")
    assert len(jobs()) == known == 1
