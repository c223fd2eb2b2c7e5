"""The county's pages served once more, by a process that knows where a Prometheus and an Alertmanager are."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from core.county.demo.processes import Process, answers, gunicorn
from core.county.watch.instruments import FOLDER

from .syncthing_lab import free_port
from .watch_lab import Watch
from .world import World


@contextlib.contextmanager
def console_open(world: World, watch: Watch) -> Iterator[str]:
    """The address of the console with history and alerts; the demo's own console is left as it is."""
    # What the tests' own settings put into the environment is not the demo's.
    blank = {name: "" for name in os.environ if name.startswith("YIZHAN_") or name == "DATABASE_URL"}
    given = {FOLDER: str(world.var / "metrics"), "YIZHAN_PROMETHEUS": watch.address, "YIZHAN_ALERTMANAGER": watch.calls}
    port = free_port()
    command = gunicorn("core.county.wsgi:application", port)
    log = world.var / "watch" / "console.log"
    console = Process("console", command, blank | world.core.environment() | given, log)
    console.start()
    try:
        console.await_that("answers", lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        yield f"http://127.0.0.1:{port}"
    finally:
        console.stop()
