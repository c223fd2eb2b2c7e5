"""Settings of the tests on the core: a private PostgreSQL of their own under var/test, and a fast hasher."""

import os

os.environ.setdefault("YIZHAN_SECRET_KEY", "only-for-tests")

from core.county.settings import *  # noqa: F403
from core.county.settings import DATABASES, REPO_DIR

VAR_DIR = REPO_DIR / "var" / "test"
if "EMBEDDED_VAR" in DATABASES["default"]:
    # The tests' rows need not outlive a power cut; without fsync their schemas are made ten times faster.
    DATABASES["default"] |= {"EMBEDDED_VAR": VAR_DIR, "EMBEDDED_DURABLE": False}

# A database of its own for each run: two runs in one checkout must not drop each other's.
DATABASES["default"]["TEST"] = {"NAME": f"test_yizhan_{os.getpid()}"}

HERE = "tests.place.here"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # no walk through all static files before the first test
