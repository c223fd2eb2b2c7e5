"""One limit and one figure wherever they are told: settings, words, questions, rules, dashboards; page and exporter."""

from datetime import timedelta

import pytest
from django.conf import settings as given
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django_tenants.utils import schema_context

from core.county.registry.models import Node
from core.county.registry.selectors import cards_forget
from core.county.watch import limits, prometheus
from core.county.watch.selectors import PointState, due_soon_until, point_states
from core.county.watch.words import limit_words
from core.domain.journal import clock
from core.domain.journal.models import Cursor
from core.domain.journal.place import CORE
from monitoring.dashboards import county as county_dashboard
from monitoring.dashboards import fleet as fleet_dashboard
from monitoring.dashboards import node as node_dashboard
from monitoring.dashboards.frame import dashboard_json
from monitoring.exporter.moment import moment
from monitoring.exporter.nodes import nodes_collect
from monitoring.exporter.tenants import tenants_collect
from monitoring.thresholds import SILENT, STALE, THRESHOLDS
from tenants.connection import connection
from tests.alert_rules import alerts
from tests.core.exporting import Samples, samples, value
from tests.core.registry_places import SCHEMA, villages_make
from tests.core.watching import client, fleet, matrix, monitoring, says
from tests.enrolling import OTHER, TOWN, VILLAGE

CHINESE = {1: "一", 2: "两", 3: "三"}


@pytest.fixture
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.PROMETHEUS_URL = settings.ALERTMANAGER_URL = ""
    connection.set_schema_to_public()
    villages_make()
    cards_forget()
    prometheus.rest_forget()
    fleet()
    yield
    prometheus.rest_forget()


def exported() -> Samples:
    """What the exporter says of nodes at this moment."""
    at = moment()
    _families, across = tenants_collect(at)
    return samples(nodes_collect(at, across))


def shown() -> dict[str, PointState]:
    return {point.code: point for point in point_states(at=timezone.now())}


def test_settings_rules_and_dashboards_take_their_limits_from_one_table():
    assert (given.NODE_STALE_SECONDS, given.NODE_SILENT_SECONDS) == (limits.STALE_S, limits.SILENT_S)
    assert given.NODE_WAITING_SECONDS == limits.WAITING_S
    assert limits.Limits() == limits.Limits(limits.STALE_S, limits.SILENT_S, limits.WAITING_S)
    assert THRESHOLDS["stuck"].value == limits.WAITING_S
    assert (STALE.value, SILENT.value) == (limits.STALE_S, limits.SILENT_S)
    for module in (county_dashboard, fleet_dashboard):
        text = dashboard_json(module.dashboard())
        assert f" < {limits.STALE_S})" in text and f" > {limits.SILENT_S})" in text
        assert f"{STALE.words}内有联系" in text and f"失联 {SILENT.words}以上" in text
    text = dashboard_json(node_dashboard.dashboard())
    assert f'"value": {limits.STALE_S}' in text and f'"value": {limits.SILENT_S}' in text


def test_alerts_of_what_is_due_soon_name_as_many_days_as_count():
    said = f"{CHINESE[limits.DUE_SOON_DAYS]}个工作日内到期"
    about = [one for one in alerts() if "due_soon" in one.expr]
    assert len(about) >= 2
    assert all(said in one.given["annotations"]["summary"] for one in about)


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [(45, "45 s", "45 秒"), (900, "15 minutes", "15 分钟"), (5_400, "90 minutes", "90 分钟"),
     (3_600, "1 hour", "1 小时"), (100_800, "28 hours", "28 小时"), (86_400, "1 day", "1 天"),
     (432_000, "5 days", "5 天")],
)  # fmt: skip
def test_a_limit_is_said_in_the_unit_that_measures_it(seconds, english, chinese):
    with override("en"):
        assert limit_words(seconds) == english
    with override("zh-hans"):
        assert limit_words(seconds) == chinese


