"""History and alerts from Prometheus and Alertmanager: shown where they answer, honestly missed where they do not."""

import re
import socket
import time

import pytest
from django.urls import reverse
from django.utils import timezone

from core.county.registry.selectors import cards_forget
from core.county.watch import prometheus
from core.county.watch.burning import ROWS
from tenants.connection import connection
from tests.core.registry_places import villages_make
from tests.core.watching import client, drawn, fleet, matrix, monitoring, vector
from tests.enrolling import TENANT, VILLAGE

pytestmark = pytest.mark.django_db
RANGE, NOW, ALERTS, MANAGER = "/api/v1/query_range", "/api/v1/query", "/api/v1/alerts", "/api/v2/alerts"
NO_ANSWER = "Prometheus does not answer now"


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.PROMETHEUS_URL = settings.ALERTMANAGER_URL = ""
    connection.set_schema_to_public()
    villages_make()
    cards_forget()
    prometheus.rest_forget()
    yield
    prometheus.rest_forget()


@pytest.fixture
def server(settings):
    with monitoring() as found:
        settings.PROMETHEUS_URL = found.url
        yield found


def page_of(name: str, who=None, query: str = "", **arguments: str) -> str:
    path = reverse(f"watch:{name}", urlconf="core.county.urls_public", kwargs=arguments or None)
    return (who or client("op1", "operator")).get(path + query).content.decode()


def alert(name: str, severity: str, summary: str, **labels: str) -> dict[str, object]:
    return {
        "labels": {"alertname": name, "severity": severity, **labels}, "state": "firing",
        "annotations": {"summary": summary, "runbook": "docs/runbooks/case-due-soon.md"},
        "activeAt": "2025-11-21T04:00:00.123456789Z", "startsAt": "2025-11-21T04:00:00.123Z",
    }  # fmt: skip


def test_a_machines_history_is_drawn_and_written_as_a_table(server):
    fleet()
    now = int(timezone.now().timestamp()) // 360 * 360
    points = [(float(now - 360 * n), float(n)) for n in range(239, -1, -1)]
    server.answers[RANGE] = lambda query: matrix(({}, points)) if "waiting_entries" in query else matrix()
    page = page_of("node", code=VILLAGE)
    data = drawn(page, "history-waiting")
    assert data["kind"] == "line" and data["step"] == 360
    assert data["to"] - data["from"] == 86_400_000
    assert data["series"] == [{"name": "Entries", "tone": "", "points": [[at * 1000, value] for at, value in points]}]
    table = page[page.index('id="history-waiting"') :]
    assert table.count("<tr>") == 25  # the head, and 24 rows of 240 points
    assert f'yizhan_node_waiting_entries{{node="{VILLAGE}"}}' in [query for _path, query in server.asked]
    assert NO_ANSWER not in page and "No Prometheus" not in page


def test_a_page_is_over_the_time_that_was_chosen(server):
    fleet()
    server.answers[RANGE] = matrix(({}, [(1.0, 2.0)]))
    page = page_of("node", code=VILLAGE, query="?span=7d")
    assert re.search(r'href="\?span=7d" aria-current="true"', page)
    assert drawn(page, "history-waiting")["step"] == 2520
    page = page_of("node", client("op2", "operator"), "?span=1y", code=VILLAGE)
    assert re.search(r'href="\?span=24h" aria-current="true"', page)


def test_open_cases_over_time_are_told_by_their_light(server):
    lights = ["none", "wait", "green", "amber", "red"]
    server.answers[RANGE] = matrix(*(({"light": light}, [(60.0, 7.0 + n)]) for n, light in enumerate(lights)))
    series = drawn(page_of("overview"), "history-cases")["series"]
    assert [(one["name"], one["tone"], one["points"][0][1]) for one in series] == [
        ("overdue", "red", 11.0), ("due soon", "amber", 10.0), ("in time", "green", 9.0),
        ("Clock stands still", "plain", 8.0), ("Not accepted yet, or decided", "dim", 7.0),
    ]  # fmt: skip


def test_the_alerts_that_fire_are_shown_in_their_own_words_the_worst_first(server):
    fleet()
    server.answers[RANGE] = matrix()
    server.answers[ALERTS] = {"status": "success", "data": {"alerts": [
        alert("TownAlone", "warning", "石鼓镇已失联 3 天。", tenant=TENANT),
        alert("CaseDueSoon", "critical", "某村有 3 件<b>临期</b>办件从未到达县里。", node=VILLAGE, tenant=TENANT),
        alert("Odd", "strange", "别的"),
        alert("Pending", "critical", "还没触发") | {"state": "pending"},
    ]}}  # fmt: skip
    page = page_of("overview")
    assert "某村有 3 件&lt;b&gt;临期&lt;/b&gt;办件从未到达县里。" in page
    assert page.index("临期") < page.index("石鼓镇已失联 3 天。")
    assert "holds 3 cases" not in page  # the alert says it already
    assert "还没触发" not in page and "docs/runbooks/case-due-soon.md" in page
    assert "since 21 November 2025 12:00" in page
    assert "These are the alerts that fire now; " in page


