"""The exporter over HTTP, as Prometheus asks it: formats, figures of the whole county, a part that breaks."""

import gzip
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import OperationalError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families

from core.county.demo.processes import Process, python
from core.county.publishing.models import Release
from core.county.workqueue.models import Task, Trouble
from core.domain.cases.models import Case, ParkedEntry
from core.domain.journal.clock import today
from core.domain.journal.models import Cursor, QuarantinedFile
from monitoring.exporter import collecting
from monitoring.exporter.collecting import Exporter
from monitoring.exporter.families import Family
from monitoring.exporter.metrics import COUNTER, EXPORTER, HISTOGRAM, METRICS
from monitoring.exporter.serving import Server
from tenants.models import ServicePoint, Tenant
from tests.core.exporting import NOW, TOWN, VILLAGE, node_make, parsed, status, value

pytestmark = pytest.mark.django_db(transaction=True)

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Ask = Callable[..., tuple[str, str]]


@pytest.fixture
def exporter() -> Exporter:
    return Exporter(folder=None)


@pytest.fixture
def ask(tenant: Tenant, exporter: Exporter) -> Iterator[Ask]:
    """Asks the exporter's own server: (content type, text)."""
    server = Server("127.0.0.1", 0, exporter)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port = server.server_address[1]

    def over_http(accept: str = "", encoding: str = "", path: str = "/metrics") -> tuple[str, str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", headers={"Accept": accept, "Accept-Encoding": encoding}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            body = response.read()
            if response.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            assert response.headers["Content-Encoding"] == (encoding or None)
            return response.headers["Content-Type"], body.decode()

    yield over_http
    server.shutdown()
    server.server_close()
    thread.join()


def case_row(custodian: str, due_in: int | None, *, state: str = "accepted", is_open: bool = True) -> Case:
    """A case of the village in the tenant's schema, as ingest leaves its columns; due so many days from today."""
    return Case.objects.create(
        id=uuid4(), number="0" * 25, item_code="A", status=state, rev=3, custodian=custodian, opened_by=VILLAGE,
        service_point=VILLAGE, clerk="agent1", applicant_name="张三", opened_on=today(), is_open=is_open, updated_at=1,
        promised_due=None if due_in is None else today() + timedelta(days=due_in), state=b"", state_hash=b"",
    )  # fmt: skip


def task_row(case: int, due_in: int, amber_in: int, **more: object) -> None:
    day = today()
    Task.objects.create(**{
        "tenant_code": TOWN, "case_id": UUID(int=case), "number": "1" * 25, "item_code": "A",
        "item_name": "事项", "department": "D", "power": "review", "status": "under_review", "service_point": VILLAGE,
        "opened_on": day, "due": day + timedelta(days=due_in), "amber_on": day + timedelta(days=amber_in),
        "updated_at": 1,
    } | more)  # fmt: skip


@pytest.fixture
def county(tenant: Tenant) -> Tenant:
    """The town with a machine at its village, cases there and at the county, and things that stand still."""
    ServicePoint.objects.create(
        code=VILLAGE, tenant_code=TOWN, division=VILLAGE[:12], level="village", name="赤湖村", kind="village"
    )
    node_make(said=status(made_at_ms=int(timezone.now().timestamp() * 1000)), silent=NOW - timezone.now())
    Release.objects.create(
        number=7, made_at=NOW, made_by="a", body=b"", verify_key=b"", state_sha256=b"", items=1, changes=1
    )
    with tenant_context(tenant):
        for due_in, state in ((-1, "accepted"), (0, "accepted"), (30, "accepted"), (None, "submitted"),
                              (-9, "completed"), (-9, "suspended")):  # fmt: skip
            case_row(VILLAGE, due_in, state=state)
        case_row("core", -1)
        case_row(VILLAGE, -1, is_open=False)
        Cursor.objects.create(author=VILLAGE, epoch=1, audience="core", last_seq=20)
        ParkedEntry.objects.create(entry_id=uuid4(), case_id=uuid4(), rev=2, parked_at_ms=1)
        QuarantinedFile.objects.create(author=VILLAGE, name="a", sha256=b"a", reason="gap", seen_at_ms=1)
        QuarantinedFile.objects.create(author=VILLAGE, name="b", sha256=b"b", reason="gap", seen_at_ms=1, resolved=True)
    # One case two departments have, of which one is late; one that nobody has to do anything with before tomorrow.
    task_row(1, -1, -3)
    task_row(1, 5, 3, department="E")
    task_row(2, 1, 0)
    task_row(3, 9, 5)
    task_row(4, -1, -3, power="wait")
    task_row(5, 9, -3, power="lapse", from_on=today() + timedelta(days=1))
    since = timezone.now()
    Trouble.objects.create(tenant_code=TOWN, kind="held", key="a/1", node=VILLAGE, reason="forged", since=since)
    Trouble.objects.create(tenant_code=TOWN, kind="flag", key="e", node=VILLAGE, reason="conflict", since=since)
    Trouble.objects.create(
        tenant_code=TOWN, kind="flag", key="f", node=VILLAGE, reason="conflict", since=since, resolved_at=since
    )
    return tenant


def test_the_county_stands_in_one_scrape(county, ask):
    _, text = ask()
    found = parsed(text)
    assert value(found, "yizhan_node_waiting_cases", node=VILLAGE) == 2
    assert value(found, "yizhan_node_held_cases_due_soon", node=VILLAGE) == 2
    lights = {dict(labels)["light"]: got for labels, got in found["yizhan_cases_open"].items()}
    # At the village: overdue, today, in a month, not accepted and completed, suspended; at the county: cases 1, 2, 3,
    # and 4 and 5, which wait.
    assert lights == {"red": 1 + 1, "amber": 1 + 1, "green": 1 + 1, "none": 2, "wait": 1 + 2}
    assert {dict(labels)["level"] for labels in found["yizhan_cases_open"]} == {"village"}
    assert value(found, "yizhan_cases_overdue", tenant=TOWN) == 2
    assert value(found, "yizhan_parked_entries", tenant=TOWN) == 1
    assert value(found, "yizhan_quarantine_files", tenant=TOWN) == 1
    assert value(found, "yizhan_streams_held", tenant=TOWN, node=VILLAGE, reason="forged") == 1
    assert value(found, "yizhan_conflicts_open", tenant=TOWN, kind="conflict") == 1
    assert value(found, "yizhan_tasks_open", kind="review") == 4
    assert value(found, "yizhan_tasks_open", kind="decide") == 0
    assert value(found, "yizhan_tenants", status="active") == 1
    assert value(found, "yizhan_tenants", status="schema_missing") == 0
    assert value(found, "yizhan_nodes_on_release", release="7") == 1
    assert value(found, "yizhan_database_connections", state="active") is not None
    assert (value(found, "yizhan_database_size_bytes") or 0) > 1e6
    collectors = {dict(labels)["collector"]: got for labels, got in found["yizhan_exporter_collector_success"].items()}
    assert collectors == dict.fromkeys(
        ("tenants", "nodes", "desk", "jobs", "releases", "tenancy", "database"), 1
    )  # fmt: skip


def test_both_formats_say_the_same_and_are_read_by_prometheus_own_parsers(county, ask):
    plain, text = ask()
    assert plain.startswith("text/plain; version=0.0.4")
    kind, open_text = ask(accept=OPENMETRICS)
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert open_text.endswith("# EOF\n") and "# EOF" not in text
    families = {family.name: family for family in openmetrics_families(open_text)}
    assert families["yizhan_node"].type == "info"
    assert families["yizhan_database_size_bytes"].unit == "bytes"
    names = {sample.name for family in families.values() for sample in family.samples}
    assert names == set(parsed(text))


def test_every_family_is_in_the_list_and_every_one_of_the_list_that_has_something_to_say_is_there(county, ask):
    found = set(parsed(ask()[1]))
    assert found <= set(METRICS)
    own = {name for name, metric in METRICS.items() if metric.source == EXPORTER}
    # No release was applied here; the node's figures are a test of their own.
    assert own - found == {"yizhan_release_published_timestamp_seconds"}


def test_the_answer_is_zipped_where_that_is_asked_for(county, ask):
    assert ask(encoding="gzip")[1].splitlines()[0] == ask()[1].splitlines()[0]


def test_other_addresses_are_none(ask):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(path="/admin")
    assert "/metrics" in ask(path="/")[1]


def test_promtool_finds_nothing_to_mend(county, ask):
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not there (Debian: apt-get install prometheus)")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=ask()[1], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_broken_collector_is_a_metric_and_no_failed_scrape(county, ask, monkeypatch):
    def broken(moment: object) -> list[Family]:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(collecting, "desk_collect", broken)
    found = parsed(ask()[1])
    assert value(found, "yizhan_exporter_collector_success", collector="desk") == 0
    assert value(found, "yizhan_exporter_collector_success", collector="nodes") == 1
    assert "yizhan_tasks_open" not in found and "yizhan_node_info" in found


def test_a_statement_that_fails_leaves_the_other_collectors_a_connection_that_works(county, ask, tenant):
    with tenant_context(tenant):
        connection.cursor().execute("ALTER TABLE cases_parkedentry RENAME TO cases_gone")
    try:
        found = parsed(ask()[1])
    finally:
        with tenant_context(tenant):
            connection.cursor().execute("ALTER TABLE cases_gone RENAME TO cases_parkedentry")
    assert value(found, "yizhan_exporter_collector_success", collector="tenants") == 0
    assert value(found, "yizhan_exporter_collector_success", collector="database") == 1
    assert "yizhan_parked_entries" not in found and "yizhan_node_waiting_cases" not in found
    assert value(found, "yizhan_node_release", node=VILLAGE) == 7


def test_without_a_database_the_scrape_says_so(ask, monkeypatch):
    def away() -> None:
        raise OperationalError("the server is away")

    monkeypatch.setattr(collecting, "_scrape", away)
    found = parsed(ask()[1])
    assert set(found["yizhan_exporter_collector_success"].values()) == {0}
    assert set(found) == {"yizhan_exporter_collector_success", "yizhan_exporter_collect_seconds"}


def test_figures_of_all_tenants_are_kept_between_two_scrapes_and_others_are_not(county, ask, exporter):
    ask()
    with tenant_context(county):
        ParkedEntry.objects.create(entry_id=uuid4(), case_id=uuid4(), rev=2, parked_at_ms=1)
    Task.objects.all().delete()
    found = parsed(ask()[1])
    assert value(found, "yizhan_parked_entries", tenant=TOWN) == 1
    assert value(found, "yizhan_tasks_open", kind="review") == 0
    # What nodes want of the tenants is kept with them.
    assert value(found, "yizhan_node_waiting_cases", node=VILLAGE) == 2
    exporter.keep_seconds = 0.0
    exporter._kept.clear()
    assert value(parsed(ask()[1]), "yizhan_parked_entries", tenant=TOWN) == 2


def test_more_tenants_are_not_more_statements(county, town, exporter, django_assert_max_num_queries):
    exporter.keep_seconds = 0.0
    with CaptureQueriesContext(connection) as before:
        exporter._collect()
    for number in range(3):
        town(number)
    with django_assert_max_num_queries(len(before)):
        exporter._collect()


def test_the_command_prints_the_figures_once_and_its_exit_code_says_whether_they_are_whole(county, monkeypatch):
    out = StringIO()
    call_command("exporter", once=True, stdout=out)
    assert value(parsed(out.getvalue()), "yizhan_node_info", node=VILLAGE) == 1
    monkeypatch.setattr(collecting, "jobs_collect", lambda moment: 1 / 0)
    with pytest.raises(SystemExit, match="1"):
        call_command("exporter", once=True, openmetrics=True, stdout=(out := StringIO()))
    assert out.getvalue().endswith("# EOF\n")


@pytest.mark.parametrize("address", ["127.0.0.1:http", "127.0.0.1:70000", "no such host:9108", "9108"])
def test_an_address_that_cannot_be_listened_at_is_said(address):
    with pytest.raises(CommandError, match="cannot listen at") as refused:
        call_command("exporter", listen=address)
    assert refused.value.returncode == 2


def test_the_service_says_where_it_is_and_ends_well_when_it_is_told_to(tenant, tmp_path):
    database = settings.DATABASES["default"]
    environment = {
        "DJANGO_SETTINGS_MODULE": "core.county.settings", "YIZHAN_VAR": str(tmp_path),
        "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
    }  # fmt: skip
    service = Process("exporter", python("manage.py", "exporter", "--listen", "127.0.0.1:0"), environment,
                      tmp_path / "exporter.log")  # fmt: skip
    service.start()
    try:
        service.await_that("is ready", lambda: "exporter ready" in service.last_words())
        address = service.last_words().rpartition(" ")[2].strip()
        with urllib.request.urlopen(address, timeout=30) as response:
            assert value(parsed(response.read().decode()), "yizhan_tenants", status="active") == 1
    finally:
        service.ask_to_stop()
    assert service.child is not None and service.child.wait(20) == 0


def test_names_end_in_base_units_and_labels_name_nobody():
    units = re.compile(r"_(seconds|bytes|ratio)$")
    for name, metric in METRICS.items():
        assert re.fullmatch(r"yizhan_[a-z_]+", name)
        assert metric.unit == (found[1] if (found := units.search(name)) else ""), name
        assert name.endswith("_total") == (metric.type == COUNTER), name
        assert metric.type != HISTOGRAM or metric.unit == "seconds"
        assert metric.help.endswith(".") and not set(metric.help) & set('"\\\n')
        assert not set(metric.labels) & {"case", "number", "person", "clerk", "staff", "applicant"}
