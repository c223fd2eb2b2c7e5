"""Settings of a node: the same domain apps in one SQLite file, the counter, and the node's own screens."""

import os
from pathlib import Path

from core.domain import DOMAIN_APPS
from core.settings_base import *  # noqa: F403
from core.settings_base import (
    COMMON_MIDDLEWARE,
    COUNTER_NAVIGATION,
    REPO_DIR,
    env_flag,
    env_list,
    logging_settings,
    secret_key,
    templates_settings,
)

#: Everything this node keeps: database, keys, folders, archive. One folder, so that it can be backed up and moved.
NODE_DIR = Path(os.environ.get("YIZHAN_NODE_DIR") or REPO_DIR / "var" / "node").resolve()
VAR_DIR = NODE_DIR
SECRET_KEY = secret_key(NODE_DIR)
DEBUG = env_flag("YIZHAN_DEBUG")
# The counter's browser runs on the node itself; other names (a second window in the room) are listed.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", ".localhost", "[::1]", *env_list("YIZHAN_NODE_HOSTS")]
# Cookies know no ports: several nodes on one machine (the demo, the tests) need names of their own.
SESSION_COOKIE_NAME = "yizhan_node" + os.environ.get("YIZHAN_COOKIE_SUFFIX", "")
CSRF_COOKIE_NAME = "yizhan_node_csrf" + os.environ.get("YIZHAN_COOKIE_SUFFIX", "")

#: Where this machine stands (core.domain.journal.place).
HERE = "edge_node.identity.here"
#: Who this machine is, with its keys (core.exchange.identity.Identity).
IDENTITY = "edge_node.identity.identity"
#: The county's address as people reach it, for QR codes; "" is the one this machine was enrolled at.
COUNTY_URL = os.environ.get("YIZHAN_COUNTY_URL", "")
COUNTY_ADDRESS = "edge_node.county.county_address"
CASE_OBSERVERS: list[str] = []
#: What is known here of a case number (core.counter.verifying.Known).
CASE_KNOWN = "edge_node.known.case_known"
CALENDAR_OBSERVERS = ["core.domain.cases.redue.cases_due_refresh"]
POLICIES_FROM_COUNTY = True
#: Whose keys a scan is sealed to: age recipients of those above this node.
ATTACHMENT_RECIPIENTS = "edge_node.machine.recipients"
#: Called when entries are queued; here the agent looks by itself.
OUTBOX_WAKE = ""

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    *DOMAIN_APPS,
    "core.counter",
    "edge_node",
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": NODE_DIR / "node.sqlite3",
        "OPTIONS": {
            # A service takes the write lock when it begins: no deadlock between counter and agent, one waits.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a case that was accepted survives a power cut in the next second (sync.md, Writing).
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-2000;"
            ),
        },
    }
}

MIDDLEWARE = [
    "core.counter.tracing.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *COMMON_MIDDLEWARE,
    "edge_node.middleware.StandingMiddleware",
    "edge_node.screen.ScreenMiddleware",
]
ROOT_URLCONF = "edge_node.urls"
WSGI_APPLICATION = "edge_node.wsgi.application"
TEMPLATES = templates_settings()
LOGGING = logging_settings(
    os.environ.get("YIZHAN_LOG_LEVEL", "INFO"), place="edge_node.logs.place", case_key="edge_node.logs.case_key"
)
NAVIGATION = COUNTER_NAVIGATION
#: Written by the agent (core/exchange/status.py), read by the bar on every page (core/counter/network.py).
NETWORK_STATE: Path | None = NODE_DIR / "agent.json"
