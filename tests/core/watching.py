"""A town with three machines in different states, and a Prometheus that says what a test wants."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client
from django.utils import timezone

from core.county.registry.models import Node
from core.domain.journal import clock
from core.domain.staff.services import membership_grant, user_create
from tests.core.registry_places import enrol
from tests.enrolling import OTHER, TOWN, VILLAGE

GIB = 1024**3


def client(code: str, role: str, *, language: str = "en", **place: str) -> Client:
    """Somebody logged in at the county's console."""
    user = user_create(code=code, name="周海燕", password="Yizhan-2026")
    membership_grant(user_code=code, role=role, **place)
    found = Client(HTTP_HOST="county.localhost")
    found.cookies["django_language"] = language
    found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return found


def says(node: str, *, quiet: timedelta = timedelta(minutes=1), **more: Any) -> datetime:
    """The machine last said this, so long ago; returns when."""
    at = timezone.now() - quiet
    status = {
        "node": node, "epoch": 1, "made_at_ms": int(at.timestamp() * 1000), "version": "1.5.0", "release": 12,
        "waiting": 0, "oldest_waiting_s": 0, "open_cases": 7, "disk_free": 40 * GIB, "disk_total": 120 * GIB,
        "clock_offset_ms": 200, "connected": [], "held": [], "battery_percent": None, "waiting_cases": 0,
        "waiting_due": [], "up_seq": 0, "completion_percent": 100, "contacts": [], "health": 0,
    } | more  # fmt: skip
    assert Node.objects.filter(pk=node).update(status=status, last_seen=at) == 1
    return at


def fleet() -> None:
    """The town's machine is fine; one village holds 3 cases due today, the other has been silent for 5 days."""
    for code in (TOWN, VILLAGE, OTHER):
        enrol(code)
    says(TOWN)
    due, later = clock.today().toordinal(), clock.today().toordinal() + 20
    says(VILLAGE, waiting=9, oldest_waiting_s=5_000, waiting_cases=5, waiting_due=[[due, 3], [later, 2]], up_seq=40)
    says(OTHER, quiet=timedelta(days=5), waiting=2, oldest_waiting_s=60, waiting_cases=1, up_seq=7)


@dataclass
class Monitoring:
    """A server that speaks Prometheus' and Alertmanager's API. `answers` by path; `asked` is what was asked of it."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def of(self, path: str, query: str) -> tuple[int, bytes]:
        self.asked.append((path, query))
        answer = self.answers.get(path)
        answer = answer(query) if callable(answer) else answer
        if isinstance(answer, bytes):
            return 200, answer
        return (404, b"{}") if answer is None else (200, json.dumps(answer).encode())


@contextmanager
def monitoring() -> Iterator[Monitoring]:
    """The server answers on a port of its own until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = found.of(parts.path, parse_qs(parts.query).get("query", [""])[0])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Monitoring(url=f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def drawn(page: str, chart: str) -> dict[str, Any]:
    """What the page gives its script to draw."""
    found = re.search(rf'<script id="{chart}" type="application/json">(.*?)</script>', page)
    assert found, f"the page draws no {chart}"
    data: dict[str, Any] = json.loads(found[1])
    return data


def vector(*samples: tuple[dict[str, str], float]) -> dict[str, Any]:
    """Prometheus' answer to an instant query."""
    result = [{"metric": labels, "value": [0, str(value)]} for labels, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def matrix(*lines: tuple[dict[str, str], list[tuple[float, float]]]) -> dict[str, Any]:
    """Prometheus' answer to a range query."""
    result = [{"metric": labels, "values": [[at, str(value)] for at, value in points]} for labels, points in lines]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}
