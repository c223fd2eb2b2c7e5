"""A node's web server as systemd runs it: every line is JSON, and none names whom somebody searched for."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from core.logs import Stderr

REPO = Path(__file__).resolve().parents[2]
NUMBER = "4303211002000126112200011"


def handlers(name: str) -> list[type[logging.Handler]]:
    """Those of the program; the tests' own listen everywhere."""
    kinds = [type(handler) for handler in logging.getLogger(name).handlers]
    return [kind for kind in kinds if not kind.__module__.startswith("_pytest")]


def test_no_library_keeps_a_handler_of_its_own():
    assert handlers("django") == []
    for name in ("django.server", "gunicorn.error", "gunicorn.access"):
        assert handlers(name) == [Stderr] and not logging.getLogger(name).propagate


def test_every_line_of_a_served_node_is_json_and_names_nobody(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("YIZHAN_", "DJANGO_"))}
    # Its access log is off on a node; whoever turns it on must not learn more.
    env |= {
        "YIZHAN_NODE_DIR": str(tmp_path), "YIZHAN_WEB": "127.0.0.1:0", "YIZHAN_LOG_LEVEL": "DEBUG",
        "GUNICORN_CMD_ARGS": "--access-logfile - --log-level debug",
    }  # fmt: skip
    run = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(run, cwd=REPO, env=env, check=True, stderr=subprocess.DEVNULL)
    serve = [sys.executable, "-m", "gunicorn", "--config", "python:edge_node.serving"]
    with subprocess.Popen(serve, cwd=REPO, env=env, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        lines: list[str] = []
        address = ""
        while not address:
            lines.append(server.stderr.readline())
            found = re.search(r"http://127\.0\.0\.1:\d+", lines[-1])
            address = found[0] if found else ""
        asked = urllib.parse.quote(f"/搜索/陈秀英/{NUMBER}/") + "?q=13812345678&id=11010519491231002X"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(f"{address}{asked}", timeout=30)
        except urllib.error.HTTPError as error:
            request = error.headers["X-Request-Id"]
        server.send_signal(signal.SIGTERM)
        lines += server.stderr.read().splitlines()
        assert server.wait(30) == 0
    said = [json.loads(line) for line in lines if line.strip()]
    assert {"gunicorn.error", "gunicorn.access", "django.request", "core.counter.tracing"} <= {
        line["logger"] for line in said
    }
    [refused] = [line for line in said if line["logger"] == "django.request"]
    assert (refused["request"], refused["event"]) == (request, "Not Found: /[text]/[text]/[case]/")
    whole = "\n".join(lines)
    for secret in ("陈秀英", "%E9%99%88", "13812345678", "11010519491231002X", NUMBER, "u9648"):
        assert secret not in whole
