"""The private server by hand: `python -m tenants.embedded url|stop|keep <var>`."""

import argparse
import sys
from pathlib import Path

from tenants.embedded import EmbeddedDatabaseError, ensure_database, server_stop


def main(arguments: list[str] | None = None) -> int:
    """0 when done, 1 when the server cannot run, 3 when there was none to stop."""
    parser = argparse.ArgumentParser(prog="python -m tenants.embedded", description=__doc__)
    parser.add_argument("action", choices=["url", "stop", "keep"], help="start and print the address; stop; run it")
    parser.add_argument("var", type=Path, help="directory of the run-time data, e.g. var")
    parser.add_argument("--not-durable", action="store_true", help="without fsync, for tests")
    options = parser.parse_args(arguments)
    if options.action == "keep":
        from tenants.embedded.keeper import keep  # here, because it loads psycopg, which the others do without

        return keep(options.var.resolve(), durable=not options.not_durable)
    try:
        if options.action == "stop":
            return 0 if server_stop(options.var) else 3
        print(ensure_database(options.var, durable=not options.not_durable))
    except EmbeddedDatabaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
