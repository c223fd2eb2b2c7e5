"""Every page has an id of this machine's making; one that says no tells it, so that a clerk can tell the operator."""

import io
import json
import logging
import re

import pytest
from django.test import Client
from msgspec.structs import replace

from core.domain.cases import services
from core.domain.cases.fold import fold
from core.domain.cases.models import Case
from core.domain.cases.state import CaseState, state_bytes
from core.domain.journal.models import Entry
from core.domain.journal.selectors import entries_of_case
from core.logs import Formatter
from tests.domain import build
from tests.edge.counter_desk import desk, typed

pytestmark = pytest.mark.django_db
__all__ = ["desk"]
ID = re.compile("[0-9a-f]{16}")


def requests(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    said = [record.msg for record in caplog.records if record.name == "core.counter.tracing"]
    return [line for line in said if isinstance(line, dict)]


def test_an_id_is_made_here_and_anew_whatever_the_browser_sends(desk):
    sent = {"X-Request-Id": "0123456789abcdef", "Traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
    answers = [desk.get("/", headers=sent)["X-Request-Id"] for _ in range(2)]
    assert all(ID.fullmatch(one) for one in answers)
    assert len({*answers, "0123456789abcdef"}) == 3


def test_the_entries_of_one_act_carry_the_id_of_its_request_and_the_next_act_another(desk):
    first = desk.post(f"/intake/{build.CARD}/", typed())
    assert first.status_code == 302
    case = Case.objects.get()
    entries = entries_of_case(case.pk)
    assert {entry.trace for entry in entries} == {first["X-Request-Id"]} and len(entries) > 2
    second = desk.post(f"/cases/{case.pk}/acts/note/", {"text": "已电话告知"})
    # A note commutes: it has no rev, and so comes first.
    assert entries_of_case(case.pk)[0].trace in {first["X-Request-Id"], second["X-Request-Id"]}
    assert {entry.trace for entry in entries_of_case(case.pk)} == {first["X-Request-Id"], second["X-Request-Id"]}


def test_what_a_case_has_become_does_not_depend_on_any_trace(desk):
    desk.post(f"/intake/{build.CARD}/", typed())
    case = Case.objects.get()
    other: CaseState | None = None
    for entry in sorted(entries_of_case(case.pk), key=lambda one: one.at):
        other = fold(other, replace(entry, trace="f" * 16))
    assert other is not None and state_bytes(other) == bytes(case.state)


@pytest.mark.parametrize(("path", "status"), [("/no/such/page/", 404), ("/cases/张三/", 404), ("/cases/?page=x", 200)])
def test_a_page_that_says_no_tells_its_id(desk, path, status):
    answer = desk.get(path)
    assert answer.status_code == status
    assert (answer["X-Request-Id"] in answer.content.decode()) is (status != 200)


def test_a_page_that_fails_tells_its_id_and_the_log_has_it(desk, monkeypatch, caplog):
    def fails(*args: object, **more: object) -> None:
        raise RuntimeError("陈秀英")

    monkeypatch.setattr("core.domain.cases.services.note_add", fails)
    state = services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    desk.raise_request_exception = False
    with caplog.at_level(logging.INFO):
        answer = desk.post(f"/cases/{state.id}/acts/note/", {"text": "x"})
    assert answer.status_code == 500
    assert answer["X-Request-Id"] in answer.content.decode() and "运维编号" in answer.content.decode()
    [line] = requests(caplog)
    assert (line["status"], line["view"], line["method"]) == (500, "counter:act", "POST")
    assert "entries" not in line


def test_what_django_says_of_a_refused_page_has_its_id_and_nothing_of_its_address(desk):
    out, log = io.StringIO(), logging.getLogger("django.request")
    handler = logging.StreamHandler(out)
    handler.setFormatter(Formatter(as_json=True))
    log.addHandler(handler)
    answer = desk.get("/cases/陈秀英/?q=13812345678")
    log.removeHandler(handler)
    [line] = [json.loads(one) for one in out.getvalue().splitlines()]
    assert (line["event"], line["request"]) == ("Not Found: /cases/[text]/", answer["X-Request-Id"])


def test_reading_pages_fills_no_log_and_acts_are_one_line_each(desk, caplog):
    with caplog.at_level(logging.INFO):
        desk.get("/")
        desk.get("/cases/?text=张三")
        assert requests(caplog) == []
        desk.post(f"/intake/{build.CARD}/", typed())
    [line] = requests(caplog)
    assert (line["event"], line["view"], line["status"]) == ("request", "counter:intake", 302)
    assert line["entries"] == Entry.objects.count()


def test_a_file_of_the_program_has_an_id_too():
    assert ID.fullmatch(Client().get("/static/css/yizhan.css")["X-Request-Id"])
