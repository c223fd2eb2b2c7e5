"""What both settings modules share: constants and small functions, with no Django import.

The core (core.county.settings) and the node (edge_node.settings) take these names and add their own apps,
databases and middleware, so that a page behaves the same at every window.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from core.logs import is_terminal

REPO_DIR = Path(__file__).resolve().parent.parent

AUTH_USER_MODEL = "staff.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = [
    "core.domain.staff.hashing.ModestArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Axes first: it must see a locked login before any password is hashed.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  #: hours
# Both together: a village shares one address, so the address alone would lock out a whole counter.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "core.counter.views.account.lockout"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "core.counter.refusals.csrf_failure"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600  #: seconds; one working day with its lunch break
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# No domain: the browser then sends the cookie only to the very host that set it.
SESSION_COOKIE_DOMAIN = None
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False  # htmx reads it to send the header
X_FRAME_OPTIONS = "SAMEORIGIN"  # the print preview is a frame of our own
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [REPO_DIR / "core" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [REPO_DIR / "core" / "static"]
# Served straight from the packages: a node has no web server in front and no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600  #: seconds

POLICIES_FROM_COUNTY = False  #: a node takes them from `policy.set`
COUNTY_POLICIES = ""  #: dotted path of what knows the county's own values by name (on the core)
CATALOGUE_MAX_AGE_DAYS = 30
CLOCK_MAX_AGE_HOURS = 72
RETENTION_DAYS = 30
#: Working days an applicant has to answer a supplement notice, where the item names none.
SUPPLEMENT_DAYS = 15
#: Working days in which a low rating is followed up.
RATING_FOLLOW_UP_DAYS = 5
#: Where this machine's Syncthing listens for its peers; SYNC_ADDRESSES are what they call, where that differs.
SYNC_LISTEN = os.environ.get("YIZHAN_SYNC_LISTEN", "tcp://127.0.0.1:22000")
SYNC_ADDRESSES = [part.strip() for part in os.environ.get("YIZHAN_SYNC_ADDRESSES", "").split(",") if part.strip()]
DISK_FLOOR_BYTES = 200 * 1024 * 1024


def gettext_noop(text: str) -> str:
    """The text as it is: the name makes `make messages` collect it, the page translates it."""
    return text


#: The main navigation: who has none of an entry's roles does not see it (none named: everybody), and an entry whose
#: page the host does not have is left out. `icon` is a file of core/static/vendor/tabler-icons-*. `count`, where there
#: is one, is the path of a function of the actor: so many wait for them on that page.
COUNTER_NAVIGATION: tuple[dict[str, Any], ...] = (
    {"label": gettext_noop("Counter"), "url_name": "counter:home", "icon": "home", "roles": ()},
    {"label": gettext_noop("Items"), "url_name": "counter:items", "icon": "search", "roles": ()},
    {"label": gettext_noop("Cases"), "url_name": "counter:cases", "icon": "list", "roles": ()},
    {"label": gettext_noop("Ratings"), "url_name": "counter:ratings", "icon": "mood-smile", "roles": ()},
)

#: After the middleware that finds the tenant (core only) and before anything an app adds.
COMMON_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.counter.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "core.counter.middleware.RefusalMiddleware",
]


def env_flag(name: str, *, default: bool = False) -> bool:
    """Whether the environment variable is set to 1, true, yes or on."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def env_list(name: str) -> list[str]:
    """The comma-separated parts of an environment variable, without blanks."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def secret_key(var_dir: Path) -> str:
    """The signing key: YIZHAN_SECRET_KEY, else the file in var_dir, made on the first start with mode 0600."""
    given = os.environ.get("YIZHAN_SECRET_KEY")
    if given:
        return given
    path = var_dir / "secret.key"
    var_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = var_dir / f"secret.key.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        # A link, not a rename: of two processes starting at once, both must end up with the first one's key.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def database_from_url(url: str) -> dict[str, Any]:
    """Django's database settings for a postgresql:// address; `?host=/dir` names a socket directory.

    Raises ValueError with the reason when the address is not one of PostgreSQL or names no database.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme or 'nothing'}://")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("DATABASE_URL names no database: write it after the last slash")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": name,
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or options.pop("password", "")),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(parts.port or ""),
        "OPTIONS": options,
    }


def templates_settings() -> list[dict[str, Any]]:
    """One template engine: core/templates first, then the templates of each app."""
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [REPO_DIR / "core" / "templates"],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.template.context_processors.i18n",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                    "core.counter.context.page",
                ]
            },
        }
    ]


#: Libraries and our own events are written by one formatter.
LOGGING_CONFIG = "core.logs.logging_configure"


def logging_settings(level: str = "INFO", *, place: str, case_key: str) -> dict[str, Any]:
    """Log lines to standard error, without personal data (core/logs.py, docs/logging.md): JSON, on a terminal text.

    `place` is the path of what knows tenant and node, `case_key` of what knows the key case numbers are hashed with.
    """
    formatter = {"()": "core.logs.Formatter", "as_json": not is_terminal(), "place": place, "case_key": case_key}
    alone: dict[str, Any] = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "core.logs.Stderr", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Handlers that Django and gunicorn bring would write addresses with all that people searched for.
            "django": {"handlers": [], "level": "INFO"},
            "django.server": alone,
            "gunicorn.error": alone,
            "gunicorn.access": alone,
            "axes": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
            "django.security.DisallowedHost": {"level": "ERROR"},
        },
    }
