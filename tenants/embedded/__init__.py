"""A private PostgreSQL for a core without DATABASE_URL: it starts by itself and ends by itself.

Every process that asked for the server holds a shared lock on `users.lock` for its lifetime; one keeper process
runs the server as its child and stops it some seconds after the last of those locks is gone. All locks are flock
locks, so a kill -9 of anything releases them, and nothing has to be cleaned up by hand.
"""

import atexit
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import msgspec

from tenants.embedded.errors import EmbeddedDatabaseError
from tenants.embedded.locks import FileLock
from tenants.embedded.places import DATABASE, SUPERUSER, ServerState, lock_path, server_answers, state_read

__all__ = ["EmbeddedDatabaseError", "ensure_database", "server_stop"]

REPO_DIR = Path(__file__).resolve().parent.parent.parent
ATTEMPTS = 5  #: rounds of "is it there, else start it"; each ends in an answer or in the keeper's own error
_users: dict[Path, FileLock] = {}


def ensure_database(var_dir: Path, *, durable: bool = True) -> str:
    """The private server of var_dir runs and has its database; returns the DATABASE_URL, without TCP.

    durable=False starts it without fsync, for tests. Raises EmbeddedDatabaseError, which names the command to run.
    """
    control = var_dir.resolve() / "pg"
    _hold_users_lock(control)
    for _ in range(ATTEMPTS):
        state = _running_state(control)
        if state is None:
            _keeper_start(control, durable=durable)
            state = _running_state(control)
        if state is not None and server_answers(Path(state.socket_dir)):
            return _url(state)
        # A killed server: its keeper wakes within milliseconds, takes the ready lock and frees it when it is back.
        time.sleep(0.1)
        FileLock.wait_until_free(lock_path(control, "ready"))
    raise EmbeddedDatabaseError(f"The private PostgreSQL under {control} does not stay up; see {control}/postgres.log")


def server_stop(var_dir: Path) -> bool:
    """The private server of var_dir is stopped and its keeper gone; False if there was none."""
    control = var_dir.resolve() / "pg"
    state = _running_state(control) if control.is_dir() else None
    if state is None:
        return False
    os.kill(state.keeper, 15)
    FileLock.wait_until_free(lock_path(control, "keeper"))
    return True


def _url(state: ServerState) -> str:
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(state.socket_dir, safe='')}"


def _hold_users_lock(control: Path) -> None:
    """This process counts as a user of the server until it ends, forked children included."""
    if control in _users:
        return
    try:
        control.mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_path(control, "users"))
    except PermissionError as error:
        raise EmbeddedDatabaseError(
            f"{control} belongs to another user. Run as that user, or point YIZHAN_VAR to a directory of your own."
        ) from error
    # Blocks only while a keeper is stopping the server, which takes about a second.
    lock.share()
    _users[control] = lock
    atexit.register(lock.close)


def _running_state(control: Path) -> ServerState | None:
    """The state of the running server once it is ready, or None when no keeper runs."""
    if not FileLock.is_held(lock_path(control, "keeper")):
        return None
    FileLock.wait_until_free(lock_path(control, "ready"))
    if not FileLock.is_held(lock_path(control, "keeper")):
        return None
    return state_read(control)


def _keeper_start(control: Path, *, durable: bool) -> None:
    """A keeper runs and has said that its server is ready; raises with what it said otherwise."""
    command = [sys.executable, "-m", "tenants.embedded", "keep", str(control.parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPO_DIR), os.environ.get("PYTHONPATH", "")])}
    with open(control / "keeper.log", "ab") as log:
        keeper = subprocess.Popen(
            command if durable else [*command, "--not-durable"],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        answer, _ = keeper.communicate()
    try:
        report = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        report = {"error": f"The keeper of the private PostgreSQL died; see {control}/keeper.log"}
    if report.get("error"):
        raise EmbeddedDatabaseError(report["error"])
