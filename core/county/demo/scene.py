"""What a chapter of the demo works with: people at their machines, cases by name, and what the county knows of them.

Everything is done over the pages people use; what is read from the county's database only tells when to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Final
from uuid import UUID

from core.county.workqueue.models import Task
from core.domain.cases.deadlines import WorkCalendar
from core.domain.cases.errors import CaseUnknown
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import item_get
from core.domain.journal.clock import today
from tenants.connection import connection
from tenants.models import Tenant

from .browser import Browser
from .checking import core_waits
from .day import Officer, Window
from .filling import values_for
from .people import People, Person
from .stage import COUNTY_STAFF, LOCAL_STAFF, Stage, site_of
from .telling import Until
from .world import TOWN

#: The items the chapters play, by the name people use.
OLD_AGE_CARD: Final = "11430321DEM00001404432011001001"  # 老年人优待证办理: immediate, photograph deferrable
ALLOWANCE: Final = "11430321DEM00001404430511001001"  # 高龄津贴: the village accepts, the county decides
RELIEF: Final = "11430321DEM00001404430511002001"  # 临时救助: the town decides
HOUSE: Final = "11430321DEM00007334430120001001"  # 农村宅基地用地建房审批: in parallel, then one joint site inspection
HYGIENE: Final = "11430321DEM000030M4430123001001"  # 公共场所卫生许可: taken in and forwarded

#: Who sits at the machines, by the code they log in with.
AGENT, OTHER_AGENT, CLERK, TOWN_REVIEWER, TOWN_APPROVER = "chihu01", "jinxia01", "yshck01", "yshsc01", "yshjd01"
#: Who watches over the whole county at the console.
SUPERVISOR: Final = COUNTY_STAFF[0].code


@dataclass(frozen=True)
class Told:
    """A case somebody has handed in."""

    id: str
    item: Item
    applicant: Person


@dataclass
class Scene:
    """`label` is the chapter's, before everything it says."""

    stage: Stage
    people: People
    say: Callable[[str], None]
    label: str = ""
    #: Results that got their number, by the authority's short name.
    numbers: list[str] = field(default_factory=list)
    _windows: dict[str, Window] = field(default_factory=dict)
    _officers: dict[str, Officer] = field(default_factory=dict)

    def labelled(self, label: str) -> Scene:
        return replace(self, label=label)

    def tell(self, words: str) -> None:
        self.say(f"  【{self.label}】{words}")

    # Who works where.

    def window(self, code: str) -> Window:
        """This person at their own machine, logged in since they first worked."""
        if code not in self._windows:
            staff = next(one for one in LOCAL_STAFF if one.code == code)
            self._windows[code] = self.stage.window(site_of(staff.service_point), code)
        return self._windows[code]

    def officer(self, role: str, department: str) -> Officer:
        """This department's person in this role at the county's console."""
        return self.colleague(self.officer_code(role, department))

    def officer_code(self, role: str, department: str) -> str:
        return next(one.code for one in self.stage.officers if (one.role, one.department) == (role, department))

    def colleague(self, code: str) -> Officer:
        """Whoever has this code at the county's console, logged in since they first worked."""
        if code not in self._officers:
            officer = Officer(Browser(self.stage.core.url))
            officer.log_in(code)
            self._officers[code] = officer
        return self._officers[code]

    def console(self, code: str) -> Browser:
        """The same person's browser, for pages that are no case's."""
        return self.colleague(code).browser

    # Handing in and bringing.

    def take_in(
        self, code: str, item_code: str, ages: tuple[int, int] = (25, 60), situation: str = "", **given: str
    ) -> Told:
        """Somebody's application goes in at this window; `given` stands over what the form would be filled in with."""
        item, window = item_get(item_code), self.window(code)
        person = self.people.one(at_least=ages[0], at_most=ages[1])
        values = values_for(item, person, self.people.chance(), window.place, situation) | given
        return Told(window.hand_in(item, values), item, person)

    def bring(self, code: str, case: Told, material: str, note: str = "") -> None:
        """The applicant brings this material to this window."""
        self.window(code).act(case.id, "material", {"material": material, "how": "received", "note": note})

    def hand_out(self, code: str, case: Told, **given: str) -> None:
        """The applicant has the result from this window's hands, or as `given` says."""
        values = {"how": "window", "receiver": case.applicant.name, "receiver_id": case.applicant.citizen_id}
        self.window(code).act(case.id, "deliver", values | given)

    # The county's desks.

    def asked(self, case: Told, power: str) -> list[str]:
        """Departments (USCC) that are to use this power on the case now."""
        tasks = Task.objects.filter(case_id=case.id, power=power).order_by("department")
        return list(tasks.values_list("department", flat=True))

    def county_accepts(self, case: Told) -> None:
        self.officer("reviewer", case.item.department).act(TOWN, case.id, "accept", {})

    def opinion(self, case: Told, department: str, *, verdict: str = "pass", text: str, returned: str = "") -> None:
        """The department's reviewer gives this opinion; of a return, `returned` names the material."""
        values = {"department": department, "verdict": verdict, "text": text}
        more = {"returned": returned} if returned else {}
        self.officer("reviewer", department).act(TOWN, case.id, "opinion", values | more)

    def county_passes_all(self, case: Told) -> None:
        """Every department that is asked passes the case, until none is."""
        while asked := self.asked(case, "review"):
            for department in asked:
                self.opinion(case, department, text="材料齐全,符合条件")

    def county_decides(self, case: Told, number: str, *, by: str = "") -> None:
        """Granted by the department's approver, or by whoever has the code `by`."""
        values = {"granted": "yes", "result_number": number, "text": "", "basis": ""}
        code = by or self.officer_code("approver", case.item.department)
        self.colleague(code).act(TOWN, case.id, "decide", values)

    def number(self, short: str) -> str:
        """The next number of a result, as it stands on the paper."""
        self.numbers.append(short)
        return f"潭{short}〔{today().year}〕{len(self.numbers)}号"

    # What is known where.

    def state(self, case: Told) -> CaseState:
        """What the county knows of the case. Raises CaseUnknown."""
        connection.set_tenant(_town())
        try:
            return case_state(UUID(case.id))
        finally:
            connection.set_schema_to_public()

    def _is_so(self, case: Told, ready: Callable[[CaseState], bool]) -> bool:
        try:
            return ready(self.state(case))
        except CaseUnknown:
            return False

    def county_has(self, case: Told, what: str, ready: Callable[[CaseState], bool] = lambda state: True) -> Until:
        """The county has the case, and `ready` says that of its copy."""
        return Until(f"{case.item.name}: {what}", lambda: self._is_so(case, ready))

    def is_in(self, case: Told, status: str) -> Until:
        return self.county_has(case, status, lambda state: state.status == status)

    def everybody_knows(self) -> Until:
        """Every machine has read what the county wrote for it."""
        return Until("every machine has read everything", lambda: not core_waits())

    def shows(self, code: str, case: Told, *words: str) -> Until:
        """The case's page at this person's machine is there and says all this."""
        window = self.window(code)
        return Until(f"{window.place}: {case.item.name} {' '.join(words)}", lambda: window.knows(case.id, *words))

    # Days.

    def calendar(self) -> WorkCalendar:
        return work_calendar()

    def working_day(self, count: int) -> date:
        """The `count`-th working day from today."""
        return self.calendar().working_day_after(today(), count)


@cache
def _town() -> Tenant:
    town: Tenant = Tenant.objects.get(code=TOWN)
    return town


def day_after(day: date) -> date:
    return day + timedelta(days=1)


def day_words(day: date) -> str:
    return f"{day.month}月{day.day}日"
