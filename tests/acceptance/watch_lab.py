"""A real Prometheus and Alertmanager beside a demo's core, on ports of their own, and the telephone they ring."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import requests

from core.county.demo.machines import MANAGE
from core.county.demo.processes import Process, answers
from core.county.watch.instruments import FOLDER
from tests.alert_rules import ROLE, ROOT, role_file

from .syncthing_lab import free_port
from .world import World

PROGRAMS: Final = ("prometheus", "prometheus-alertmanager", "promtool", "amtool")
#: A figure of the tenants is kept for a minute, a status made every 15 s, and Syncthing calls again within a minute.
TOLD_SECONDS: Final = 240.0
Past = Callable[[str, float], str]


@dataclass(frozen=True)
class Told:
    """One alert as it was told: `ended` of its end."""

    alert: str
    ended: bool
    summary: str
    labels: dict[str, str]


@dataclass
class Telephone:
    """Keeps what Alertmanager says, in its order; who waits is woken by each call."""

    told: list[Told] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, message: dict[str, Any]) -> None:
        with self._news:
            self.told += [
                Told(labels["alertname"], one["status"] == "resolved", one["annotations"]["summary"], labels)
                for one in message["alerts"] if (labels := one["labels"])
            ]  # fmt: skip
            self._news.notify_all()

    def await_call(self, alert: str, words: str = "", *, ended: bool = False, since: int = 0) -> Told:
        """The alert was told, with words that match from end to end. Raises AssertionError with all that was told."""

        def found() -> Told | None:
            return next((one for one in self.told[since:] if one.alert == alert and one.ended == ended
                         and re.fullmatch(words or ".*", one.summary)), None)  # fmt: skip

        with self._news:
            self._news.wait_for(lambda: found() is not None, TOLD_SECONDS)
            heard = found()
        assert heard is not None, f"{alert} {'ended' if ended else words}: not told; but\n" + "\n".join(
            map(str, self.told)
        )
        return heard


@contextlib.contextmanager
def telephone() -> Iterator[tuple[Telephone, str]]:
    """A web server that takes Alertmanager's calls, and its address."""
    phone = Telephone()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            phone.hear(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield phone, f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Watch:
    """The processes that watch, and the telephone; `address` is Prometheus', `calls` Alertmanager's.

    `machine` is the exporter of the core's own machine: nothing listens there before a test starts it.
    """

    phone: Telephone
    exporter: Process
    prometheus: Process
    alertmanager: Process
    machine: Process
    address: str
    calls: str

    def alerts(self) -> list[str]:
        """The sentences of what fires now, as Prometheus knows it."""
        found = requests.get(f"{self.address}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return sorted(one["annotations"]["summary"] for one in found if one["state"] == "firing")

    def knows(self, expression: str) -> bool:
        """Whether Prometheus has any figure for this now."""
        found = requests.get(f"{self.address}/api/v1/query", {"query": expression}, timeout=10).json()
        return bool(found["data"]["result"])


@contextlib.contextmanager
def watch_open(world: World, past: Past | None = None, /, **thresholds: float) -> Iterator[Watch]:
    """The core is watched with the role's own configuration and these thresholds; nothing is left afterwards.

    `past` is what Prometheus has asked for before, as OpenMetrics: made for the exporter's address, up to a moment.
    """
    folder = world.var / "watch"
    folder.mkdir()
    exporter, prometheus, alertmanager, machine = (f"127.0.0.1:{free_port()}" for _ in range(4))
    with telephone() as (phone, url):
        pace = {name: {"wait": "0s", "interval": "1s", "repeat": "1h"} for name in ("critical", "other", "watchdog")}
        given = {
            "core_watch_etc": str(folder), "core_watch_prometheus": prometheus, "core_watch_exporter": exporter,
            "core_watch_alertmanager": alertmanager, "core_watch_scrape_seconds": 1, "core_watch_webhooks": [url],
            "core_watch_watchdog_webhook": url, "core_watch_pace": pace, "core_watch_node_exporter": machine,
        }  # fmt: skip
        _files_write(folder, given, thresholds)
        if past is not None:
            (folder / "past.om").write_text(past(exporter, time.time()))
            subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "past.om",
                            folder / "series"], check=True, capture_output=True)  # fmt: skip
        processes = _processes(world, folder, exporter, prometheus, alertmanager)
        figures = ["prometheus-node-exporter", f"--web.listen-address={machine}"]
        own = Process("machine", figures, {}, folder / "machine.log")
        try:
            for process, page in zip(processes, (exporter, alertmanager, prometheus), strict=True):
                process.start()
                ready = f"http://{page}/" if page == exporter else f"http://{page}/-/ready"
                process.await_that("answers", lambda at=ready: answers(at))  # type: ignore[misc]
            yield Watch(
                phone, processes[0], processes[2], processes[1], own, f"http://{prometheus}", f"http://{alertmanager}"
            )  # fmt: skip
        finally:
            for process in (*processes, own):
                process.stop()
            shutil.rmtree(folder)


def _files_write(folder: Path, given: dict[str, Any], thresholds: dict[str, float]) -> None:
    changed = [f"--set={name}={value}" for name, value in thresholds.items()]
    subprocess.run([sys.executable, "-m", "monitoring.render", "--out", folder / "yizhan", *changed], cwd=ROOT,
                   check=True, capture_output=True)  # fmt: skip
    (folder / "rules").mkdir()
    shutil.copy(ROLE / "files" / "yizhan.tmpl", folder)
    for name in ("prometheus.yml", "alertmanager.yml"):
        (folder / name).write_text(role_file(f"{name}.j2", **given))


def _processes(world: World, folder: Path, exporter: str, prometheus: str, alertmanager: str) -> list[Process]:
    # What the tests' own settings put into the environment is not the demo's.
    blank = {name: "" for name in os.environ if name.startswith("YIZHAN_") or name == "DATABASE_URL"}
    core = blank | world.core.environment() | {"YIZHAN_DB_POOL": "0", FOLDER: str(world.var / "metrics")}
    command = [sys.executable, MANAGE, "exporter", "--listen", exporter]
    return [
        Process("exporter", command, core, folder / "exporter.log"),
        Process("alertmanager", ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml",
                f"--storage.path={folder}/told", f"--web.listen-address={alertmanager}", "--cluster.listen-address="],
                {}, folder / "alertmanager.log"),
        # In its first seconds it knows no Alertmanager yet; what fires then would be told a minute later.
        Process("prometheus", ["prometheus", f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/series", f"--web.listen-address={prometheus}",
                "--rules.alert.resend-delay=10s"], {}, folder / "prometheus.log"),
    ]  # fmt: skip
