"""The keeper: runs the server as its child, restarts it after a kill -9, stops it when nobody uses it."""

import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from tenants.embedded.errors import EmbeddedDatabaseError
from tenants.embedded.locks import FileLock
from tenants.embedded.places import ServerState, lock_path, state_write
from tenants.embedded.server import Server

IDLE_SECONDS = 5.0  #: without users before the server is stopped; a test run or a command follows another sooner
RESTART_SECONDS = 5.0  #: for so long a killed server is started again while its old children let go of the memory
LOOK_SECONDS = 1.0  #: between two looks at the users' lock


def keep(var_dir: Path, *, durable: bool) -> int:
    """Runs until nobody uses the server or SIGTERM; the first line on stdout says that it is ready, or why not."""
    if os.fork():
        # The client waits for this process only; the keeper goes on as nobody's child and never as a zombie.
        os._exit(0)
    control = var_dir / "pg"
    # Ready before keeper: who sees the keeper's lock held can rely on the ready lock to wait for.
    ready = FileLock(lock_path(control, "ready"))
    ready.hold()
    alone = FileLock(lock_path(control, "keeper"))
    if not alone.try_hold():
        _report({})
        return 0
    try:
        server = Server.prepare(control, durable=durable)
        with _Signals() as signals:
            return Keeper(control, server, ready, signals).run()
    except (EmbeddedDatabaseError, OSError) as error:
        _report({"error": str(error)})
        return 1


class Keeper:
    """One server's life, from its start to its stop."""

    def __init__(self, control: Path, server: Server, ready: FileLock, signals: "_Signals") -> None:
        self.control = control
        self.server = server
        self.ready = ready
        self.signals = signals
        self.users = FileLock(lock_path(control, "users"))

    def run(self) -> int:
        self._start()
        _report({"ready": True})
        idle_since: float | None = None
        while not self.signals.stop_asked:
            self.signals.wait(LOOK_SECONDS)
            if not self.server.is_running():
                self.ready.hold()
                self._start()
            if not self.users.try_hold():
                idle_since = None
                continue
            now = time.monotonic()
            idle_since = idle_since or now
            if now - idle_since >= IDLE_SECONDS:
                break  # the users' lock stays held: a new client waits until this server is down
            self.users.release()
        self.server.stop()
        return 0

    def _start(self) -> None:
        """The server is ready and has its database; raises EmbeddedDatabaseError after RESTART_SECONDS of trying."""
        deadline = time.monotonic() + RESTART_SECONDS
        while not self.server.start(wait=self.signals.wait):
            if self.signals.stop_asked or time.monotonic() > deadline:
                raise EmbeddedDatabaseError(f"PostgreSQL does not start; see {self.control}/postgres.log")
            self.signals.wait(0.1)
        self.server.create_database()
        state = ServerState(os.getpid(), self.server.pid, str(self.server.socket_dir), str(self.server.binaries))
        state_write(self.control, state)
        self.ready.release()


class _Signals:
    """Wakes the keeper when its child ends or when it is asked to stop."""

    def __init__(self) -> None:
        self.stop_asked = False
        self._reader, self._writer = socket.socketpair()

    def __enter__(self) -> "_Signals":
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_stop)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)

    def _ask_stop(self, *_: object) -> None:
        self.stop_asked = True

    def wait(self, seconds: float) -> None:
        """Returns at the next signal, or after the seconds."""
        if select.select([self._reader], [], [], seconds)[0]:
            self._reader.recv(4096)


def _report(word: dict[str, object]) -> None:
    """The client has the one line it waits for; stdout is closed to it."""
    print(json.dumps(word), flush=True)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
