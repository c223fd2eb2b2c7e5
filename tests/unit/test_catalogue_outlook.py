"""The console says in time that a year's working days are not known yet, and until when limits are exact."""

from __future__ import annotations

from datetime import date

import pytest

from core.county.publishing.outlook import calendar_outlook

SUMMER, NOVEMBER, JANUARY = date(2026, 10, 31), date(2026, 11, 1), date(2027, 1, 4)


def test_with_both_years_in_force_nothing_is_missing() -> None:
    found = calendar_outlook(today=NOVEMBER, in_force=[2025, 2026, 2027], drafted=[])
    assert (found.missing, found.to_enter, found.known_until, found.urgent) == ((), (), date(2027, 12, 31), False)


@pytest.mark.parametrize(("today", "urgent"), [(SUMMER, False), (NOVEMBER, True)])
def test_next_year_is_missed_all_year_but_urged_from_november_on(today: date, urgent: bool) -> None:
    found = calendar_outlook(today=today, in_force=[2026], drafted=[2026])
    assert (found.missing, found.to_enter, found.known_until, found.urgent) == (
        (2027,), (2027,), date(2026, 12, 31), urgent
    )  # fmt: skip


def test_a_year_in_the_draft_only_waits_for_being_published() -> None:
    found = calendar_outlook(today=NOVEMBER, in_force=[2026], drafted=[2026, 2027])
    assert (found.missing, found.drafted, found.to_enter, found.urgent) == ((2027,), (2027,), (), True)


def test_without_this_year_no_day_is_known_and_it_is_always_urgent() -> None:
    found = calendar_outlook(today=JANUARY, in_force=[2026], drafted=[])
    assert (found.missing, found.known_until, found.urgent) == ((2027, 2028), None, True)


def test_a_year_after_a_gap_does_not_count_as_known() -> None:
    found = calendar_outlook(today=SUMMER, in_force=[2026, 2028], drafted=[])
    assert (found.missing, found.known_until) == ((2027,), date(2026, 12, 31))
