"""A village's working day as people see it, from the first login to the result in the citizen's hand."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from core.county.demo.people import People
from core.county.demo.people import Person as Applicant

from .person import CHROMIUM, Person, chromium, person
from .world import TOWN, VILLAGE, World

CARD: Final = "老年人优待证办理"
ALLOWANCE: Final = "高龄津贴"
DRAFT: Final = "失业登记"
BANK_ACCOUNT: Final = "6217001234567890123"
TENANT: Final = f"{TOWN.node[:12]}"
#: Search, hit, guide, and the applicant's own lines: everything but the item's form (interface.md, The counter).
MAX_INPUTS: Final = 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def applicants() -> People:
    return People(random.SystemRandom().randrange(1 << 30))


def test_a_village_works_its_day_through_an_outage_and_hands_out_what_the_county_decides(
    world: World, browser: Browser, applicants: People
) -> None:
    agent = person(browser, "周春兰", world.node(VILLAGE).url)
    agent.page.on("dialog", lambda dialog: dialog.accept())
    agent.log_in("chihu01")
    immediate_item_is_taken_in(agent, applicants.one(at_least=66, at_most=90))
    wrong_number_is_refused_and_kept(agent)
    world.cut(VILLAGE, off=True)
    agent.until("/", "离线")
    agent.log_out()
    agent.log_in("chihu01")
    old = applicants.one(at_least=91, at_most=97)
    case = allowance_is_taken_in_offline(agent, old)
    half_typed(agent, applicants.one(at_least=20, at_most=50))
    machine = world.machine(VILLAGE)
    machine.start(machine.kill())
    half_typed_is_still_there(agent)
    world.cut(VILLAGE, off=False)
    agent.until("/", "在线")
    agent.until("/", "无待上传条目")
    agent.look("counter-online")
    county = county_decides(world, browser, case, old)
    result_is_handed_out(agent, case, old)
    english_is_a_key_away(agent)
    assert [fault for one in (agent, *county) for fault in one.faults] == []


def immediate_item_is_taken_in(agent: Person, applicant: Applicant) -> None:
    """From search to printed receipt by the keyboard alone, in 12 inputs besides the form."""
    agent.open("/")
    agent.look("counter-home")
    agent.inputs = 0
    agent.type_into("#q", "lnryd")
    agent.follow(f".yz-hits a:has-text('{CARD}')")
    expect(agent.page.locator("h1")).to_contain_text(CARD)
    agent.look("counter-item")
    agent.follow(".yz-actions .btn-primary")
    fill_applicant(agent, applicant, situation="S1")
    agent.pick("#f_card_reason", "首次申领")
    agent.type_into("#f_contact_phone", applicant.phone, of_form=True)
    agent.press("[data-all-received]")
    expect(agent.page.locator("#outcome")).to_contain_text("当场办结")
    agent.look("counter-intake")
    agent.follow("#outcome button[form=intake]")
    receipt_is_there(agent, applicant, "counter-receipt")
    agent.page.evaluate("window.print = () => { document.title = 'printed' }")
    expect(agent.page.locator("[data-print]")).to_be_focused()
    agent.page.keyboard.press("Enter")
    agent.inputs += 1
    expect(agent.page).to_have_title("printed")
    assert agent.inputs <= MAX_INPUTS


def fill_applicant(agent: Person, applicant: Applicant, *, situation: str = "") -> None:
    if situation:
        agent.choose("situation", situation)
    agent.type_into("#id_number", applicant.citizen_id)
    expect(agent.page.locator("#identity")).to_contain_text("岁")
    agent.type_into("#name", applicant.name)


def receipt_is_there(agent: Person, applicant: Applicant, shot: str) -> None:
    paper = agent.page.locator(".yz-paper")
    paper.wait_for()
    expect(paper.locator(".yz-paper-number strong")).to_have_text(re.compile(r"[\d ]{10,}"))
    expect(paper.get_by_role("figure", name="扫码核验").locator("svg.yz-qr")).to_be_visible()
    expect(paper.get_by_role("figure", name="扫码评价").locator("svg.yz-qr")).to_be_visible()
    expect(paper).to_contain_text(applicant.name)
    assert agent.page.pdf(format="A4").startswith(b"%PDF")
    agent.look(shot)


def wrong_number_is_refused_and_kept(agent: Person) -> None:
    """The check character is wrong: the page says so as one types and when it is sent, and keeps what was typed."""
    agent.open("/")
    agent.type_into("#q", CARD)
    agent.follow(f".yz-hits a.btn[aria-label*='{CARD}']")
    agent.type_into("#id_number", "430321194001011234")
    expect(agent.page.locator("#identity")).to_contain_text("校验位不符")
    agent.type_into("#name", "张三丰")
    agent.follow("#outcome button[form=intake]")
    expect(agent.page.locator(".alert-danger")).to_contain_text("已填写的内容均已保留")
    expect(agent.page.locator("#id_number")).to_have_value("430321194001011234")
    expect(agent.page.locator("#name")).to_have_value("张三丰")
    agent.look("counter-refused")
    agent.follow("button[form=drop]")
    agent.page.locator("#q").wait_for()


def allowance_is_taken_in_offline(agent: Person, applicant: Applicant) -> str:
    """With the network gone the case is accepted, with a scan, and waits for the county; returns its id."""
    agent.open("/")
    agent.type_into("#q", "gljt")
    agent.follow(f".yz-hits a:has-text('{ALLOWANCE}')")
    agent.follow(".yz-actions .btn-primary")
    fill_applicant(agent, applicant, situation="S2")
    agent.pick("#f_age_group", "90-99周岁")
    agent.pick("#f_bank_name", "中国农业银行")
    agent.type_into("#f_bank_account", BANK_ACCOUNT, of_form=True)
    agent.type_into("#f_contact_phone", applicant.phone, of_form=True)
    agent.press("[data-all-received]")
    scan = agent.page.screenshot(clip={"x": 0, "y": 0, "width": 600, "height": 400})
    agent.page.set_input_files("[name=file_M05]", {"name": "银行卡.png", "mimeType": "image/png", "buffer": scan})
    expect(agent.page.locator("#scans-M05")).to_contain_text("银行卡.png")
    expect(agent.page.locator("#outcome")).not_to_contain_text("尚未提交")
    agent.follow("#outcome button[form=intake]")
    receipt_is_there(agent, applicant, "counter-receipt-offline")
    expect(agent.page.locator(".yz-paper-ledger")).to_be_visible()
    expect(agent.page.locator(".yz-net")).to_contain_text("条待上传")
    expect(agent.page.locator(".yz-net")).to_contain_text("离线")
    return agent.page.url.rstrip("/").split("/")[-2]


def half_typed(agent: Person, applicant: Applicant) -> None:
    """An application is begun and saved as it is typed."""
    agent.open("/")
    agent.type_into("#q", DRAFT)
    agent.follow(f".yz-hits a.btn[aria-label*='{DRAFT}']")
    agent.type_into("#name", applicant.name)
    agent.page.wait_for_url(re.compile("draft="))
    expect(agent.page.locator("#outcome [role=status]")).to_contain_text("草稿")


def half_typed_is_still_there(agent: Person) -> None:
    """After the power cut the same session goes on, and so does the draft."""
    typed = agent.page.locator("#name").input_value()
    agent.open("/")
    agent.look("counter-after-power-cut")
    agent.follow(f".yz-list a:has-text('{DRAFT}')")
    expect(agent.page.locator("#name")).to_have_value(typed)
    expect(agent.page.locator(".yz-net")).to_contain_text("离线")


def county_decides(world: World, browser: Browser, case: str, applicant: Applicant) -> list[Person]:
    """One person of the department reviews, sees the scan, and may not decide; another one decides."""
    department = world.items[ALLOWANCE].department
    reviewer = person(browser, "审查员", world.core.url)
    reviewer.page.on("dialog", lambda dialog: dialog.accept())
    reviewer.log_in(world.departments["reviewer", department])
    reviewer.open("/inbox/")
    reviewer.look("inbox")
    reviewer.page.keyboard.press("j")
    expect(reviewer.page.locator("[data-row]").first).to_be_focused()
    path = f"/inbox/{TENANT}/{case}/"
    reviewer.until(path, applicant.name)
    scan_is_shown(reviewer)
    for stage in range(len(world.items[ALLOWANCE].flow)):
        reviewer.choose("opinion-verdict", "pass")
        reviewer.type_into("[name=opinion-text]", f"材料齐全,符合条件({stage + 1})")
        reviewer.follow("form[action$='/opinion/'] button")
        expect(reviewer.page.locator(".bo-opinions li")).to_have_count(stage + 1)
    reviewer.look("backoffice-reviewed")
    expect(reviewer.page.locator("form[action$='/decide/']")).to_have_count(0)
    approver = person(browser, "首席代表", world.core.url)
    approver.page.on("dialog", lambda dialog: dialog.accept())
    approver.log_in(world.departments["approver", department])
    approver.open(path)
    approver.look("backoffice-case")
    approver.choose("decide-granted", "yes")
    approver.type_into("[name=decide-result_number]", "潭民津〔2026〕7号")
    approver.follow("form[action$='/decide/'] button")
    expect(approver.page.locator(".bo-opinions")).to_contain_text("潭民津〔2026〕7号")
    approver.look("backoffice-decided")
    return [reviewer, approver]


def scan_is_shown(reviewer: Person) -> None:
    """The scan came through the town with the case, and opens as the picture it is."""
    link = reviewer.page.locator("a[href*='/scan/']").first
    for _ in range(60):
        if link.count():
            break
        reviewer.page.reload()
    answer = reviewer.page.request.get(reviewer.base + str(link.get_attribute("href")))
    assert answer.status == 200
    assert answer.body().startswith(b"\x89PNG")
    reviewer.look("backoffice-opened")


def result_is_handed_out(agent: Person, case: str, applicant: Applicant) -> None:
    """The decision comes down; the notice prints, the applicant signs for it, the record stays."""
    agent.until(f"/cases/{case}/", "潭民津〔2026〕7号")
    agent.look("counter-decided")
    agent.open(f"/cases/{case}/result/")
    expect(agent.page.locator(".yz-paper")).to_contain_text("准予")
    expect(agent.page.locator(".yz-paper")).to_contain_text(applicant.name)
    assert agent.page.pdf(format="A4").startswith(b"%PDF")
    agent.look("counter-result-notice")
    agent.open(f"/cases/{case}/")
    agent.follow("form[action$='/deliver/'] button")
    expect(agent.page.locator("#messages")).to_contain_text("已送达")
    agent.look("counter-delivered")
    agent.open(f"/cases/{case}/delivery/")
    expect(agent.page.locator(".yz-paper")).to_contain_text(applicant.name)
    agent.look("counter-delivery-record")


def english_is_a_key_away(agent: Person) -> None:
    agent.open("/")
    agent.follow("button[name=language][value=en]")
    expect(agent.page.locator("html")).to_have_attribute("lang", "en")
    expect(agent.page.locator("label[for=q]")).to_have_text("What does the citizen want to do?")
    agent.look("counter-home-english")
    agent.follow("button[name=language][value=zh-hans]")
    expect(agent.page.locator("html")).to_have_attribute("lang", "zh-hans")
