"""Working-day calendars as the State Council publishes them, taken from the package chinesecalendar."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version

from chinese_calendar.constants import holidays, workdays

from core.domain.catalogue.documents import CalendarYear

SATURDAY = 6


def calendar_year(year: int) -> CalendarYear | None:
    """The calendar of `year`, or None as long as it is not published (the notice comes in the November before).

    `days_off` are Mondays to Fridays that are not worked, `make_up_days` weekend days that are, both in order.
    """
    # Every published year has the National Day; a neighbour's notice can reach over New Year, but never to October.
    if date(year, 10, 1) not in holidays:
        return None
    return CalendarYear(
        year=year,
        days_off=tuple(sorted(day for day in holidays if day.year == year and day.isoweekday() < SATURDAY)),
        make_up_days=tuple(sorted(day for day in workdays if day.year == year and day.isoweekday() >= SATURDAY)),
        source=f"chinesecalendar {version('chinesecalendar')}",
    )
