"""What the core's processes count: by page and by tenant, in files that stay as few as the processes are."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import Client
from msgspec.structs import replace as record_replace
from prometheus_client import REGISTRY

from core.county.demo.processes import Process, gunicorn, port_choose
from core.county.ingest.services import segment_count
from core.county.watch import instruments
from core.county.watch.instruments import FOLDER, Slots
from core.domain.journal import bodies as b
from core.domain.journal.reader import stream_read
from monitoring.exporter.processes import processes_collect
from tests.core.exporting import TOWN, samples, value
from tests.domain.remote import Reader, opening
from tests.samples import VILLAGE, entry

#: Takes a place, says which, and waits until its standard input is shut; the kernel ends it without a word.
PLACE = """
import os, sys
from pathlib import Path
from core.county.watch.instruments import Slots
print(Slots(Path(sys.argv[1])).number(), flush=True)
sys.stdin.read()
os._exit(9)
"""


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def place_take(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PLACE, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def number_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_processes_have_different_numbers_and_a_dead_ones_is_the_next_ones(tmp_path):
    first, second = place_take(tmp_path), None
    try:
        assert number_of(first) == "0"
        second = place_take(tmp_path)
        assert number_of(second) == "1"
        assert Slots(tmp_path).number() == 2
        first.kill()
        first.wait()
        third = place_take(tmp_path)
        assert number_of(third) == "0"
        third.communicate()
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.communicate()


def test_a_forked_process_looks_for_a_number_of_its_own(tmp_path):
    slots = Slots(tmp_path)
    assert slots.number() == 0
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, str(slots.number()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"1"
    os.close(reading)
    os.close(writing)
    # The child let go of what it had inherited; the parent has it still.
    assert slots.number() == 0 and Slots(tmp_path).number() == 1


def test_a_folder_nobody_may_write_to_stops_no_process(tmp_path):
    wrong = tmp_path / "file"
    wrong.write_text("")
    done = subprocess.run(
        [sys.executable, "-c", "from core.county.watch import instruments as i\n"
         "i.segments_held(tenant='1', count=2)\n"
         "import prometheus_client as p; print(p.REGISTRY.get_sample_value('yizhan_ingest_segments_total',"
         " {'tenant': '1', 'outcome': 'held'}))"],
        env={**os.environ, FOLDER: str(wrong)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "2.0"
    assert "figures_stay_in_process" in done.stdout + done.stderr


@pytest.mark.django_db(transaction=True)
def test_workers_that_gunicorn_replaces_leave_no_files_and_lose_no_request(tenant, tmp_path):
    """Two workers, each replaced after ten of 60 requests; three processes at most at one time."""
    database, folder, port = settings.DATABASES["default"], tmp_path / "metrics", port_choose(18_700)
    environment = {
        "DJANGO_SETTINGS_MODULE": "core.county.settings", "YIZHAN_VAR": str(tmp_path), FOLDER: str(folder),
        "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
    }  # fmt: skip
    command = [*gunicorn("core.county.wsgi:application", port), "--workers", "2", "--max-requests", "10"]
    web = Process("web", command, environment, tmp_path / "web.log")
    web.start()
    answered = []

    def ask(path: str = "/healthz") -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": "county.localhost"})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                answered.append(int(response.status))
        except urllib.error.HTTPError as error:
            answered.append(error.code)
        except OSError:
            return False
        return True

    try:
        web.await_that("answers", ask)
        for number in range(60):
            ask("/there/is/no/such/page" if number % 4 == 0 else "/healthz")
    finally:
        web.stop()
    assert web.last_words(400).count("Booting worker") >= 5
    assert len(answered) > 50
    found = samples(processes_collect(folder))
    count = "yizhan_http_request_duration_seconds_count"
    assert value(found, count, view="health", status="2xx") == answered.count(200)
    assert value(found, count, view="unknown", status="4xx") == answered.count(404)
    assert len(list(folder.glob("histogram_*.db"))) <= 4


@pytest.mark.django_db
def test_requests_are_counted_by_the_name_of_their_page(tenant):
    seconds = "yizhan_http_request_duration_seconds_count"
    names = (
        ("health", "GET", "2xx"),
        ("unknown", "POST", "4xx"),
        ("static", "GET", "4xx"),
        ("unknown", "other", "4xx"),
    )
    before = [counted(seconds, view=view, method=method, status=status) for view, method, status in names]
    client = Client(headers={"host": settings.COUNTY_HOST})
    client.get("/healthz")
    client.post("/430321199001011234")
    client.get("/static/none.css")
    client.generic("BREW", "/coffee")
    after = [counted(seconds, view=view, method=method, status=status) for view, method, status in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 1]


@pytest.mark.django_db
def test_a_segment_is_counted_once_with_all_its_entries_and_the_time_it_took(tenant, tmp_path):
    names = ("yizhan_ingest_entries_total", "yizhan_ingest_lag_seconds_count", "yizhan_ingest_lag_seconds_sum")
    before = [counted(name, tenant=TOWN) for name in names]
    applied = counted("yizhan_ingest_segments_total", tenant=TOWN, outcome="applied")
    reader = Reader(tmp_path)
    village = reader.remote(VILLAGE)
    village.write(
        opening(),
        entry(2, b.CaseSubmitted(), rev=2),
        bend=lambda header: record_replace(header, made_at_ms=header.made_at_ms - 90_000),
    )
    desk = replace(reader.desk, told=segment_count)
    progress = stream_read(author=VILLAGE, folder=village.folder, desk=desk)
    assert (progress.segments, progress.entries) == (1, 2)
    entries, segments, seconds = (
        counted(name, tenant=TOWN) - then for name, then in zip(names, before, strict=True)
    )  # fmt: skip
    assert (entries, segments) == (2, 1)
    assert 90 <= seconds < 120
    assert counted("yizhan_ingest_segments_total", tenant=TOWN, outcome="applied") == applied + 1


def test_counting_that_fails_stops_nothing_that_is_counted():
    with patch.object(instruments, "_segments", side_effect=OSError) as broken:
        broken.labels.side_effect = OSError("no space left on /run")
        instruments.segments_held(tenant=TOWN, count=1)
    assert broken.labels.called
