"""How far the working days are known: a year's are published only in the November before. No Django here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

#: From this month on next year's calendar is usually out.
USUALLY_PUBLISHED: Final = 11


@dataclass(frozen=True)
class CalendarOutlook:
    """Years of this one and the next that the catalogue in force lacks, and what to do about them.

    `known_until` is the last day whose rule is published (None: not even this year's); limits that run past it are
    counted by weekday. `drafted` of the missing years only wait for being published.
    """

    missing: tuple[int, ...]
    drafted: tuple[int, ...]
    known_until: date | None
    urgent: bool

    @property
    def to_enter(self) -> tuple[int, ...]:
        return tuple(year for year in self.missing if year not in self.drafted)


def calendar_outlook(*, today: date, in_force: Iterable[int], drafted: Iterable[int]) -> CalendarOutlook:
    """The outlook on `today`, by the years of the release in force and those of the draft."""
    known, waiting = set(in_force), set(drafted)
    missing = tuple(year for year in (today.year, today.year + 1) if year not in known)
    last = today.year
    while last in known:
        last += 1
    return CalendarOutlook(
        missing=missing, drafted=tuple(year for year in missing if year in waiting),
        known_until=date(last - 1, 12, 31) if last > today.year else None,
        urgent=today.year in missing or (bool(missing) and today.month >= USUALLY_PUBLISHED),
    )  # fmt: skip
