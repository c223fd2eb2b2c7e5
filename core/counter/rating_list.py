"""All ratings this machine knows of, unfiltered: what the county asks every hall to show (国办发〔2019〕51号)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from core.domain.cases.models import Case, Flag
from core.domain.cases.services.rating import SCORES
from core.domain.cases.state import state_decode
from core.domain.cases.writing import work_calendar
from core.domain.journal import clock
from core.domain.journal.bodies import CaseRated
from core.domain.journal.format import Entry, entry_decode
from core.domain.journal.models import Entry as EntryRow

from .rating import SATISFIED, RatingLine, rating_lines
from .selectors import item_names


@dataclass(frozen=True)
class Rated:
    """One rating by its entry; `counted` where it counts in the averages (see rating.firsts)."""

    key: UUID
    case_id: UUID
    at: int
    body: CaseRated
    counted: bool


@dataclass(frozen=True)
class Row:
    """One rating with its case. `line` says what was done about it."""

    line: RatingLine
    case_id: UUID
    number: str
    item_name: str


@dataclass(frozen=True)
class Summary:
    """`counts` by score, the best first. `average` and `satisfied` (percent) are None without a rating that counts."""

    counts: tuple[tuple[int, int], ...]
    total: int
    average: float | None
    satisfied: float | None

    @property
    def counted(self) -> int:
        """How many ratings count."""
        return sum(count for _, count in self.counts)


def summary_of(counts: dict[int, int], total: int) -> Summary:
    """`counts` are of the ratings that count, `total` of all that were given."""
    counted = sum(counts.values())
    pairs = tuple((score, counts.get(score, 0)) for score in SCORES)
    if not counted:
        return Summary(pairs, total, None, None)
    happy = sum(count for score, count in pairs if score >= SATISFIED)
    return Summary(
        pairs, total, round(sum(score * count for score, count in pairs) / counted, 2),
        round(100 * happy / counted, 1),
    )  # fmt: skip


def rated_entries() -> QuerySet[EntryRow]:
    """The journal's ratings, newest first, along an index of their own."""
    # Written out: SQLite finds a partial index only by a literal.
    return EntryRow.objects.extra(where=["kind = 'case.rated'"]).order_by("-at", "-id")


def ratings_all() -> list[Rated]:
    """Every rating of the cases known here, newest first."""
    refused = set(Flag.objects.filter(applied=False).values_list("entry_id", flat=True))
    found = [entry_decode(bytes(wire)) for wire in rated_entries().values_list("wire", flat=True)]
    return _counted([entry for entry in found if entry.id not in refused])


def _counted(entries: Sequence[Entry]) -> list[Rated]:
    seen: set[tuple[UUID, str]] = set()
    rated: list[Rated] = []
    for entry in reversed(entries):
        body, case_id = entry.body, entry.case_id
        if not isinstance(body, CaseRated) or case_id is None:
            continue
        first = body.second_of is None and body.score in SCORES and (case_id, body.visit) not in seen
        if first:
            seen.add((case_id, body.visit))
        rated.append(Rated(entry.id, case_id, entry.at, body, first))
    return rated[::-1]


def summary(ratings: Iterable[Rated]) -> Summary:
    counts: dict[int, int] = {}
    total = 0
    for one in ratings:
        total += 1
        if one.counted:
            counts[one.body.score] = counts.get(one.body.score, 0) + 1
    return summary_of(counts, total)


def rows_of(ratings: Sequence[Rated]) -> list[Row]:
    """These ratings with their cases; one whose case is not here yet is left out. Six queries, however many."""
    wires = Case.objects.filter(pk__in={one.case_id for one in ratings}).values_list("pk", "state")
    states = {key: state_decode(bytes(wire)) for key, wire in wires}
    names = item_names(state.item_code for state in states.values())
    calendar, today = work_calendar(), clock.today()
    lines = {
        line.key: line for state in states.values() for line in rating_lines(state, today=today, calendar=calendar)
    }
    return [
        Row(lines[one.key], one.case_id, states[one.case_id].number, names[states[one.case_id].item_code])
        for one in ratings if one.key in lines
    ]  # fmt: skip
