"""What a person's browser does, for the demo: follows pages, fills in the forms it finds, keeps its cookies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

from .processes import DemoFailed

SECONDS = 60


@dataclass
class Form:
    """A form of a page: where it goes, its fields as they stand, its buttons."""

    action: str
    method: str
    identity: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower(), given.get("id", "")))
        elif self.forms:
            self._field(tag, given, self.forms[-1])

    def _field(self, tag: str, given: dict[str, str], form: Form) -> None:
        name = given.get("name", "")
        if tag == "input" and name:
            self._input(given, form, name)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            self._area = name
            form.fields[name] = ""
        elif tag == "button" and given.get("type", "submit") == "submit":
            form.buttons.append((name, given.get("value", "")))

    def _input(self, given: dict[str, str], form: Form, name: str) -> None:
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio"):
            form.choices.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                form.fields[name] = given.get("value", "on")
        elif kind == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif kind != "file":
            form.fields[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area and self.forms:
            self.forms[-1].fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


@dataclass
class Page:
    url: str
    status: int
    text: str

    def form(self, *, has: str = "", action: str = "") -> Form:
        """The first form with a field `has`, or whose address ends with `action`. Raises DemoFailed."""
        parser = _Forms()
        parser.feed(self.text)
        for form in parser.forms:
            named = has in form.fields or has in form.choices if has else True
            if named and (not action or form.action.rstrip("/").endswith(action.rstrip("/"))):
                return form
        raise DemoFailed(f"{self.url} ({self.status}) has no form with {has or action!r}")

    def errors(self) -> str:
        """The words of the page's error messages, else its address: for whoever mends the demo."""
        marked = re.findall(r'class="[^"]*(?:alert|yz-error)[^"]*"[^>]*>(.*?)</(?:div|p)>', self.text, re.S)
        words = [re.sub(r"<[^>]+>|\s+", " ", one).strip() for one in marked]
        return "; ".join(word for word in words if word)[:500] or self.url


class Browser:
    """One person at one machine: `base` like http://127.0.0.1:8401, `host` where the name differs from the address,
    `ca` the file of the authority that is believed, where it is the county's own."""

    def __init__(self, base: str, host: str = "", *, ca: str = "") -> None:
        self.base = base
        self._session = requests.Session()
        self._session.trust_env = False
        if ca:
            self._session.verify = ca
        if host:
            self._session.headers["Host"] = host
        self._session.headers["Accept-Language"] = "zh-CN"

    def get(self, path: str) -> Page:
        return self._page(self._session.get(urljoin(self.base, path), timeout=SECONDS))

    def submit(self, page: Page, form: Form, values: dict[str, Any], *, button: str = "") -> Page:
        """The form goes in with these values over what stood in it. Raises DemoFailed on a server error."""
        data = {**form.fields, **values}
        for name, value in form.buttons:
            if name and (not button or button in (name, value)):
                data.setdefault(name, value)
                break
        url = urljoin(page.url, form.action) if form.action else page.url
        if form.method == "get":
            return self._page(self._session.get(url, params=data, timeout=SECONDS))
        return self._page(self._session.post(url, data=data, headers={"Referer": page.url}, timeout=SECONDS))

    def fill(self, path: str, values: dict[str, Any], *, has: str = "", action: str = "") -> Page:
        """The form with this field, or address, of the page at `path` goes in. Raises DemoFailed where it may not."""
        page = self.get(path)
        answer = self.submit(page, page.form(has=has, action=action), values)
        if answer.status >= 400:
            raise DemoFailed(f"{path} was refused ({answer.status}): {answer.errors()}")
        return answer

    def login(self, code: str, password: str) -> None:
        """Raises DemoFailed where the page says no."""
        page = self.get("/login/")
        answer = self.submit(page, page.form(has="password"), {"username": code, "password": password})
        if "login" in answer.url:
            raise DemoFailed(f"{code} cannot log in at {self.base}")

    def _page(self, response: requests.Response) -> Page:
        page = Page(url=response.url, status=response.status_code, text=response.text)
        if page.status >= 500:
            raise DemoFailed(f"{page.url} answered {page.status}: {page.errors()}")
        return page
