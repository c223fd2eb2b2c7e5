"""The demo's machines: the core with its web, ingest and job processes, and nodes with web and agent each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from core.county.watch.instruments import FOLDER as FIGURES
from core.domain.journal.clock import TRAINING_CLOCK
from core.exchange.carriers import syncthing_settings
from core.transport.copying import cut_set
from core.transport.syncthing import SyncthingClient

from .processes import DemoFailed, Process, answers, gunicorn, python
from .world import Site, transport_copies

MANAGE = str(settings.REPO_DIR / "manage.py")
EXCHANGE = "exchange"


@dataclass(kw_only=True)
class Machine:
    """What the core and a node have in common: a web server and a Syncthing on ports of their own, one `clock`."""

    port: int
    sync_port: int
    clock: Path
    processes: list[Process] = field(default_factory=list, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *processes: Process) -> None:
        """These processes run, each with a fresh log."""
        self.processes = list(processes)
        for process in processes:
            process.log.unlink(missing_ok=True)
            process.start()


@dataclass(kw_only=True)
class Core(Machine):
    """The county's platform; with an exporter where it has a `metrics_port`."""

    var: Path
    metrics_port: int = 0

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    def environment(self) -> dict[str, str]:
        counted = {FIGURES: str(self.var / "metrics")} if self.metrics_port else {}
        return counted | {
            "DJANGO_SETTINGS_MODULE": "core.county.settings", "YIZHAN_VAR": str(self.var), "YIZHAN_DB_POOL": "1",
            "YIZHAN_SYNC_LISTEN": f"tcp://127.0.0.1:{self.sync_port}", "YIZHAN_LOG_LEVEL": "WARNING",
            "YIZHAN_EXCHANGE": str(self.var / EXCHANGE), TRAINING_CLOCK: str(self.clock),
        }  # fmt: skip

    def start(self, logs: Path) -> None:
        """Web, ingest and jobs run and answer, and so will the exporter. Raises DemoFailed."""
        env = self.environment()
        # Another version may have left figures there that do not fit this one's.
        shutil.rmtree(self.var / "metrics", ignore_errors=True)
        web = Process("core web", gunicorn("core.county.wsgi:application", self.port), env, logs / "core-web.log")
        no_pool = env | {"YIZHAN_DB_POOL": "0"}
        ingest = Process("core ingest", python(MANAGE, "ingest"), no_pool, logs / "core-ingest.log")
        jobs = Process("core jobs", python(MANAGE, "jobs"), no_pool, logs / "core-jobs.log")
        listen = ("--listen", f"127.0.0.1:{self.metrics_port}")
        exporter = Process("core exporter", python(MANAGE, "exporter", *listen), no_pool, logs / "core-exporter.log")
        self.run(web, ingest, jobs, *([exporter] if self.metrics_port else []))
        web.await_that("answers", lambda: answers(f"{self.url}/healthz"))
        ingest.await_that("is ready", lambda: "ingest ready" in ingest.last_words(50))


@dataclass(kw_only=True)
class Node(Machine):
    """A town's or village's machine."""

    site: Site
    base: Path
    exchange: Path

    def environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "edge_node.settings", "YIZHAN_NODE_DIR": str(self.base),
            "YIZHAN_SYNC_LISTEN": f"tcp://127.0.0.1:{self.sync_port}", "YIZHAN_LOG_LEVEL": "WARNING",
            "YIZHAN_EXCHANGE": str(self.exchange), TRAINING_CLOCK: str(self.clock),
            # Cookies know no ports: machines that share the loopback address need names of their own.
            "YIZHAN_COOKIE_SUFFIX": f"_{self.port}",
        }  # fmt: skip

    def manage(self, *arguments: str) -> str:
        """What a command on this node prints. Raises DemoFailed where it ends with an error."""
        done = subprocess.run(
            python(MANAGE, *arguments), env={**os.environ, **self.environment()}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise DemoFailed(f"{self.site.name}: {arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def status(self, *more: str) -> dict[str, Any]:
        """What `manage.py status --json` says."""
        found = json.loads(self.manage("status", "--json", *more))
        assert isinstance(found, dict)
        return found

    @property
    def enrolled(self) -> bool:
        return (self.base / "node.sqlite3").exists() and (self.base / "keys").exists() and self._has_card()

    def _has_card(self) -> bool:
        try:
            return bool(self.status()["node"])
        except DemoFailed:
            return False

    def start(self, logs: Path) -> None:
        """Web and agent run and answer. Raises DemoFailed."""
        env, short = self.environment(), self.site.node
        web = Process(f"{short} web", gunicorn("edge_node.wsgi:application", self.port), env, logs / f"{short}-web.log")
        agent = Process(f"{short} agent", python(MANAGE, "agent"), env, logs / f"{short}-agent.log")
        self.run(web, agent)
        web.await_that("answers", lambda: answers(f"{self.url}/login/"))
        agent.await_that("is ready", lambda: "agent ready" in agent.last_words(50))

    def cut(self, *, off: bool, device_id: str) -> None:
        """The line is down, or up again: Syncthing's peers are paused, as if the cable were pulled."""
        if transport_copies():
            cut_set(self.exchange, device_id, cut=off)
            return
        given = syncthing_settings(self.base, f"tcp://127.0.0.1:{self.sync_port}")
        client = SyncthingClient(given.api, given.api_key)
        (client.device_pause if off else client.device_resume)()
        client.close()
