"""The node's self-test and the sign that a case stands on a screen."""

import json
import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from core.exchange.keyring import keys_keep
from edge_node import checks, enrolment, screen
from edge_node.identity import identity_forget, keys_folder
from edge_node.rollout_said import RolloutSaid, rollout_said
from tests.domain import build
from tests.enrolling import VILLAGE, card, county

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def machine_folder(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    settings.VAR_DIR.mkdir()
    settings.HERE = "edge_node.identity.here"
    monkeypatch.delenv("YIZHAN_WEB", raising=False)
    identity_forget()
    yield
    identity_forget()


def enrolled() -> None:
    keys = keys_keep(keys_folder())
    enrolment.response_apply(county().response(card(VILLAGE, keys, device_id="")))
    identity_forget()


def check() -> tuple[int, dict[str, str]]:
    out = StringIO()
    code = 0
    try:
        call_command("status", "--check", "--json", stdout=out)
    except CommandError as error:
        code = error.returncode
    return code, json.loads(out.getvalue())["failing"]


def test_a_machine_that_is_not_enrolled_says_so_and_nothing_worse():
    assert check() == (2, {"enrolled": "not enrolled"})


def test_a_node_with_its_catalogue_is_well():
    enrolled()
    build.catalogue()
    assert check() == (0, {})


def test_a_missing_catalogue_wants_attention():
    enrolled()
    assert check() == (1, {"catalogue": "missing"})


def test_services_that_do_not_answer_are_worse_than_a_missing_catalogue(monkeypatch):
    enrolled()
    # Port 9 is nobody's.
    monkeypatch.setenv("YIZHAN_WEB", "127.0.0.1:9")
    monkeypatch.setenv("YIZHAN_TRANSPORT", "copy")
    code, failing = check()
    assert (code, sorted(failing)) == (4, ["agent", "catalogue", "web"])


def test_a_journal_whose_entries_could_be_changed_fails_before_all_else():
    enrolled()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER journal_entry_no_update")
    assert check() == (3, {"database": "entries could be changed: journal_entry_no_update is missing"})


@pytest.mark.parametrize(
    ("found", "code"),
    [({}, 0), ({"disk": "1 MB free"}, 1), ({"enrolled": "no"}, 2), ({"database": "no", "web": "no"}, 3),
     ({"sync": "no", "streams": "held"}, 4)],
)  # fmt: skip
def test_the_worst_decides_the_exit_code(found, code):
    assert checks.exit_code(found) == code


def seen(rf, page: str, *, logged_in: bool = True, path: str = "/network/") -> bool:
    request = rf.get(path, headers={"HX-Current-URL": f"http://127.0.0.1:8000{page}"} if page else {})
    request.user = type("User", (), {"is_authenticated": logged_in})()
    screen.ScreenMiddleware(lambda request: None)(request)  # type: ignore[arg-type,return-value]
    return screen.screen_path().exists()


def test_a_form_left_open_shows_itself_by_the_network_bar_it_asks_for(rf):
    assert seen(rf, "/intake/430000000001/")


def test_a_case_page_asked_for_is_on_screen_at_once(rf):
    assert seen(rf, "", path="/cases/0190b7a4-0000-7000-8000-000000000001/")


@pytest.mark.parametrize("page", ["/", "/cases/", "/items/", "/login/"])
def test_lists_and_the_first_page_are_no_case_on_a_screen(rf, page):
    assert not seen(rf, page)


def test_a_page_whose_session_has_ended_does_not_count(rf):
    assert not seen(rf, "/intake/430000000001/", logged_in=False)


def test_the_agents_quick_look_says_the_same_code_as_the_self_test_in_some_milliseconds(monkeypatch):
    assert checks.health_code() == 2
    enrolled()
    assert checks.health_code() == 1
    build.catalogue()
    assert checks.health_code() == 0
    started = time.process_time()
    for _ in range(20):
        checks.health_code()
    assert (time.process_time() - started) / 20 < 0.05
    monkeypatch.setenv("YIZHAN_WEB", "127.0.0.1:9")
    assert checks.health_code() == 4


def test_entries_that_could_be_changed_are_found_by_the_quick_look_too():
    enrolled()
    build.catalogue()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER journal_entry_no_update")
    assert checks.health_code() == 3


def test_a_node_says_what_became_of_the_last_version_offered_to_it(tmp_path, monkeypatch):
    monkeypatch.setenv("YIZHAN_ROLLOUT_DIR", str(tmp_path))
    assert rollout_said() == RolloutSaid()
    (tmp_path / "facts.json").write_text(
        json.dumps({
            "version": "1.0.0", "previous": "1.0.0", "wanted": "2.0.0", "outcome": "rolled_back", "trigger": "pull",
            "reason": "no answer " * 100, "started_at": "2026-11-22T02:10:00+00:00",
            "ended_at": "2026-11-22T02:12:00+00:00", "steps": [],
        })
    )  # fmt: skip
    assert rollout_said() == RolloutSaid(
        outcome="rolled_back", version="2.0.0", reason=("no answer " * 30)[:300], at_ms=1_795_313_520_000
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"outcome": "done"}', '{"outcome": "done", "ended_at": 7}', "\xff"]
)
def test_facts_that_are_none_say_nothing_and_break_nothing(tmp_path, monkeypatch, text):
    monkeypatch.setenv("YIZHAN_ROLLOUT_DIR", str(tmp_path))
    (tmp_path / "facts.json").write_bytes(text.encode("latin-1"))
    assert rollout_said() == RolloutSaid()