@pytest.mark.django_db
def test_other_limits_show_in_words_in_questions_and_in_figures(county, settings):
    says(TOWN, quiet=timedelta(minutes=20))
    assert "yizhan_node_disk_free_bytes" in exported() and value(exported(), "yizhan_node_health", node=TOWN) is None
    settings.NODE_STALE_SECONDS, settings.NODE_SILENT_SECONDS, settings.NODE_WAITING_SECONDS = 1_800, 7_200, 300
    assert value(exported(), "yizhan_node_health", node=TOWN) == 0
    operator = client("op1", "operator")
    with monitoring() as server:
        settings.PROMETHEUS_URL = server.url
        server.answers["/api/v1/query_range"] = matrix(({}, [(1.0, 2.0)]))
        page = operator.get(reverse("watch:overview", urlconf="core.county.urls_public")).content.decode()
        asked = [query for _path, query in server.asked]
    for words in ("machines heard of within 30 minutes", "machines quiet for up to 2 hours",
                  "machines silent for 2 hours or longer", "Machines heard of within 30 minutes",
                  "1 machine is silent for 2 hours or longer; cases that wait there: 1."):  # fmt: skip
        assert words in page, words
    heard = "yizhan_node_last_contact_timestamp_seconds"
    assert f"count(time() - {heard} < 1800) or 0 * count({heard})" in asked
    legend = operator.get(reverse("watch:map", urlconf="core.county.urls_public")).content.decode()
    for words in ("Not heard of for 30 minutes or longer", "Not heard of for 2 hours or longer",
                  "waiting there for 5 minutes or longer", "due within 2 working days have facts"):  # fmt: skip
        assert words.replace("'", "&#x27;") in legend, words


def agreed() -> dict[str, tuple[int, int]]:
    """(cases that never arrived, due soon of them) by machine: the same on the page and in the exporter's figures."""
    points, figures = shown(), exported()
    found: dict[str, tuple[int, int]] = {}
    for code, point in points.items():
        mine = (point.waiting_cases, point.figures.due_soon)
        assert value(figures, "yizhan_node_waiting_cases", node=code) == mine[0], code
        assert value(figures, "yizhan_node_waiting_cases_due_soon", node=code) == mine[1], code
        oldest = value(figures, "yizhan_node_oldest_waiting_seconds", node=code)
        assert oldest is None or abs(point.figures.waits_s - oldest) < 5, code
        found[code] = mine
    return found


@pytest.mark.django_db
def test_page_and_exporter_say_the_same_of_what_never_arrived(county):
    assert agreed() == {TOWN: (0, 0), VILLAGE: (5, 3), OTHER: (1, 0)}
    # The last day that is soon, the day after it, a day long past; a stream that was read as far, one that was not.
    last = due_soon_until().toordinal()
    says(TOWN, waiting=6, oldest_waiting_s=30, waiting_cases=6, waiting_due=[[last, 1], [last + 1, 2], [last - 90, 3]])
    says(OTHER, waiting=2, waiting_cases=2, waiting_due=[[clock.today().toordinal(), 2]], up_seq=9)
    read = {VILLAGE: 39, OTHER: 9}
    with schema_context(SCHEMA):
        for code, number in read.items():
            epoch = Node.objects.get(pk=code).epoch
            Cursor.objects.create(author=code, epoch=epoch, audience=CORE, last_seq=number)
    assert agreed() == {TOWN: (6, 4), VILLAGE: (5, 3), OTHER: (0, 0)}
    with schema_context(SCHEMA):
        Cursor.objects.filter(author=VILLAGE).update(last_seq=40)
    assert agreed() == {TOWN: (6, 4), VILLAGE: (0, 0), OTHER: (0, 0)}


@pytest.mark.django_db
def test_what_a_machine_says_out_of_all_range_counts_for_nothing_on_the_page_too(county):
    says(VILLAGE, waiting=-4, oldest_waiting_s="long", waiting_cases=1 << 70, waiting_due=[[1, "x"], 7, [3, -2]])
    point, figures = shown()[VILLAGE], exported()
    assert (point.waiting_cases, point.figures.due_soon, point.figures.waits_s) == (0, 0, 0)
    assert value(figures, "yizhan_node_waiting_cases", node=VILLAGE) is None
    assert value(figures, "yizhan_node_waiting_cases_due_soon", node=VILLAGE) == 0
