"""The pages of the watch: who sees what, exact figures from the database, and no more questions for more machines."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tenants.utils import schema_context

from core.county.registry.models import Node, SshAddress
from core.county.registry.selectors import cards_forget
from core.county.watch import prometheus
from core.county.watch.cases import Deadlines, deadlines_by_tenant
from core.county.watch.selectors import point_states
from core.county.watch.states import DUE, FINE, NEVER, REVOKED, SILENT, WAITING
from core.domain.cases.models import Case
from core.domain.journal import clock
from core.domain.journal.models import Cursor
from core.domain.journal.place import CORE
from tenants.connection import connection
from tenants.models import ServicePoint
from tests.core.registry_places import SCHEMA, villages_make
from tests.core.watching import client, drawn, fleet, says
from tests.enrolling import OTHER, TENANT, TOWN, VILLAGE

pytestmark = pytest.mark.django_db
URLS = "core.county.urls_public"
PAGES = ("overview", "map", "states", "ingest", "counters")


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.PROMETHEUS_URL = settings.ALERTMANAGER_URL = ""
    connection.set_schema_to_public()
    villages_make()
    cards_forget()
    prometheus.rest_forget()


def address(name: str, **arguments: str) -> str:
    return reverse(f"watch:{name}", urlconf=URLS, kwargs=arguments or None)


def text_of(page: str) -> str:
    """The page's words without its markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def states() -> dict[str, str]:
    return {point.code: point.state for point in point_states(at=timezone.now())}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_for_those_who_may(name):
    assert Client(HTTP_HOST="county.localhost").get(address(name)).status_code == 302
    assert client("clerk9", "clerk", tenant_code=TENANT).get(address(name)).status_code == 403
    assert client("op1", "operator").get(address(name)).status_code == 200
    assert client("admin1", "county_admin").get(address(name)).status_code == 200


def test_a_supervisor_sees_deadlines_but_no_machines():
    fleet()
    supervisor = client("jc01", "supervisor")
    for name in ("map", "states", "ingest"):
        assert supervisor.get(address(name)).status_code == 403
    assert supervisor.get(address("node", code=VILLAGE)).status_code == 403
    page = supervisor.get(address("overview")).content.decode()
    assert "3 cases due within 2 working days that never reached" in page
    assert address("node", code=VILLAGE) not in page and "heard of within 15 minutes" not in page
    assert "Deadlines by town" in supervisor.get(address("counters")).content.decode()


def test_a_supervisor_of_one_town_sees_that_town_only(town):
    town(7)
    fleet()
    supervisor = client("jc07", "supervisor", tenant_code="430321107000")
    assert "never reached the county" not in supervisor.get(address("overview")).content.decode()
    page = supervisor.get(address("counters")).content.decode()
    assert "第7镇" in page and "易俗河镇" not in page


def test_a_supervisor_of_one_department_is_sent_to_no_page_of_the_watch():
    department = client("jc09", "supervisor", department="11430321006340000A")
    assert department.get(address("overview")).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_a_halls_own_address_knows_no_watch(name):
    assert Client(HTTP_HOST="yisuhe.localhost").get(address(name)).status_code == 404


def test_each_machine_is_in_the_state_its_figures_say():
    assert states() == {TOWN: NEVER, VILLAGE: NEVER, OTHER: NEVER}
    fleet()
    assert states() == {TOWN: FINE, VILLAGE: DUE, OTHER: SILENT}
    says(VILLAGE, waiting=1, oldest_waiting_s=3_600)
    Node.objects.filter(pk=OTHER).update(revoked_at=timezone.now())
    assert states() == {TOWN: FINE, VILLAGE: WAITING, OTHER: REVOKED}


def test_what_a_late_status_says_is_forgotten_once_the_core_has_read_as_far():
    fleet()
    cursor = {"author": VILLAGE, "epoch": Node.objects.get(pk=VILLAGE).epoch, "audience": CORE}
    with schema_context(SCHEMA):
        Cursor.objects.create(**cursor, last_seq=39)
    assert states()[VILLAGE] == DUE
    with schema_context(SCHEMA):
        Cursor.objects.filter(**cursor).update(last_seq=40)
    assert states()[VILLAGE] == FINE


def test_cases_due_later_than_two_working_days_make_no_alarm():
    fleet()
    says(VILLAGE, waiting=1, waiting_cases=1, waiting_due=[[clock.today().toordinal() + 30, 1]], up_seq=3)
    assert states()[VILLAGE] == FINE


