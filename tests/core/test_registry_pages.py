"""The registry's pages, and the address machines talk to."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from core.county.registry.keys import core_identity
from core.county.registry.models import EnrolmentCode, FailedAttempt, Node
from core.county.registry.selectors import cards_forget, nodes_enrolled
from core.county.registry.services import node_status_keep
from core.domain.journal.format import NodeStatus, encode
from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from core.exchange.enrolment import EnrolCall, fingerprint_of, response_open
from tenants.connection import connection
from tests.core.registry_places import LATER, code_for, enrol, villages_make
from tests.enrolling import TENANT, TOWN, VILLAGE, keys_new, request

pytestmark = pytest.mark.django_db
URLS = "core.county.urls_public"


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    connection.set_schema_to_public()
    villages_make()
    cards_forget()


def address(name: str, **arguments: str) -> str:
    return reverse(f"registry:{name}", urlconf=URLS, kwargs=arguments or None)


@pytest.fixture
def admin() -> Client:
    return _client("admin1", "county_admin")


def _client(code: str, role: str, **place: str) -> Client:
    user = user_create(code=code, name="周海燕", password="Yizhan-2026")
    membership_grant(user_code=code, role=role, **place)
    client = Client(HTTP_HOST="county.localhost", headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask(code: str, data: bytes, client: Client | None = None):
    body = encode(EnrolCall(code=code, request=data))
    return (client or Client(HTTP_HOST="county.localhost")).post(
        "/enrol/", body, content_type="application/octet-stream"
    )


def now_code(service_point: str = VILLAGE) -> str:
    from django.utils import timezone

    from core.county.registry.services import enrolment_code_issue

    return enrolment_code_issue(service_point=service_point, by="admin1", at=timezone.now()).text


def test_a_machine_gets_its_sealed_answer_without_login_or_csrf_token():
    keys = keys_new()
    answer = ask(now_code(), request(keys), Client(HTTP_HOST="county.localhost", enforce_csrf_checks=True))
    assert answer.status_code == 200
    assert response_open(answer.content, keys).card.node == VILLAGE


def test_a_refusal_names_its_code_and_says_what_to_do():
    answer = ask("AAAA-BBBB-CCCC", request(keys_new()))
    assert answer.status_code == 403
    assert answer.json()["error"] == "code_unknown"
    assert len(answer.json()["message"]) > 20
    assert not Node.objects.exists()


def test_after_ten_wrong_codes_an_address_must_wait_even_with_the_right_one():
    code = now_code()
    for _ in range(10):
        assert ask("AAAA-BBBB-CCCC", request(keys_new())).status_code == 403
    answer = ask(code, request(keys_new()))
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_attempts")
    assert FailedAttempt.objects.count() == 10
    assert not Node.objects.exists()


@pytest.mark.parametrize("body", [b"", b"\xff" * 100, b"x" * 100_000])
def test_rubbish_is_refused_in_words(body):
    answer = Client(HTTP_HOST="county.localhost").post("/enrol/", body, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["error"]) == (400, "request_damaged")


def test_only_the_countys_own_host_answers_machines():
    keys = keys_new()
    assert ask(now_code(), request(keys), Client(HTTP_HOST="yisuhe.localhost")).status_code == 404
    assert Client(HTTP_HOST="county.localhost").get("/enrol/").status_code == 405


@pytest.mark.parametrize("name", ["fleet", "points", "staff_list", "staff_new"])
def test_pages_are_for_those_who_may(name):
    assert Client(HTTP_HOST="county.localhost").get(address(name)).status_code == 302
    assert _client("clerk9", "clerk", tenant_code=TENANT).get(address(name)).status_code == 403


def test_an_operator_sees_nodes_but_no_accounts():
    operator = _client("op1", "operator")
    assert operator.get(address("fleet")).status_code == 200
    assert operator.get(address("staff_list")).status_code == 403


def test_the_fleet_says_what_a_node_says_of_itself(admin):
    enrol(VILLAGE)
    gib = 1024**3
    status = NodeStatus(
        node=VILLAGE, epoch=1, made_at_ms=1, version="1.4.0", release=7, waiting=12, oldest_waiting_s=7200,
        open_cases=3, disk_free=2 * gib, disk_total=100 * gib, clock_offset_ms=300_000, held=("core: gap",),
    )  # fmt: skip
    node_status_keep(status=status, at=LATER)
    page = admin.get(address("fleet")).content.decode()
    for words in ("某村便民服务站", "1.4.0", "2 of 100 GB free", "300 s slow", "disk nearly full", "core: gap"):
        assert words in page
    assert "No contact" in page
    assert Node.objects.values_list("status__waiting", flat=True).get() == 12


def test_a_status_of_an_earlier_epoch_is_passed_over():
    enrol(VILLAGE)
    enrol(VILLAGE)
    node_status_keep(
        status=NodeStatus(
            node=VILLAGE, epoch=1, made_at_ms=1, version="1", release=0, waiting=0, oldest_waiting_s=0, open_cases=0,
            disk_free=1, disk_total=1,
        ),
        at=LATER,
    )  # fmt: skip
    assert Node.objects.get().last_seen is None


def test_a_code_is_shown_once_with_its_square_and_then_the_six_characters(admin):
    answer = admin.post(address("code_issue", code=VILLAGE), follow=True)
    page = answer.content.decode()
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page)
    assert found and "<svg" in page and "Waiting for the machine" in page
    other = _client("admin2", "county_admin").get(address("point", code=VILLAGE)).content.decode()
    assert found[0] not in other
    assert admin.get(address("asked", code=VILLAGE)).status_code == 204
    keys = keys_new()
    card = response_open(ask(found[0], request(keys, hostname="村部电脑")).content, keys).card
    page = admin.get(address("asked", code=VILLAGE)).content.decode()
    assert fingerprint_of(card, core_identity().root_key) in page
    assert "村部电脑" in page and found[0] not in page
    assert "hx-get" not in page


def test_a_request_file_becomes_a_response_file(admin):
    keys = keys_new()
    upload = SimpleUploadedFile("village.request", request(keys))
    answer = admin.post(address("file_answer", code=VILLAGE), {"request": upload})
    assert answer["Content-Disposition"] == f'attachment; filename="{VILLAGE}.response"'
    assert response_open(answer.content, keys).card.node == VILLAGE


def test_a_wrong_file_changes_nothing_and_says_so(admin):
    for data in (b"not a request", b"x" * 100_000):
        answer = admin.post(
            address("file_answer", code=VILLAGE), {"request": SimpleUploadedFile("a.pdf", data)}, follow=True
        )
        assert "nothing was changed" in answer.content.decode()
    assert not Node.objects.exists()


def test_revoking_says_first_what_it_changes(admin):
    enrol(TOWN)
    enrol(VILLAGE)
    page = admin.get(address("revoke", code=TOWN)).content.decode()
    assert "某村便民服务站" in page and "takes no new work" in page
    assert len(nodes_enrolled()) == 2
    admin.post(address("revoke", code=TOWN))
    assert [card.node for card in nodes_enrolled()] == [VILLAGE]
    assert Node.objects.get(pk=TOWN).revoked_by == "admin1"


def test_an_unknown_service_point_leads_back_to_the_list(admin):
    for name in ("point", "revoke"):
        answer = admin.get(address(name, code="430321999999-01"), follow=True)
        assert answer.redirect_chain[-1][0] == address("points")
    assert admin.post(address("code_issue", code="430321999999-01")).status_code == 302
    assert not EnrolmentCode.objects.exists()


def test_the_command_issues_a_code_and_answers_a_request_file(tmp_path, capsys):
    import json

    call_command("enrol_node", VILLAGE, "--json")
    assert len(json.loads(capsys.readouterr().out)["code"]) == 14
    keys = keys_new()
    (tmp_path / "r").write_bytes(request(keys))
    call_command("enrol_node", VILLAGE, "--request", str(tmp_path / "r"), "--response", str(tmp_path / "a"), "--json")
    done = json.loads(capsys.readouterr().out)
    opened = response_open((tmp_path / "a").read_bytes(), keys)
    assert done["fingerprint"] == fingerprint_of(opened.card, opened.response.root_key)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(("430321999999-01",), 1), ((VILLAGE, "--request", "r"), 2), ((VILLAGE, "--request", "no", "--response", "a"), 2)],
)
def test_the_commands_exit_codes_mean_something(arguments, exit_code):
    with pytest.raises(CommandError) as failed:
        call_command("enrol_node", *arguments)
    assert failed.value.returncode == exit_code


def test_an_account_is_made_and_given_a_role(admin):
    new = {"code": "chen1", "name": "陈大明", "phone": "", "password": "Zhan-2026-yi"}
    admin.post(address("staff_new"), new)
    place = {"role": "village_agent", "place": f"{TENANT}/{VILLAGE}"}
    admin.post(address("staff_change", code="chen1", what="grant"), place)
    user = User.objects.get(code="chen1")
    assert user.check_password("Zhan-2026-yi")
    assert list(user.memberships.values_list("role", "tenant_code", "service_point")) == [
        ("village_agent", TENANT, VILLAGE)
    ]
    assert "陈大明" in admin.get(address("staff_list") + "?q=chen").content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"password": "12345678"}, "too common"), ({"code": "admin1"}, "already"), ({"code": "Chen 1"}, "valid")],
)
def test_a_bad_account_is_refused_beside_its_field(admin, fields, words):
    new = {"code": "chen1", "name": "陈大明", "phone": "", "password": "Zhan-2026-yi"} | fields
    answer = admin.post(address("staff_new"), new)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "reviewer", "place": "county", "department": ""},
        {"role": "county_admin", "place": TENANT},
        {"role": "king", "place": "county"},
        {"role": "clerk", "place": "430399999999"},
    ],
)
def test_a_role_that_means_nothing_there_is_not_given(admin, fields):
    user_create(code="chen1", name="陈大明", password="x")
    answer = admin.post(address("staff_change", code="chen1", what="grant"), fields)
    assert answer.status_code == 400
    assert not User.objects.get(code="chen1").memberships.exists()


def test_password_name_and_shutting_an_account(admin):
    user_create(code="chen1", name="陈大明", password="x")
    assert admin.post(address("staff_change", code="chen1", what="password"), {"password": "short"}).status_code == 400
    admin.post(address("staff_change", code="chen1", what="password"), {"password": "Zhan-2026-yi"})
    admin.post(address("staff_change", code="chen1", what="change"), {"name": "陈小明", "phone": "13800000000"})
    admin.post(address("staff_change", code="chen1", what="deactivate"))
    user = User.objects.get(code="chen1")
    assert user.check_password("Zhan-2026-yi")
    assert (user.name, user.phone, user.is_active) == ("陈小明", "13800000000", False)
    admin.post(address("staff_change", code="chen1", what="activate"))
    assert User.objects.get(code="chen1").is_active


def test_nobody_shuts_themselves_out(admin):
    me = User.objects.get(code="admin1")
    admin.post(address("staff_change", code="admin1", what="deactivate"))
    row = me.memberships.get()
    admin.post(address("staff_change", code="admin1", what="withdraw"), {"membership": str(row.pk)})
    assert User.objects.get(code="admin1").is_active
    assert me.memberships.count() == 1


def test_a_code_used_elsewhere_is_not_guessed_from_the_page():
    """Only a hash stands in the database, so no page can show a code again."""
    code = code_for(VILLAGE)
    assert code not in str(EnrolmentCode.objects.values())
