"""Serve the county's figures to Prometheus."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.exchange.notify import notify
from monitoring.exporter.collecting import Exporter
from monitoring.exporter.families import families_write
from monitoring.exporter.serving import PATH, Server

EXAMPLE = """
examples:
    manage.py exporter                             # until SIGTERM or Ctrl-C: http://127.0.0.1:9108/metrics
    manage.py exporter --listen [::1]:9200
    manage.py exporter --once | promtool check metrics

With PROMETHEUS_MULTIPROC_DIR set as it is for the web server and ingest, what these count is in the figures.
Exit codes: 0; 1 if with --once a part of the figures could not be had; 2 if the address cannot be used.
"""


class Command(BaseCommand):
    """Parses, serves."""

    help = "Serve the figures of the county and its machines to Prometheus, until told to stop."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--listen", default="127.0.0.1:9108", metavar="HOST:PORT", help="default: %(default)s")
        parser.add_argument("--once", action="store_true", help="print the figures in Prometheus' text format, and end")
        parser.add_argument("--openmetrics", action="store_true", help="with --once: in the OpenMetrics format")

    def handle(self, *, listen: str, once: bool, openmetrics: bool, **options: Any) -> None:
        exporter = Exporter()
        if once:
            self._print(exporter, openmetrics=openmetrics)
            return
        server = _server(listen, exporter)

        def stop(number: int, frame: FrameType | None) -> None:
            # Not from this thread: it is the one that serves, and would wait for itself.
            threading.Thread(target=server.shutdown).start()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        host, port = server.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        self.stdout.write(f"exporter ready: http://{shown}:{port}{PATH}")
        self.stdout.flush()
        # What was imported stays for ever: each scrape's new objects would have it all looked through again.
        gc.freeze()
        notify("READY=1")
        with server:
            server.serve_forever()

    def _print(self, exporter: Exporter, *, openmetrics: bool) -> None:
        families = exporter.collect()
        for part in families_write(families, openmetrics=openmetrics):
            self.stdout.write(part.decode(), ending="")
        (success,) = (one for one in families if one.name == "yizhan_exporter_collector_success")
        if b"} 0\n" in success.lines:
            self.stdout.flush()
            sys.exit(1)


def _server(listen: str, exporter: Exporter) -> Server:
    host, _, port = listen.rpartition(":")
    try:
        return Server(host.strip("[]"), int(port), exporter)
    except (OSError, ValueError, OverflowError) as error:
        raise CommandError(f"cannot listen at {listen}: {error}", returncode=2) from error
