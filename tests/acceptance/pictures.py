"""Takes the README's pictures of each role's main page: python -m tests.acceptance.pictures [folder].

A demo of its own plays a short day first, so that the pages show work. Needs Syncthing and Chromium.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.county.settings")
django.setup()

from core.county.demo.people import People  # noqa: E402  # Django's settings come first

from .person import REPO, Person, chromium, person  # noqa: E402  # Django's settings come first
from .world import OTHER_VILLAGE, VILLAGE, World, world_join, world_open  # noqa: E402

CASES: Final = 16
ITEM: Final = "高龄津贴"


def pictures(world: World, folder: Path) -> None:
    """The six pictures lie in the folder, each as large as the screen of an old PC."""
    department = world.items[ITEM].department
    _work_arrives(world)
    with chromium() as browser:
        agent = person(browser, "周春兰", world.node(VILLAGE).url)
        agent.log_in("chihu01")
        agent.open("/")
        _take(agent, folder, "counter-home")
        _intake_half_done(agent, world)
        _take(agent, folder, "counter-intake")
        agent.follow("#outcome button[form=intake]")
        officer = person(browser, "审查员", world.core.url)
        officer.log_in(world.departments["reviewer", department])
        officer.until("/inbox/", ITEM)
        _take(officer, folder, "inbox")
        officer.page.locator("[data-row]", has_text=ITEM).first.click()
        officer.page.locator(".bo-stages").wait_for()
        _take(officer, folder, "backoffice-case")
        administrator = person(browser, "县级管理员", world.core.url)
        administrator.log_in("admin")
        administrator.open("/catalogue/")
        _take(administrator, folder, "catalogue")
        administrator.open("/nodes/")
        _take(administrator, folder, "fleet")


def _work_arrives(world: World) -> None:
    """The county's department has something on its desk, from two villages."""
    people = People(7)
    for site, code in ((VILLAGE, "chihu01"), (OTHER_VILLAGE, "jinxia01")):
        window = world.window(site, code)
        for _ in range(3):
            window.take_in(world.items[ITEM], people, (81, 96))
        world.await_sent(site)


def _intake_half_done(agent: Person, world: World) -> None:
    agent.open(f"/intake/{world.items[ITEM].item_code}/")
    agent.choose("situation", "S2")
    # Invented; only its check character is right.
    agent.type_into("#id_number", "430321193306150020")
    agent.type_into("#name", "欧阳桂兰")
    agent.pick("#f_age_group", "90-99周岁")
    agent.pick("#f_bank_name", "中国农业银行")
    agent.type_into("#f_bank_account", "6217001234567890123")
    agent.type_into("#f_contact_phone", "19900000001")
    agent.press("[data-all-received]")
    agent.page.get_by_text("已存草稿").wait_for()
    agent.page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")


def _take(one: Person, folder: Path, name: str) -> None:
    one.page.wait_for_load_state("networkidle")
    one.page.screenshot(path=folder / f"{name}.png")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPO / "docs" / "pictures"
    running = os.environ.get("YIZHAN_ACCEPTANCE_WORLD")
    if running:
        pictures(world_join(Path(running)), folder)
        return
    with world_open(cases=CASES, small_disk=False) as world:
        pictures(world, folder)


if __name__ == "__main__":
    main()
