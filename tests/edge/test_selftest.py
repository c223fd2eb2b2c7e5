"""The node's self-test and the sign that a case stands on a screen."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from core.exchange.keyring import keys_keep
from edge_node import checks, enrolment, screen
from edge_node.identity import identity_forget, keys_folder
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
