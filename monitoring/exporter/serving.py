"""The exporter's web server: /metrics in the format that was asked for, zipped where that was."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, cast

from prometheus_client.exposition import choose_encoder, gzip_accepted

from .collecting import Exporter
from .families import families_write

PATH: Final = "/metrics"
#: Whoever opens a connection and says nothing is gone after this.
IDLE_SECONDS: Final = 30.0
Parts = Sequence[bytes | bytearray]
_GZIP: Final = 16 + zlib.MAX_WBITS
_START_PAGE: Final = f'<!doctype html><title>yizhan exporter</title><a href="{PATH}">{PATH}</a>\n'.encode()


class Server(ThreadingHTTPServer):
    """Serves one exporter; a thread a request, so that one slow reader keeps nobody else waiting."""

    daemon_threads = True

    def __init__(self, host: str, port: int, exporter: Exporter) -> None:
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        self.exporter = exporter
        super().__init__((host, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for /metrics and for / (a link to it)."""

    timeout = IDLE_SECONDS
    server_version, sys_version = "yizhan-exporter", ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == PATH:
            content_type, encoding, parts = answer(
                cast("Server", self.server).exporter, self.headers.get("Accept", ""),
                self.headers.get("Accept-Encoding", ""),
            )  # fmt: skip
            self._answer(HTTPStatus.OK, parts, content_type, encoding)
        elif path == "/":
            self._answer(HTTPStatus.OK, [_START_PAGE], "text/html; charset=utf-8")
        else:
            self._answer(HTTPStatus.NOT_FOUND, [b"not found\n"], "text/plain; charset=utf-8")

    do_HEAD = do_GET

    def _answer(self, status: HTTPStatus, parts: Parts, content_type: str, encoding: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.send_header("Vary", "Accept, Accept-Encoding")
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        if self.command != "HEAD":
            # One after the other: ten megabytes need not stand in memory twice.
            for part in parts:
                self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        """A scrape every 15 seconds is no news."""


def answer(exporter: Exporter, accept: str, accept_encoding: str) -> tuple[str, str, Parts]:
    """(content type, content encoding, parts) of one scrape; the format is the best one both sides know."""
    _, content_type = choose_encoder(accept)
    parts = families_write(exporter.collect(), openmetrics=content_type.startswith("application/openmetrics-text"))
    if not gzip_accepted(accept_encoding):
        return content_type, "", list(parts)
    # Level 1: a fleet's text shrinks twenty times with it, and most of the time would go into a twenty-fifth.
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return content_type, "gzip", [*(packer.compress(part) for part in parts), packer.flush()]
