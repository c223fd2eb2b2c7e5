"""One PostgreSQL server: its data directory, its process, its database."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenants.embedded.account import Account, account_for
from tenants.embedded.binaries import binaries_find, binaries_reachable
from tenants.embedded.errors import EmbeddedDatabaseError
from tenants.embedded.places import DATABASE, SUPERUSER, socket_dir_for, storage_for

START_SECONDS = 120.0  #: for crash recovery of a large database
STOP_SECONDS = 30.0
LOG_BYTES_MAX = 10_000_000
PR_SET_PDEATHSIG = 1
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    # 64 locks are not enough for plain pg_dump at 410 tenants.
    "max_locks_per_transaction": "1024",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """A server whose data directory exists; `process` is its postmaster, or None."""

    def __init__(self, control: Path, account: Account, binaries: Path, data: Path, socket_dir: Path) -> None:
        self.control = control
        self.account = account
        self.binaries = binaries
        self.data = data
        self.socket_dir = socket_dir
        self.settings = SETTINGS | {"unix_socket_directories": str(socket_dir)}
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def prepare(cls, control: Path, *, durable: bool) -> "Server":
        """The data directory of control exists, made now if need be, and binaries of its version are at hand."""
        link = control / "elsewhere"
        account = account_for((link.resolve() if link.is_symlink() else control) / "data")
        storage = storage_for(control, account)
        data = storage / "data"
        version = data / "PG_VERSION"
        binaries = binaries_find(major=int(version.read_text()) if version.exists() else None)
        binaries = binaries_reachable(binaries, account, storage)
        server = cls(control, account, binaries, data, socket_dir_for(storage, account))
        if not durable:
            server.settings |= NOT_DURABLE
        if not version.exists():
            server._initialise()
        return server

    def start(self, *, wait: Callable[[float], None]) -> bool:
        """True once the server takes connections; False when its process ended instead."""
        self._clear_stale_pid_file()
        log = self.control / "postgres.log"
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.rename(self.control / "postgres.log.1")
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, *options],
                cwd="/",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # After the change of user, which would clear it: with the keeper gone nobody would reap the server.
                preexec_fn=_stop_with_parent,  # noqa: PLW1509 - the keeper has one thread
                **self.account.process_options(),
            )
        waited = 0.0
        while self.is_running() and waited < START_SECONDS:
            if self._pid_file()[7:8] == ["ready"]:
                return True
            wait(0.02)
            waited += 0.02
        return False

    @property
    def pid(self) -> int:
        """The postmaster's process id; 0 before the first start."""
        return self.process.pid if self.process else 0

    def is_running(self) -> bool:
        """Whether the process lives; reaps it if it does not."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """The server is down: its clients cut off, its files flushed."""
        if self.process is None or not self.is_running():
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
                return

    def create_database(self) -> None:
        """The database exists."""
        address = make_conninfo(host=str(self.socket_dir), user=SUPERUSER, dbname="postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _initialise(self) -> None:
        """The data directory is complete: made under another name first, so that half of one is never taken for it."""
        draft = self.data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.account.switch:
            os.chown(draft, self.account.uid, self.account.gid)
        command: list[str | Path] = [
            *(self.binaries / "initdb", "-D", draft, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8"),
            # Only the socket exists, and its directory lets in nobody but the server's account and root.
            *("--auth-local=trust", "--auth-host=reject"),
        ]
        options = self.account.process_options()
        environment = self._environment()
        made = subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, errors="replace", check=False, **options
        )
        if made.returncode:
            raise EmbeddedDatabaseError(f"initdb failed: {made.stderr.strip()}")
        draft.rename(self.data)

    def _environment(self) -> dict[str, str]:
        """Of the caller's environment only what PostgreSQL needs: root's HOME is closed to the account."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
        return kept | {"HOME": str(self.data.parent), "LC_ALL": "C.UTF-8"}

    def _pid_file(self) -> list[str]:
        with suppress(FileNotFoundError):
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        return []

    def _clear_stale_pid_file(self) -> None:
        """No pid file stands in the way: an orphan server is stopped, a number now borne by a stranger forgotten."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        try:
            is_ours = Path(f"/proc/{pid}/cwd").resolve(strict=True) == self.data.resolve()
        except OSError:
            is_ours = False
        if is_ours:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)  # its keeper is dead and could not reap it; recovery is at the next start
        else:
            # After a reboot or in a new container the number may be any process of the same user, and PostgreSQL
            # would refuse to start. The keeper's lock says that no other server of ours runs.
            (self.data / "postmaster.pid").unlink(missing_ok=True)


def _stop_with_parent() -> None:
    """In the child: fast shutdown when the keeper dies, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
