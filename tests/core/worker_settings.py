"""The core's test settings for a worker process that joins the test database of a running test."""

import os

from core.county.settings_test import *  # noqa: F403
from core.county.settings_test import DATABASES

DATABASES["default"]["NAME"] = os.environ["YIZHAN_TEST_DATABASE"]
