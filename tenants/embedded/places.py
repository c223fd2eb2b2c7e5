"""Where the private server keeps its things, and how a client finds them."""

import hashlib
import os
import socket
from contextlib import suppress
from pathlib import Path

import msgspec

from tenants.embedded.account import Account
from tenants.embedded.errors import EmbeddedDatabaseError

DATABASE = "yizhan"
SUPERUSER = "yizhan"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 107  #: bytes; sockaddr_un.sun_path less its closing zero
OUTSIDE = Path("/var/lib/yizhan")


class ServerState(msgspec.Struct, frozen=True):
    """What the keeper tells its clients, in state.json."""

    keeper: int  #: process id
    server: int  #: process id of the postmaster
    socket_dir: str
    binaries: str


def lock_path(control: Path, name: str) -> Path:
    """The lock file of that name: users (shared by clients), keeper (one at a time), ready (held until it is)."""
    return control / f"{name}.lock"


def state_read(control: Path) -> ServerState | None:
    """The keeper's last word, or None before there was one."""
    with suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode((control / "state.json").read_bytes(), type=ServerState)
    return None


def state_write(control: Path, state: ServerState) -> None:
    """The state is on disk, whole."""
    draft = control / "state.json.new"
    draft.write_bytes(msgspec.json.encode(state))
    draft.rename(control / "state.json")


def server_answers(socket_dir: Path) -> bool:
    """Whether a postmaster listens there; it may still be starting up."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        with suppress(OSError):
            probe.connect(str(socket_dir / SOCKET_NAME))
            return True
    return False


def storage_for(control: Path, account: Account) -> Path:
    """The directory that holds data and socket: control itself, if the server's account can get there.

    Else a directory of root's under /var/lib/yizhan, with a link to it in control; the mode of a directory that is
    not ours is never changed.
    """
    link = control / "elsewhere"
    if link.is_symlink():
        storage = link.resolve()
        storage.mkdir(parents=True, exist_ok=True)
        return storage
    if account.switch and control.stat().st_uid == 0:
        control.chmod(control.stat().st_mode | 0o011)  # ours: made by ensure_database, perhaps under umask 077
    if account.can_enter(control):
        return control
    storage = OUTSIDE / _short_hash(control)
    storage.mkdir(parents=True, exist_ok=True)
    for directory in (OUTSIDE, storage):
        directory.chmod(0o711)
    link.symlink_to(storage)
    return storage


def socket_dir_for(storage: Path, account: Account) -> Path:
    """A directory only the account (and root) may enter, short enough for a socket and able to hold one."""
    for directory in _socket_candidates(storage, account):
        if len(os.fsencode(directory / SOCKET_NAME)) > SOCKET_PATH_MAX:
            continue
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_private(directory, account) and _holds_sockets(directory):
            return directory
    raise EmbeddedDatabaseError(
        f"No directory holds the server's socket. Set YIZHAN_VAR to a path shorter than {storage}"
    )


def _socket_candidates(storage: Path, account: Account) -> list[Path]:
    if account.switch:
        return [storage / "run", OUTSIDE / _short_hash(storage) / "run"]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    private = [Path(runtime) / f"yizhan-{_short_hash(storage)}"] if runtime and os.access(runtime, os.W_OK) else []
    return [storage / "run", *private, Path("/tmp") / f"yizhan-{account.uid}-{_short_hash(storage)}"]


def _is_private(directory: Path, account: Account) -> bool:
    """Makes our own directory private; refuses one that somebody else put there first."""
    if account.switch and directory.lstat().st_uid == 0 and not directory.is_symlink():
        os.chown(directory, account.uid, account.gid)
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid != account.uid or not account.can_enter(directory.parent):
        return False
    directory.chmod(0o700)
    return True


def _holds_sockets(directory: Path) -> bool:
    """Some file systems (shared folders of virtual machines) hold no sockets."""
    trial = directory / ".trial"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(trial))
        except OSError:
            return False
    trial.unlink()
    return True


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
