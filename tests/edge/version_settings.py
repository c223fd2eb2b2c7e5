"""A node's settings in tests of exchanging versions: the version says where the journal's migrations are."""

import os

from edge_node.settings import *  # noqa: F403

MIGRATION_MODULES = {"journal": os.environ["TEST_JOURNAL"]} if os.environ.get("TEST_JOURNAL") else {}
