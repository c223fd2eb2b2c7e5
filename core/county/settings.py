"""Settings of the core: PostgreSQL, one schema a tenant, the county console in the public schema."""

import os
from pathlib import Path
from typing import Any

from core.county.watch import limits
from core.domain import SHARED_DOMAIN_APPS, TENANT_DOMAIN_APPS
from core.settings_base import *  # noqa: F403
from core.settings_base import (
    COMMON_MIDDLEWARE,
    COUNTER_NAVIGATION,
    REPO_DIR,
    database_from_url,
    env_flag,
    env_list,
    gettext_noop,
    logging_settings,
    secret_key,
    templates_settings,
)

HERE = "core.county.registry.place.here"
#: Who the core is, with its keys (core.exchange.identity.Identity).
IDENTITY = "core.county.registry.keys.core_identity"
COUNTY_POLICIES = "core.county.registry.policies.policy_value"
COUNTY_CODE = os.environ.get("YIZHAN_COUNTY_CODE", "430321000000")
COUNTY_HOST = os.environ.get("YIZHAN_COUNTY_HOST", "county.localhost")
#: The console's address as machines reach it: on the page with an enrolment code, and in every response.
COUNTY_URL = os.environ.get("YIZHAN_COUNTY_URL", f"http://{COUNTY_HOST}:8000")
#: What says that address to pages which are the same on a node.
COUNTY_ADDRESS = "core.county.ratings.selectors.county_address"
#: Other names the county console answers to; YIZHAN_COUNTY_ALIASES adds to them (an address in the LAN, say).
COUNTY_HOST_ALIASES = ["127.0.0.1", "localhost", "[::1]", *env_list("YIZHAN_COUNTY_ALIASES")]
TENANT_CACHE_SECONDS = 30  #: for so long a renamed or closed tenant may still answer under its old host name
#: Dotted paths called with each case that changed, in the transaction that changed it.
CASE_OBSERVERS = [
    "core.county.workqueue.services.tasks_reflect",
    "core.county.ratings.services.ratings_reflect",
]
#: Dotted paths called without arguments where a release changes the working days, in the transaction that applies it.
CALENDAR_OBSERVERS = [
    "core.county.publishing.services.dues_refresh_defer",
    "core.county.ratings.services.follow_ups_redate",
]
#: What is known here of a case number (core.counter.verifying.Known).
CASE_KNOWN = "core.county.known.case_known"
#: What the list of tenants counts for each, by name: paths of functions that return counts by tenant code.
TENANT_FIGURES = {"cases": "core.county.figures.open_cases", "nodes": "core.county.figures.nodes"}
#: A node that said nothing for so long is silent: of what it said last only what stays true is shown as true.
NODE_STALE_SECONDS = int(os.environ.get("YIZHAN_NODE_STALE_SECONDS") or limits.STALE_S)
#: On the pages of the watch one that said nothing for this long is silent, before that it is quiet: at night a village
#: switches its machine off.
NODE_SILENT_SECONDS = int(os.environ.get("YIZHAN_NODE_SILENT_SECONDS") or limits.SILENT_S)
#: And one in contact whose oldest entry waits for this long is waiting: the alert EntriesStuck has the same figure.
NODE_WAITING_SECONDS = int(os.environ.get("YIZHAN_NODE_WAITING_SECONDS") or limits.WAITING_S)
#: Where the pages of the watch read history and alerts; "": there is none. With an Alertmanager, alerts are its own.
PROMETHEUS_URL = os.environ.get("YIZHAN_PROMETHEUS", "").rstrip("/")
ALERTMANAGER_URL = os.environ.get("YIZHAN_ALERTMANAGER", "").rstrip("/")

#: Whose keys a scan kept here is sealed to.
ATTACHMENT_RECIPIENTS = "core.county.ingest.machine.recipients"
#: Tells the ingest process, in the transaction that queues entries, that this tenant has something to send.
OUTBOX_WAKE = "core.county.ingest.wake.outbox_wake"

