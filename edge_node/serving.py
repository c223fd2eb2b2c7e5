"""How gunicorn serves a node's pages under systemd (`gunicorn -c python:edge_node.serving`).

One process with a few threads: a counter has one clerk, and memory is short. The watchdog hears of it only while a
page that reads the database is really answered: a worker whose threads are all stuck is restarted.
"""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from typing import Any

from core.exchange.notify import notify, watchdog_seconds

bind = os.environ.get("YIZHAN_WEB", "127.0.0.1:8000")
wsgi_app = "edge_node.wsgi:application"
workers = 1
threads = int(os.environ.get("YIZHAN_WEB_THREADS", "4"))
worker_class = "gthread"
# Its heartbeat file must not wait for a slow disk.
worker_tmp_dir = "/dev/shm"
accesslog = None
logger_class = "core.gunicorn_logs.Logger"
control_socket_disable = True
timeout = 120


def healthy(address: str, timeout_seconds: float = 10.0) -> bool:
    """Whether the page that reads the database answers at `address` (host:port)."""
    # No proxy of the environment: this is a call to the machine itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}/healthz", timeout=timeout_seconds) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def when_ready(server: Any) -> None:
    """Called by gunicorn once it listens: the watchdog hears of every answered page from now on."""
    pause = watchdog_seconds()
    if pause:
        threading.Thread(target=_watch, args=(pause,), name="watchdog", daemon=True).start()


def _watch(pause_seconds: float) -> None:
    # Never set: the wait is the pause, and the thread ends with the process.
    forever = threading.Event()
    while not forever.wait(pause_seconds):
        if healthy(bind):
            notify("WATCHDOG=1")
