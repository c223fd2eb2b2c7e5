"""A working day at three counters and the county's desks, all over the pages people use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django.urls import reverse

from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import item_get

from .browser import Browser, Page
from .filling import values_for
from .people import People
from .processes import DemoFailed
from .world import PASSWORD

#: (item code, youngest and oldest applicant in years, weight): every way a case can go.
ITEMS: Final = (
    ("11430321DEM00001404432011001001", 65, 95, 5),  # 老年人优待证办理: decided at the village
    ("11430321DEM000030M4432023001001", 22, 40, 4),  # 生育登记: decided at the village
    ("11430321DEM000022T4432014005001", 20, 55, 3),  # 失业登记: decided at the village
    ("11430321DEM00001404430511002001", 30, 80, 3),  # 临时救助: the town decides
    ("11430321DEM000022T4432014002001", 60, 75, 2),  # 养老保险待遇申领: the town decides
    ("11430321DEM00001404430511001001", 80, 99, 4),  # 高龄津贴: accepted at the village, the county decides
    ("11430321DEM00007334430120001001", 25, 60, 2),  # 农村宅基地用地建房审批: two departments in parallel
    ("11430321DEM000030M4430123001001", 25, 60, 1),  # 公共场所卫生许可: not devolved, taken in and forwarded
)  # fmt: skip
COUNTER_URLS: Final = "core.county.urls"
CONSOLE_URLS: Final = "core.county.urls_public"


def counter_path(name: str, *args: str) -> str:
    return reverse(f"counter:{name}", urlconf=COUNTER_URLS, args=args)


def console_path(name: str, *args: str) -> str:
    return reverse(name, urlconf=CONSOLE_URLS, args=args)


@dataclass
class Window:
    """A clerk at a machine: `place` is what people call it."""

    place: str
    browser: Browser
    taken: list[tuple[str, str]] = field(default_factory=list)

    def log_in(self, code: str) -> None:
        self.browser.login(code, PASSWORD)

    def take_in(self, item: Item, people: People, ages: tuple[int, int]) -> str:
        """An application goes in by the intake page; returns the case's id. Raises DemoFailed."""
        person = people.one(at_least=ages[0], at_most=ages[1])
        return self.hand_in(item, values_for(item, person, people.chance(), self.place))

    def hand_in(self, item: Item, values: dict[str, str]) -> str:
        """These inputs go in by the intake page; returns the case's id. Raises DemoFailed."""
        page = self.browser.get(counter_path("intake", item.item_code))
        answer = self.browser.submit(page, page.form(has="id_number"), values)
        case_id = _case_id(answer)
        if answer.status != 200 or case_id is None:
            raise DemoFailed(f"{self.place}: {item.name} was not taken in ({answer.status}): {answer.errors()}")
        self.taken.append((case_id, item.name))
        return case_id

    def act(self, case_id: str, name: str, values: dict[str, str]) -> None:
        """One of the case page's forms. Raises DemoFailed."""
        page = self.browser.get(counter_path("case", case_id))
        form = page.form(action=counter_path("act", case_id, name))
        answer = self.browser.submit(page, form, values)
        if answer.status >= 400:
            raise DemoFailed(f"{self.place}: {name} was refused ({answer.status}): {answer.errors()}")

    def knows(self, case_id: str, *words: str) -> bool:
        """Whether this machine's page of the case is there and says all this."""
        page = self.browser.get(counter_path("case", case_id))
        return page.status == 200 and all(word in page.text for word in words)


@dataclass
class Officer:
    """A department's officer at the county's console."""

    browser: Browser

    def log_in(self, code: str) -> None:
        self.browser.login(code, PASSWORD)

    def act(self, tenant: str, case_id: str, name: str, values: dict[str, str]) -> None:
        """One of the case page's forms in the back office. Raises DemoFailed."""
        page = self.browser.get(console_path("backoffice:case", tenant, case_id))
        form = page.form(action=console_path("backoffice:act", tenant, case_id, name))
        named = {f"{name}-{field}": value for field, value in values.items()}
        answer = self.browser.submit(page, form, named)
        if answer.status >= 400:
            raise DemoFailed(f"{name} was refused ({answer.status}): {answer.errors()}")


def play_intake(
    windows: list[Window], people: People, count: int, told: Callable[[str, Item, str], None]
) -> Counter[str]:
    """`count` applications at these windows in turn; returns how many of each item."""
    chance = people.chance()
    items = {code: item_get(code) for code, *_ in ITEMS}
    seen: Counter[str] = Counter()
    for index in range(count):
        # The first ones go through every item once, so that a short day shows every way a case can go.
        chosen = ITEMS[index] if index < len(ITEMS) else chance.choices(ITEMS, [weight for *_, weight in ITEMS])[0]
        code, youngest, oldest, _ = chosen
        window = windows[index % len(windows)]
        case_id = window.take_in(items[code], people, (youngest, oldest))
        told(window.place, items[code], case_id)
        seen[items[code].name] += 1
    return seen


def _case_id(page: Page) -> str | None:
    found = re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", page.url)
    return found[0] if found else None