VAR_DIR = Path(os.environ.get("YIZHAN_VAR") or REPO_DIR / "var").resolve()
SECRET_KEY = secret_key(VAR_DIR)
DEBUG = env_flag("YIZHAN_DEBUG")
# Every name is let through to TenantMiddleware, which refuses all but the console's and the tenants' own.
ALLOWED_HOSTS = ["*"]
SESSION_COOKIE_NAME = "yizhan_core"
CSRF_COOKIE_NAME = "yizhan_core_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_flag("YIZHAN_HTTPS")
if env_flag("YIZHAN_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# No app stands in both lists: PostgreSQL silently skips a missing schema and would then read the public one.
SHARED_APPS = [
    "tenants",  # before django_tenants: its commands take precedence
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "procrastinate.contrib.django",
    *SHARED_DOMAIN_APPS,
    "core.county.registry",
    "core.county.publishing",
    "core.county.workqueue",
    "core.county.ratings",
    "core.county.watch",
    "core.county.demo",
    "monitoring",
    "core.counter",
]
TENANT_APPS = [*TENANT_DOMAIN_APPS, "core.county.ingest", "core.county.backoffice"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_LIMIT_SET_CALLS = True  # safe only with django-tenants >= 4.0.1 (rollbacks reset the remembered path)
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]


def _database() -> dict[str, Any]:
    """DATABASE_URL's server, else the private one under var/, which starts with the first connection."""
    url = os.environ.get("DATABASE_URL")
    private: dict[str, Any] = {"NAME": "yizhan", "OPTIONS": {}, "EMBEDDED_VAR": VAR_DIR}
    database = database_from_url(url) if url else private
    database["ENGINE"] = "tenants.postgresql"
    # Only the web server pools (wsgi.py asks for it): the pool hangs with multiprocessing migrations, and a
    # backend that touched 20 tables in 400 schemas holds 152 MB, so none lives longer than ten minutes.
    if env_flag("YIZHAN_DB_POOL"):
        database["CONN_HEALTH_CHECKS"] = True  # after a restart of the server no page fails for a dead connection
        database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "max_lifetime": 600, "timeout": 10}
    return database


DATABASES = {"default": _database()}

MIDDLEWARE = [
    "core.county.watch.middleware.RequestTimeMiddleware",
    "core.counter.tracing.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenants.middleware.TenantMiddleware",
    *COMMON_MIDDLEWARE,
]
ROOT_URLCONF = "core.county.urls"
PUBLIC_SCHEMA_URLCONF = "core.county.urls_public"
WSGI_APPLICATION = "core.county.wsgi.application"
TEMPLATES = templates_settings()
#: Pages of the halls, then pages of the county's console: each author adds one entry (see settings_base).
NAVIGATION: tuple[dict[str, Any], ...] = (
    *COUNTER_NAVIGATION,
    {"label": gettext_noop("Inbox"), "url_name": "backoffice:inbox", "icon": "inbox",
     "roles": ("reviewer", "approver", "supervisor")},
    {"label": gettext_noop("Overview"), "url_name": "backoffice:overview", "icon": "building-community",
     "roles": ("county_admin", "supervisor", "operator")},
    {"label": gettext_noop("Watch"), "url_name": "watch:overview", "icon": "activity",
     "roles": ("county_admin", "supervisor", "operator")},
    {"label": gettext_noop("Conflicts"), "url_name": "ingest:desk", "icon": "alert-triangle",
     "roles": ("county_admin", "supervisor", "operator"), "count": "core.county.workqueue.watch.troubles_badge"},
    {"label": gettext_noop("Ratings"), "url_name": "ratings:list", "icon": "mood-smile",
     "roles": ("county_admin", "supervisor"), "count": "core.county.ratings.selectors.follow_ups_open"},
    {"label": gettext_noop("Towns"), "url_name": "tenants:list", "icon": "building", "roles": ("county_admin",)},
    {"label": gettext_noop("Nodes"), "url_name": "registry:fleet", "icon": "server",
     "roles": ("county_admin", "operator")},
    {"label": gettext_noop("Service points"), "url_name": "registry:points", "icon": "map-pin",
     "roles": ("county_admin", "operator")},
    {"label": gettext_noop("Staff"), "url_name": "registry:staff_list", "icon": "users", "roles": ("county_admin",)},
    {"label": gettext_noop("Catalogue"), "url_name": "publishing:home", "icon": "package",
     "roles": ("county_admin",)},
)  # fmt: skip
NETWORK_STATE: Path | None = None  # the core has no agent and no bar
LOGGING = logging_settings(
    os.environ.get("YIZHAN_LOG_LEVEL", "INFO"), place="core.county.logs.place", case_key="core.county.logs.case_key"
)

PROCRASTINATE_ON_APP_READY = "tenants.jobs.app_ready"
