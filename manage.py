#!/usr/bin/env python
"""The one entry point, of the core and of a node.

The role decides the settings: DJANGO_SETTINGS_MODULE if it is set; else the node's if YIZHAN_ROLE is `edge` or
YIZHAN_NODE_DIR names a node's folder; else the core's. A core without DATABASE_URL starts its own PostgreSQL first.
"""

import os
import sys
from pathlib import Path

#: Commands that never touch the database, so none is started for them.
WITHOUT_DATABASE = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "help",
        "makemessages",
        "makemigrations",
        "rollout",
    }
)


def settings_module(env: dict[str, str]) -> str:
    """The settings for this process, by its role."""
    if chosen := env.get("DJANGO_SETTINGS_MODULE"):
        return chosen
    on_node = env.get("YIZHAN_ROLE") == "edge" or env.get("YIZHAN_NODE_DIR")
    return "edge_node.settings" if on_node else "core.county.settings"


def needs_database(arguments: list[str]) -> bool:
    """Whether the command line asks for more than help or files."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in WITHOUT_DATABASE:
        return False
    # With the key given, a paper is proven by nothing but itself.
    if arguments[0] == "verify" and any(one.startswith("--root-key") for one in arguments):
        return False
    return not {"-h", "--help"} & set(arguments)


def start_database() -> None:
    """The core's private PostgreSQL runs; ends the process with the reason in words if it cannot.

    DATABASE_URL stays unset: each process then counts as a user of the server, which lives as long as one of them.
    """
    from tenants.embedded import EmbeddedDatabaseError, ensure_database

    var_dir = Path(os.environ.get("YIZHAN_VAR") or Path(__file__).resolve().parent / "var")
    try:
        ensure_database(var_dir)
    except EmbeddedDatabaseError as error:
        sys.exit(str(error))


def main() -> None:
    module = settings_module(dict(os.environ))
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    if module == "core.county.settings" and not os.environ.get("DATABASE_URL") and needs_database(sys.argv[1:]):
        start_database()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