def test_the_overview_says_what_burns_in_the_order_of_urgency():
    fleet()
    page = text_of(client("op1", "operator").get(address("overview")).content.decode())
    first = page.index("某村便民服务站 holds 3 cases due within 2 working days that never reached the county.")
    second = page.index("易俗河镇: 1 machine is silent for 1 day or longer; cases that wait there: 1.")
    assert first < second
    assert "2 machines heard of within 15 minutes" in page
    assert "1 machines silent for 1 day or longer" in page
    assert "No alerts are configured here; this list was made from the database just now." in page
    assert "No Prometheus is configured" in page


def cases_make(*, today) -> None:
    """One case in each part, two overdue; one closed that was taken in today."""
    rows: list[tuple[str, int | None]] = [
        ("accepted", -1), ("under_review", -9), ("accepted", 0), ("accepted", 30), ("suspended", 1),
        ("submitted", None), ("completed", -3), ("delivered", -3),
    ]  # fmt: skip
    with schema_context(SCHEMA):
        Case.objects.bulk_create(
            Case(
                id=uuid4(), number=f"{n:025d}", item_code="x", status=status, rev=1, custodian=CORE, opened_by=CORE,
                service_point=TOWN, clerk="c", applicant_name="甲",
                promised_due=None if due is None else today + timedelta(due),
                opened_on=today if status == "delivered" else today - timedelta(9), is_open=status != "delivered",
                state=b"", state_hash=b"", updated_at=1,
            )
            for n, (status, due) in enumerate(rows)
        )  # fmt: skip


def test_open_cases_are_counted_by_their_deadline_town_by_town(town):
    town(7)
    today = clock.today()
    cases_make(today=today)
    found = deadlines_by_tenant(today=today, until=today + timedelta(4))
    assert found[TENANT] == Deadlines(overdue=2, soon=1, later=1, stopped=1, new=1, decided=1, today=1)
    assert found[TENANT].open == 7
    assert found["430321107000"] == Deadlines()
    page = text_of(client("op1", "operator").get(address("counters")).content.decode())
    assert "Together 2 1 1 1 1 1 7 1" in page
    assert "易俗河镇 2 1 1 1 1 1 7 1" in page


def test_the_map_lists_every_service_point_with_symbol_word_and_link():
    fleet()
    ServicePoint.objects.filter(pk=VILLAGE).update(longitude="112.95", latitude="27.77")
    page = client("op1", "operator").get(address("map")).content.decode()
    expected = {
        TOWN: ("fine", "Fine"),
        VILLAGE: ("due", "3 cases due, not arrived"),
        OTHER: ("silent", "Silent · 5 days"),
    }
    for code, (state, words) in expected.items():
        tile = re.search(rf'<a class="w-tile w-{state}[^>]*id="p{code}".*?</a>', page, re.S)
        assert tile and words in tile[0] and f'href="#w-{state}"' in tile[0] and address("node", code=code) in tile[0]
    drawing = drawn(page, "scale")
    assert [one["state"] for one in drawing["series"]] == ["due"]
    assert drawing["series"][0]["points"][0][:3] == [112.95, 27.77, "某村便民服务站"]
    assert "1 of 3 service points have a position" in page


def test_the_map_shows_one_state_or_one_town(town):
    town(7)
    fleet()
    operator = client("op1", "operator")
    page = operator.get(address("map") + "?state=silent").content.decode()
    assert f'id="p{OTHER}"' in page and f'id="p{VILLAGE}"' not in page
    nothing = operator.get(address("map") + "?tenant=430321107000&state=due").content.decode()
    assert "No service point is in this state" in nothing
    assert f'id="p{OTHER}"' not in operator.get(address("map") + "?tenant=430321107000").content.decode()


def test_the_states_are_asked_for_as_json():
    fleet()
    answer = client("op1", "operator").get(address("states")).json()
    assert answer["points"] == [
        [TOWN, "fine", "Fine", "Fine"], [VILLAGE, "due", "Due soon, not arrived", "3 cases due, not arrived"],
        [OTHER, "silent", "Silent", "Silent · 5 days"],
    ]  # fmt: skip
    assert (answer["counts"]["due"], answer["counts"]["fine"], answer["counts"]["held"]) == (1, 1, 0)


