"""A person at a browser: real Chromium, the keyboard where the design says so, axe on every page they come by."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from core.county.demo.world import PASSWORD

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SCREEN: Final = {"width": 1366, "height": 768}
REPO: Final = Path(__file__).resolve().parents[2]
#: Screenshots of the last run, for whoever wants to look; not committed.
SHOTS: Final = REPO / "var" / "shots"
AXE: Final = REPO / "tests" / "assets" / "axe.min.js"
#: More presses of the Tab key than any page needs between two fields somebody goes to.
MAX_TABS: Final = 120
WAIT_MS: Final = 90_000
#: Where the focus stands, seen from the elements somebody looks for.
_WAY: Final = """all => {
  const at = document.activeElement;
  if (all.includes(at)) { return "here"; }
  const before = at !== document.body && all[0].compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING;
  return before ? "before" : "after";
}"""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, closed afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """Somebody with a browser of their own. `faults` are what axe found serious or critical, by page."""

    name: str
    base: str
    page: Page
    faults: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    inputs: int = 0

    def open(self, path: str) -> None:
        answer = self.page.goto(self.base + path)
        assert answer is not None and answer.status < 400, f"{path}: {answer and answer.status}"

    def look(self, name: str) -> None:
        """The page as it is now: a picture of it is kept, and axe has judged it."""
        self.page.wait_for_load_state("networkidle")
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document)")
        for one in found["violations"]:
            if one["impact"] in ("serious", "critical"):
                nodes = "; ".join(f"{node['html'][:160]} — {node['failureSummary'][:200]}" for node in one["nodes"][:4])
                self.faults.append(f"{name}: {one['id']} ({one['impact']}): {nodes}")
        self.seen.append(name)

    def tab_to(self, target: Locator) -> None:
        """The keyboard's focus is on one of the target's elements, reached by Tab or Shift+Tab alone."""
        target.first.wait_for(state="attached")
        for _ in range(MAX_TABS):
            way = target.evaluate_all(_WAY)
            if way == "here":
                return
            self.page.keyboard.press("Shift+Tab" if way == "before" else "Tab")
        raise AssertionError(f"{self.page.url}: {target} cannot be reached by the keyboard")

    def type_into(self, selector: str, text: str, *, of_form: bool = False) -> None:
        """The text stands in the field, typed. A field of the item's own form is not counted as an input."""
        self.tab_to(self.page.locator(selector))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.inputs += not of_form

    def press(self, selector: str) -> None:
        """The button is pressed by Enter; the page stays."""
        self.tab_to(self.page.locator(selector).first)
        self.page.keyboard.press("Enter")
        self.inputs += 1

    def follow(self, selector: str) -> None:
        """The link or button is pressed by Enter and has led to its page."""
        self.tab_to(self.page.locator(selector).first)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.inputs += 1

    def choose(self, name: str, value: str, *, of_form: bool = False) -> None:
        """The radio button is chosen: Tab goes to its group, the arrow and space keys to it."""
        group = self.page.locator(f"input[name='{name}']")
        wanted = self.page.locator(f"input[name='{name}'][value='{value}']")
        self.tab_to(group)
        for _ in range(group.count() + 1):
            if wanted.is_checked():
                break
            on_it = wanted.evaluate("one => one === document.activeElement")
            self.page.keyboard.press("Space" if on_it else "ArrowRight")
        assert wanted.is_checked(), f"{name}={value} cannot be chosen by the keyboard"
        self.inputs += not of_form

    def pick(self, selector: str, label: str) -> None:
        """The option of a list in the item's own form is chosen by typing its beginning's place in the list."""
        self.tab_to(self.page.locator(selector))
        options = self.page.locator(f"{selector} option").all_inner_texts()
        for _ in range(options.index(label)):
            self.page.keyboard.press("ArrowDown")
        assert self.page.locator(selector).input_value() == label

    def fill_in(self, form: Locator, values: dict[str, str]) -> None:
        """These fields of the form hold these values; what a choice opens is there when it is filled in."""
        for name, value in values.items():
            field = form.locator(f"[name='{name}']")
            kind = field.first.evaluate("one => one.type")
            if kind in ("radio", "checkbox"):
                # Hidden behind its label, as the pages draw it.
                one = field if field.count() == 1 else form.locator(f"[name='{name}'][value='{value}']")
                one.evaluate("one => one.checked || one.click()")
            elif kind == "select-one":
                field.select_option(value)
            else:
                field.first.fill(value)

    def act(self, name: str, values: dict[str, str], *, prefix: str = "", scan: bytes = b"") -> None:
        """The act's form on the case's page is filled in and sent; the page says what came of it."""
        form = self.page.locator(f"form[action$='/{name}/']")
        form.evaluate("form => { for (let at = form; at; at = at.parentElement) { if ('open' in at) at.open = true } }")
        self.fill_in(form, {f"{prefix}{field}": value for field, value in values.items()})
        if scan:
            file: Any = {"name": "扫描件.png", "mimeType": "image/png", "buffer": scan}
            form.locator("input[type=file]").set_input_files([file])
        with self.page.expect_navigation():
            form.locator("button.btn").last.click()

    def officer_act(self, name: str, values: dict[str, str]) -> None:
        """The same at the county's console, where fields carry the act's name."""
        self.act(name, values, prefix=f"{name}-")

    def log_in(self, code: str) -> None:
        self.open("/login/")
        self.type_into("#id_username", code)
        self.type_into("#id_password", PASSWORD)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.page.locator(".yz-name").wait_for()

    def log_out(self) -> None:
        self.follow("form[action$='/logout/'] button")
        self.page.locator("#id_username").wait_for()

    def until(self, path: str, text: str) -> None:
        """The page says so; it is loaded anew until it does, as a person would."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while True:
            self.open(path)
            # The page asks for its bar itself every 15 seconds; what else it says changes when it is loaded.
            with contextlib.suppress(Exception):
                self.page.get_by_text(text).locator("visible=true").first.wait_for(timeout=1_500)
                # A page asks several questions: news between two of them is in its timeline, and not yet in its forms.
                self.open(path)
                return
            assert time.monotonic() < deadline, f"{path} never said {text!r}:\n{self.page.inner_text('body')[:1500]}"


def person(browser: Browser, name: str, base: str) -> Person:
    """Somebody new, with no cookies of anybody else."""
    context = browser.new_context(viewport=SCREEN, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    return Person(name, base, page)