def test_the_alert_that_always_fires_is_no_fire(server):
    always = alert("Watchdog", "info", "告警通道畅通；收不到这一条，就是监控本身停了")
    server.answers |= {RANGE: matrix(), ALERTS: {"status": "success", "data": {"alerts": [always]}}}
    page = page_of("overview")
    assert "告警通道畅通" not in page and "Nothing burns" in page


def test_what_is_due_and_never_arrived_is_told_even_where_no_rule_says_it(server):
    fleet()
    server.answers |= {RANGE: matrix(), ALERTS: {"status": "success", "data": {"alerts": []}}}
    page = page_of("overview")
    assert "holds 3 cases due within 2 working days that never reached the county." in page
    assert "Nothing burns" not in page and "silent for 1 day or longer; cases" not in page


def test_with_an_alertmanager_its_alerts_count_for_it_knows_what_is_silenced(server, settings):
    settings.ALERTMANAGER_URL = server.url
    server.answers[MANAGER] = [alert("CaseDueSoon", "critical", "来自告警管理")]
    server.answers[RANGE] = matrix()
    page = page_of("overview")
    assert "来自告警管理" in page
    assert ALERTS not in [path for path, _query in server.asked]


def test_more_alerts_than_a_page_holds_are_counted(server):
    many = [alert("X", "warning", f"第{n}条") for n in range(ROWS + 7)]
    server.answers |= {RANGE: matrix(), ALERTS: {"status": "success", "data": {"alerts": many}}}
    assert "7 more are not shown." in page_of("overview")


def test_a_supervisor_sees_alerts_of_their_town_only(server, town):
    town(7)
    mine = alert("A", "warning", "我镇的事", tenant="430321107000")
    others = [alert("B", "critical", "别镇的事", tenant=TENANT), alert("C", "critical", "全县的事")]
    server.answers[ALERTS] = {"status": "success", "data": {"alerts": [mine, *others]}}
    page = page_of("overview", client("jc07", "supervisor", tenant_code="430321107000"))
    assert "我镇的事" in page and "别镇的事" not in page and "全县的事" not in page


def test_times_to_answer_and_lags_are_told_in_words(server):
    def now(query: str):
        if "http_request" in query and "quantile(0.95" in query:
            return vector(({"view": "watch:map"}, 1.5))
        if "http_request" in query and "quantile" in query:
            return vector(({"view": "watch:map"}, 0.084), ({"view": "x"}, float("nan")))
        if "5xx" in query:
            return vector(({"view": "watch:map"}, 3))
        if "lag" in query:
            return vector(({"tenant": TENANT}, 4_000 if "0.95" in query else 12.34))
        return vector(({"view": "watch:map", "tenant": TENANT}, 60))

    server.answers |= {RANGE: matrix(), NOW: now}
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page_of("counters")))
    assert "watch:map 60 84 ms 1.5 s 5.0 %" in text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page_of("ingest", client("op2", "operator"))))
    assert "易俗河镇 — 60 12.3 s 1 hour 0 0 0 0 0" in text


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>", b"[]", b"{}", b'{"status": "error", "error": "no"}', b'{"status": "success", "data": null}', None,
        b'{"status": "success", "data": {"resultType": "vector", "result": []}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": [], "values": [[1, "x"]]}]}}',
        b'{"status": "success", "data": {"resultType": "matrix", "result": [3]}}',
        b" " * (prometheus.MAX_BYTES + 1),
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_no_answer(server, answer):
    fleet()
    server.answers[RANGE] = answer
    page = page_of("node", code=VILLAGE)
    assert NO_ANSWER in page and "history-waiting" not in page
    assert "某村便民服务站" in page
    assert [path for path, _query in server.asked] == [RANGE]  # nobody is asked twice on one page


def test_a_prometheus_that_is_away_costs_no_second_wait(settings):
    fleet()
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        settings.PROMETHEUS_URL = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        operator = client("op1", "operator")
        assert NO_ANSWER in page_of("node", operator, code=VILLAGE)
        began = time.monotonic()
        page = page_of("overview", operator)
        assert time.monotonic() - began < 1.5
    assert NO_ANSWER in page
    assert "The alerts could not be read; this list was made from the database just now." in page
    assert "holds 3 cases due within 2 working days" in page


def test_a_question_names_the_machine_as_text():
    assert prometheus.quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'
