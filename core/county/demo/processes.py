"""The demo's processes: started with a log each, ended with the demo, whatever ends it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.1


class DemoFailed(Exception):
    """A part of the demo did not start or did not do its work; the message says which and where its log is."""


@dataclass
class Process:
    """One child: `command` with `environment` added to ours, its output in `log`."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _asked: bool = field(default=False, init=False)

    def start(self) -> None:
        """The child runs, and will be told to stop when this process is gone, even by kill -9."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        guard = [setpriv, "--pdeathsig", "TERM", "--"] if (setpriv := shutil.which("setpriv")) else []
        self._asked = False
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                [*guard, *self.command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env={**os.environ, **self.environment},
            )  # fmt: skip

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def await_that(self, what: str, ready: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Raises DemoFailed where `ready` is not true in time, or the process has ended."""
        await_that(f"{self.name}: {what}", lambda: ready() or self._ended(), seconds, log=self.log)

    def _ended(self) -> bool:
        if self.running:
            return False
        raise DemoFailed(f"{self.name} ended by itself; its last words are in {self.log}:\n{self.last_words()}")

    def last_words(self, lines: int = 12) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def ask_to_stop(self) -> None:
        """The child is told, once, to end; it may take its time."""
        if self.child is not None and self.running and not self._asked:
            self.child.send_signal(signal.SIGTERM)
            self._asked = True

    def stop(self) -> None:
        """The child is gone: asked first, then told."""
        self.ask_to_stop()
        if self.child is None:
            return
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def await_that(what: str, ready: Callable[[], bool], seconds: float, *, log: Path | None = None) -> None:
    """Raises DemoFailed where `ready` is not true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what}: not within {seconds:.0f} s" + (f"; see {log}" if log else ""))
        time.sleep(POLL_SECONDS)


def answers(url: str) -> bool:
    """Whether a web server answers there with a page that is no server error."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return int(response.status) < 500
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_choose(wanted: int) -> int:
    """`wanted`, or the next port above it that is free on the loopback address."""
    return next(port for port in range(wanted, wanted + 200) if port_free(port))


def python(*arguments: str) -> list[str]:
    """This interpreter with these arguments."""
    return [sys.executable, *arguments]


def gunicorn(application: str, port: int, *, threads: int = 4) -> list[str]:
    """A web server on the loopback address: one process, some threads, as on a node."""
    bind = ("--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", str(threads))
    quiet = ("--access-logfile", "/dev/null", "--no-control-socket", "--worker-tmp-dir", "/dev/shm")
    return python("-m", "gunicorn", application, *bind, *quiet)
