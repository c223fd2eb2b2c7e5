"""Settings of the tests on a node: a database in memory, a fast hasher, a place the tests set."""

import os
import tempfile

os.environ.setdefault("YIZHAN_SECRET_KEY", "only-for-tests")
os.environ.setdefault("YIZHAN_NODE_DIR", tempfile.mkdtemp(prefix="yizhan-node-"))

from edge_node.settings import *  # noqa: F403
from edge_node.settings import DATABASES

HERE = "tests.place.here"
DATABASES["default"]["TEST"] = {"NAME": None}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
