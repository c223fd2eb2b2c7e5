"""What waits for somebody at this counter beside new applications, counted for the first page and listed.

Which cases these are stands in their states, not in columns. So that nobody waits for thousands of states, at most
CASES_LOOKED_AT open cases of each group are looked at, those due first: a counter with fewer open cases is told
everything, a larger one what presses most, and `complete` says which it was. The first page is drawn without it and
asks for it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.domain.cases import lifecycle as s
from core.domain.cases import services
from core.domain.cases.deadlines import RED, WorkCalendar, day_light, delivery_due_on, due_on
from core.domain.cases.models import Case
from core.domain.cases.selectors import case_list_to_deliver
from core.domain.cases.state import CaseState, state_decode
from core.domain.cases.writing import work_calendar
from core.domain.journal.place import CORE, Here

from .selectors import items_pinned
from .timeline import material_names

#: Of each group of states; decoding a state takes some ten microseconds.
CASES_LOOKED_AT: Final = 500
#: The groups: who waits for the applicant, who is under way, whose result is there.
GROUPS: Final = ((s.SUBMITTED, s.AWAITING_SUPPLEMENT), (s.ACCEPTED, s.UNDER_REVIEW, s.SUSPENDED), (s.COMPLETED,))

RETURNED, DEFERRALS, SUPPLEMENTS, DELIVER, URGINGS = "returned", "deferrals", "supplements", "deliver", "urgings"
TITLES: Final[dict[str, str | Promise]] = {
    RETURNED: gettext_lazy("Returned to be put right"),
    DEFERRALS: gettext_lazy("Materials due or late"),
    SUPPLEMENTS: gettext_lazy("Supplement day gone by"),
    DELIVER: gettext_lazy("Results to hand out"),
    URGINGS: gettext_lazy("Urgings to answer"),
}
#: A material that is to follow is shown from so many days before.
DEFERRAL_SOON_DAYS: Final = 1


@dataclass(frozen=True)
class Waiting:
    """One case that waits, as a line of a list. `due` is by when; `codes` are materials and form fields it waits for,
    `text` what was said about it."""

    id: UUID
    number: str
    item_code: str
    item_version: int
    applicant: str
    status: str
    due: date | None
    light: str
    codes: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Card:
    """One count on the first page. `late`: at least one of them is overdue."""

    kind: str
    title: str
    count: int
    late: bool


@dataclass(frozen=True)
class Todo:
    """`lists` by kind, those due first; `complete`: every open case of this counter was looked at."""

    lists: Mapping[str, list[Waiting]]
    complete: bool

    @property
    def cards(self) -> list[Card]:
        """One a kind, also where nothing waits."""
        return [
            Card(kind=kind, title=str(title), count=len(rows), late=any(row.light == RED for row in rows))
            for kind, title in TITLES.items()
            for rows in (self.lists[kind],)
        ]


@dataclass(frozen=True)
class _Looked:
    """One open case, and where and when it is looked at."""

    state: CaseState
    here: Here
    today: date
    calendar: WorkCalendar

    @property
    def held(self) -> bool:
        return self.state.custodian == self.here.node

    @property
    def ours(self) -> bool:
        """Whether the applicant comes to this counter, or the case is in its hands."""
        return self.held or self.state.service_point == self.here.service_point

    def line(self, due: date | None, codes: tuple[str, ...] = (), text: str = "") -> Waiting:
        state = self.state
        return Waiting(
            id=state.id, number=state.number, item_code=state.item_code, item_version=state.item_version,
            applicant=state.applicant.name, status=state.status, due=due,
            light=day_light(due, today=self.today, calendar=self.calendar) if due else "", codes=codes, text=text,
        )  # fmt: skip


def deliver_rows(here: Here, *, today: date, limit: int) -> list[TodoRow]:
    """The results that have waited longest to be handed out here, with the last day for each."""
    # The states of those few alone: a sort of all of them with their states is slow.
    longest = list(case_list_to_deliver(here.node).values_list("pk", flat=True)[:limit])
    wires = dict(Case.objects.filter(pk__in=longest).values_list("pk", "state"))
    calendar = work_calendar()
    looked = [_Looked(state_decode(bytes(wires[key])), here, today, calendar) for key in longest]
    return todo_rows([line for one in looked for line in _deliver(one)])


def todo_here(here: Here, *, today: date) -> Todo:
    """What waits at this counter today. Three queries for the cases and one for the calendar."""
    calendar, complete = work_calendar(), True
    found: dict[str, list[Waiting]] = {kind: [] for kind in TITLES}
    for statuses in GROUPS:
        states = _states(here, statuses)
        complete = complete and len(states) <= CASES_LOOKED_AT
        for state in states[:CASES_LOOKED_AT]:
            looked = _Looked(state, here, today, calendar)
            for kind, waits in _KINDS.items():
                found[kind] += waits(looked)
    for rows in found.values():
        rows.sort(key=lambda row: (row.due or date.max, row.number))
    return Todo(lists=found, complete=complete)


def _states(here: Here, statuses: tuple[str, ...]) -> list[CaseState]:
    """At most one more than is looked at, those due first."""
    cases = Case.objects.filter(is_open=True, status__in=statuses)
    if here.node == CORE:
        # A hall's schema holds the cases of its villages too; those are for their own counters.
        cases = cases.filter(service_point=here.service_point)
    wires = cases.order_by("promised_due").values_list("state", flat=True)[: CASES_LOOKED_AT + 1]
    return [state_decode(bytes(wire)) for wire in wires]


def _returned(looked: _Looked) -> Iterator[Waiting]:
    if not looked.ours or looked.state.status != s.UNDER_REVIEW:
        return
    opinions = list(services.returns_unanswered(looked.state).values())
    if opinions:
        codes = tuple(dict.fromkeys(code for opinion in opinions for code in opinion.returned))
        due = due_on(looked.state, "promised", calendar=looked.calendar, today=looked.today)
        yield looked.line(due, codes, " · ".join(opinion.text for opinion in opinions))


def _deferrals(looked: _Looked) -> Iterator[Waiting]:
    state = looked.state
    if not looked.ours or state.status not in s.UNDECIDED:
        return
    soon = looked.today + timedelta(days=DEFERRAL_SOON_DAYS)
    near = {code: one.due for code, one in services.deferrals_open(state).items() if one.due <= soon}
    if near:
        yield looked.line(min(near.values()), tuple(sorted(near, key=lambda code: (near[code], code))))


def _supplements(looked: _Looked) -> Iterator[Waiting]:
    notice = looked.state.supplement
    if not looked.held or looked.state.status != s.AWAITING_SUPPLEMENT or notice is None or notice.due is None:
        return
    if notice.due < looked.today:
        yield looked.line(notice.due, notice.lacking)


def _deliver(looked: _Looked) -> Iterator[Waiting]:
    if looked.held and looked.state.status == s.COMPLETED:
        yield looked.line(delivery_due_on(looked.state, calendar=looked.calendar))


def _urgings(looked: _Looked) -> Iterator[Waiting]:
    urgings = list(services.urgings_unanswered(looked.state).values())
    if looked.held and urgings:
        due = min((one.due for one in urgings if one.due), default=None)
        yield looked.line(due, text=" · ".join(one.text for one in urgings))


_KINDS: Final[dict[str, Callable[[_Looked], Iterator[Waiting]]]] = {
    RETURNED: _returned, DEFERRALS: _deferrals, SUPPLEMENTS: _supplements, DELIVER: _deliver, URGINGS: _urgings,
}  # fmt: skip


@dataclass(frozen=True)
class TodoRow:
    """A line with the names of its item and of what it waits for."""

    waiting: Waiting
    item_name: str
    names: tuple[str, ...]


def todo_rows(rows: Iterable[Waiting]) -> list[TodoRow]:
    """The lines of a page with their names: one query however many they are."""
    rows = list(rows)
    items = items_pinned({(row.item_code, row.item_version) for row in rows})
    lines = []
    for row in rows:
        item = items.get((row.item_code, row.item_version))
        known = {**{one.name: one.label for one in item.fields}, **material_names(item)} if item else {}
        names = tuple(known.get(code, code) for code in row.codes)
        lines.append(TodoRow(waiting=row, item_name=item.name if item else row.item_code, names=names))
    return lines
