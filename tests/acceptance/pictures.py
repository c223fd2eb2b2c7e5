"""Takes the README's pictures of each role's main page: python -m tests.acceptance.pictures [folder].

A demo of its own plays a short day first, so that the pages show work. Needs Syncthing, Chromium,
Prometheus and Alertmanager.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import django
from playwright.sync_api import Browser

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.county.settings")
django.setup()

from core.county.demo.people import People  # noqa: E402  # Django's settings come first

from .person import REPO, SCREEN, Person, chromium, person  # noqa: E402  # Django's settings come first
from .watch_console import console_open  # noqa: E402  # Django's settings come first
from .watch_lab import watch_open  # noqa: E402  # Django's settings come first
from .watch_past import village_past  # noqa: E402  # Django's settings come first
from .world import OTHER_VILLAGE, VILLAGE, World, world_join, world_open  # noqa: E402

CASES: Final = 16
ITEM: Final = "高龄津贴"
IMMEDIATE: Final = "老年人优待证办理"
SUPERVISOR: Final = "jc01"


def pictures(world: World, folder: Path) -> None:
    """The twelve pictures lie in the folder, each as large as the screen of an old PC, the paper as it is printed."""
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
        _whole_life(agent, world, folder)
        supervisor = person(browser, "监察员", world.core.url)
        supervisor.log_in(SUPERVISOR)
        supervisor.open("/ratings/")
        _take(supervisor, folder, "ratings")
        administrator = person(browser, "县级管理员", world.core.url)
        administrator.log_in("admin")
        administrator.open("/catalogue/")
        _take(administrator, folder, "catalogue")
        administrator.open("/nodes/")
        _take(administrator, folder, "fleet")
        _watched(world, browser, folder)


def _watched(world: World, browser: Browser, folder: Path) -> None:
    """One machine on the pages of the watch, with a day behind it. A whole county's pictures need a whole county."""
    with watch_open(world, village_past(world, VILLAGE)) as watch, console_open(world, watch) as console:
        operator = person(browser, "县级管理员", console)
        operator.log_in("admin")
        operator.until(f"/watch/nodes/{VILLAGE.node}/", "失联与滞留时间")
        operator.page.set_viewport_size({"width": SCREEN["width"], "height": 1225})
        _take(operator, folder, "watch-node")


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


def _whole_life(agent: Person, world: World, folder: Path) -> None:
    """A case with its ledger, a paper of it, the page that proves the paper genuine, the page to rate it on."""
    window, people = world.window(VILLAGE, "chihu01"), People(11)
    waiting = window.take_in(world.items[ITEM], people, (81, 96))
    agent.open(f"/cases/{waiting}/")
    agent.page.locator("#ledger").evaluate("one => window.scrollTo(0, one.getBoundingClientRect().top - 160)")
    _take(agent, folder, "counter-case")
    done = window.take_in(world.items[IMMEDIATE], people, (66, 90))
    agent.open(f"/cases/{done}/papers/decision/")
    agent.page.locator(".yz-paper").screenshot(path=folder / "paper.png")
    agent.open("/verify/")
    agent.fill_in(agent.page.locator("form:has([name=payload])"), {"payload": _payload(world, done)})
    agent.page.locator("form:has([name=payload]) button").first.click()
    agent.page.wait_for_load_state("networkidle")
    _take(agent, folder, "verify")
    agent.open(f"/cases/{done}/rate/")
    _take(agent, folder, "rating")


def _payload(world: World, case: str) -> str:
    """What the QR code on the case's papers says."""
    words = (
        "from edge_node.identity import identity; from core.domain.cases.selectors import case_state;"
        "from core.domain.cases.receipt import receipt_payload; from uuid import UUID; me = identity();"
        f"print(receipt_payload(number=case_state(UUID('{case}')).number, signer=me.signer, "
        "signed_card=me.signed_card))"
    )
    return world.node(VILLAGE).manage("shell", "-c", words).strip().splitlines()[-1]


def _take(one: Person, folder: Path, name: str) -> None:
    one.page.wait_for_load_state("networkidle")
    one.page.screenshot(path=folder / f"{name}.png")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPO / "docs" / "pictures"
    running = os.environ.get("YIZHAN_ACCEPTANCE_WORLD")
    if running:
        pictures(world_join(Path(running)), folder)
        return
    with world_open(cases=CASES, chapters="rating", small_disk=False) as world:
        pictures(world, folder)


if __name__ == "__main__":
    main()