def test_a_machines_page_says_what_it_said_and_how_it_is_reached():
    fleet()
    at = says(
        VILLAGE, quiet=timedelta(days=2), waiting=4, battery_percent=15, held=["core/1>x: gap"], connected=[TOWN],
        contacts=[[TOWN, 1_763_700_000_000], [CORE, 0]], rollout_outcome="rolled_back", rollout_version="1.5.0",
        rollout_reason="self-test failed", rollout_at_ms=1_763_700_000_000, health=3,
    )  # fmt: skip
    SshAddress.objects.create(
        service_point=VILLAGE, ssh_host="10.1.2.3", ssh_host_key="ssh-ed25519 A", ring=1, changed_at=at,
        changed_by="op1",
    )  # fmt: skip
    page = text_of(client("op1", "operator").get(address("node", code=VILLAGE)).content.decode())
    for words in (
        "Stream held", "Since then nothing was heard", "core/1>x: gap", "15 %", "went back to the version before 1.5.0",
        "self-test failed", "failed (3)", "SSH root@10.1.2.3:22", "its host key is known", "second (1): the next tenth",
        "not connected", "County core", "40 of 120 GB free",
    ):  # fmt: skip
        assert words in page, words


def test_a_machine_nobody_can_reach_fetches_its_versions_itself():
    enrolled = client("op1", "operator")
    SshAddress.objects.create(service_point=VILLAGE, ring=2, changed_at=timezone.now(), changed_by="op1")
    page = enrolled.get(address("node", code=VILLAGE)).content.decode()
    assert "not by SSH: it fetches its versions itself" in page and "It has said nothing yet." in page
    other = enrolled.get(address("node", code=OTHER)).content.decode()
    assert "nobody has said; see manage.py node_address" in other


def test_an_unknown_service_point_leads_back_to_the_map():
    answer = client("op1", "operator").get(address("node", code="430321999999-01"), follow=True)
    assert answer.redirect_chain[-1][0] == address("map")


def test_what_arrives_is_told_by_town():
    with schema_context(SCHEMA):
        Cursor.objects.create(author=TOWN, epoch=1, audience=CORE, last_seq=3, read_at_ms=1_763_700_000_000)
        Cursor.objects.create(author=VILLAGE, epoch=1, audience=CORE, held_reason="gap")
    page = text_of(client("op1", "operator").get(address("ingest")).content.decode())
    assert "2 streams are read" in page and "1 stand still" in page
    assert "易俗河镇 21 November 2025 12:40 — — — 2 1 0 0 0" in page


def test_more_machines_are_no_more_questions(django_assert_max_num_queries):
    fleet()
    operator = client("op1", "operator")
    for name in ("map", "overview", "states"):
        operator.get(address(name))
    with django_assert_max_num_queries(40) as few:
        operator.get(address("map"))
    ServicePoint.objects.bulk_create(
        ServicePoint(code=f"43032110{n:04d}-01", tenant_code=TENANT, division=f"43032110{n:04d}", level="village",
                     name=f"第{n}村", kind="village") for n in range(1000, 1300)
    )  # fmt: skip
    before = len(few)
    with django_assert_max_num_queries(before):
        page = operator.get(address("map")).content.decode()
    assert page.count("w-tile") == 303


def test_no_script_of_a_page_stands_in_the_page():
    fleet()
    operator = client("op1", "operator")
    for name in ("overview", "map", "ingest", "counters"):
        page = operator.get(address(name)).content.decode()
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S)
        assert scripts
        assert all("src=" in head or 'type="application/json"' in head for head, _body in scripts)
        assert not re.search(r"\son[a-z]+=", page)
    assert "echarts" not in operator.get(reverse("registry:fleet", urlconf=URLS)).content.decode()


def test_a_position_is_entered_on_the_service_points_page_and_refused_beside_its_field():
    operator = client("op1", "operator")
    position = reverse("registry:position", urlconf=URLS, kwargs={"code": VILLAGE})
    answer = operator.post(position, {"longitude": "27.77", "latitude": "112.95"})
    assert answer.status_code == 400 and "are exchanged" in answer.content.decode()
    assert operator.post(position, {"longitude": "112.95", "latitude": ""}).status_code == 400
    assert ServicePoint.objects.get(pk=VILLAGE).longitude is None
    assert operator.post(position, {"longitude": "112.95", "latitude": "27.77"}).status_code == 302
    assert str(ServicePoint.objects.get(pk=VILLAGE).longitude) == "112.950000"
    point = operator.get(reverse("registry:point", urlconf=URLS, kwargs={"code": VILLAGE})).content.decode()
    assert "112.950000, 27.770000" in point and address("node", code=VILLAGE) in point
    assert operator.post(position, {"longitude": "", "latitude": ""}).status_code == 302
    assert ServicePoint.objects.get(pk=VILLAGE).longitude is None
