"""Another calendar in force: what is open is due on other days, at once and without anything being journalled."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from core.domain.cases import models, redue, services, walking
from core.domain.cases.deadlines import WorkCalendar
from core.domain.catalogue.documents import CalendarYear, Record
from core.domain.catalogue.services import ReleaseMismatch, release_apply
from core.domain.journal.models import Entry
from tests.domain import build
from tests.domain.build import AGENT, application

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_on_a_node(settings):
    settings.CALENDAR_OBSERVERS = ["core.domain.cases.redue.cases_due_refresh"]
    settings.CASE_OBSERVERS = []


def with_calendar(*years: CalendarYear) -> list[Record]:
    return [*(one for one in build.records() if not isinstance(one, CalendarYear)), *years]


def holidays(opened_on: date) -> list[CalendarYear]:
    """The next three weekdays are off."""
    days: list[date] = []
    day = opened_on
    while len(days) < 3:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    return [
        CalendarYear(year=year, days_off=tuple(one for one in days if one.year == year), make_up_days=())
        for year in sorted({one.year for one in days})
    ]


def rows():
    return list(models.Case.objects.order_by("pk").values())


def test_a_release_with_more_days_off_moves_the_due_days_of_open_cases(catalogue):
    state = services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    before = models.Case.objects.get()
    plain = WorkCalendar()
    assert before.promised_due == plain.working_day_after(before.opened_on, 10)
    entries = Entry.objects.count()
    years = holidays(before.opened_on)
    release_apply(build.release(2, with_calendar(*years)))
    after = models.Case.objects.get()
    off = frozenset(day for year in years for day in year.days_off)
    assert after.promised_due == WorkCalendar(days_off=off).working_day_after(before.opened_on, 10)
    assert after.promised_due != before.promised_due
    assert after.legal_due == WorkCalendar(days_off=off).working_day_after(before.opened_on, 20)
    assert (bytes(after.state_hash), after.rev) == (bytes(before.state_hash), state.rev)
    assert Entry.objects.count() == entries


def test_a_calendar_that_is_taken_out_moves_them_back(catalogue):
    services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    before = models.Case.objects.get()
    release_apply(build.release(2, with_calendar(*holidays(before.opened_on))))
    moved = models.Case.objects.get()
    assert moved.promised_due != before.promised_due
    release_apply(build.release(3, with_calendar()))
    assert models.Case.objects.get().promised_due == before.promised_due


def test_a_release_with_the_same_calendar_touches_no_case(catalogue, settings):
    settings.CALENDAR_OBSERVERS = ["tests.domain.test_cases_redue.nobody_calls_this"]
    services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    before = rows()
    more = build.item("ITEM-NEW", "失业登记", "promised")
    release_apply(build.release(2, [*build.records(), more]))
    assert rows() == before


def nobody_calls_this() -> None:
    raise AssertionError("the calendar did not change")


def test_a_release_that_does_not_fit_leaves_the_due_days(catalogue):
    services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    before = rows()
    body = build.release(2, with_calendar(*holidays(models.Case.objects.get().opened_on)))
    with pytest.raises(ReleaseMismatch):
        release_apply(replace(body, state_sha256=bytes(32)))
    assert rows() == before


def test_a_closed_case_keeps_the_due_days_it_was_closed_with(catalogue):
    services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    models.Case.objects.update(is_open=False)
    before = rows()
    release_apply(build.release(2, with_calendar(*holidays(models.Case.objects.get().opened_on))))
    assert rows() == before


def test_the_statements_do_not_grow_with_the_cases(catalogue):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            redue.cases_due_refresh()
        return len(queries)

    services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    one = statements()
    for _ in range(4):
        services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    assert redue.cases_due_refresh() == 5
    assert statements() == one


def test_batches_reach_every_open_case_once(catalogue, monkeypatch):
    monkeypatch.setattr(walking, "BATCH", 2)
    for _ in range(5):
        services.case_submit(application=application(build.ALLOWANCE), actor=AGENT)
    models.Case.objects.update(promised_due=None)
    assert redue.cases_due_refresh() == 5
    assert not models.Case.objects.filter(promised_due=None).exists()
