"""Carrying folders by plain copying, between processes of one machine: the demo without Syncthing.

It behaves like the carrier over Syncthing where an agent can tell: files arrive whole, in any order, some time after
they were announced; a removed file goes at the reader too, into a trash can; a node that is cut off catches up later.
It has no peers to call, no keys and no relays: every process sees the one directory `exchange`, so it proves nothing
about networks and keeps nothing private. Never use it in earnest.

    exchange/folders/<folder id>/...            what the folder's one writer has sent
    exchange/removed/<folder id>/...            what the writer sent and later removed
    exchange/devices/<device id>                locked while that process lives
    exchange/cut/<device id>                    the switch: while it exists, that process sends and receives nothing
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.transport.spool import directory_make, file_replace, name_check, names_below
from core.transport.syncthing import Folder, Peer

_POLL_SECONDS = 0.05
#: A directory changed this recently may change again under the same time stamp: look again.
_SETTLED_NS = 50_000_000
_TRASH = ".stversions"


def cut_set(exchange: Path, device_id: str, *, cut: bool) -> None:
    """The process of `device_id` is cut off from all others, or no longer is."""
    switch = exchange / "cut" / device_id
    directory_make(switch.parent)
    if cut:
        switch.touch()
    else:
        switch.unlink(missing_ok=True)


class CopyCarrier:
    """A `Carrier` over a directory that all processes share."""

    def __init__(self, exchange: Path, device_id: str) -> None:
        self._exchange = exchange
        self._device_id = device_id
        self._peers: frozenset[str] = frozenset()
        self._folders: dict[str, Folder] = {}
        self._seen: dict[str, dict[Path, int]] = {}
        self._copied: dict[Path, tuple[int, int, int, int]] = {}
        self._first = True
        self._closed = threading.Event()
        for part in ("folders", "removed", "devices", "cut"):
            directory_make(exchange / part)
        self._alive = (exchange / "devices" / device_id).open("w")
        fcntl.flock(self._alive, fcntl.LOCK_SH)

    def apply(self, peers: Iterable[Peer], folders: Iterable[Folder]) -> bool:
        wanted = {folder.id: folder for folder in folders}
        reached = frozenset(peer.device_id for peer in peers)
        if (wanted, reached) == (self._folders, self._peers):
            return False
        for folder in wanted.values():
            directory_make(folder.path)
        self._folders, self._peers, self._seen = wanted, reached, {}
        return True

    def announce(self, folder_id: str, name: str = "") -> None:
        """The name, or the whole folder, is in the exchange. Cut off: it is when the switch is back."""
        folder = self._folders[folder_id]
        if not self._is_cut(self._device_id):
            self._send(folder, [name] if name else None)

    def wait(self, timeout_seconds: float) -> set[str]:
        deadline = time.monotonic() + timeout_seconds
        while True:
            changed = self._look()
            if self._first:
                self._first = False
                return set(self._folders)
            if changed or time.monotonic() >= deadline or self._closed.wait(_POLL_SECONDS):
                return changed

    def connected(self) -> set[str]:
        if self._is_cut(self._device_id):
            return set()
        return {peer for peer in self._peers if not self._is_cut(peer) and self._lives(peer)}

    def completion(self, folder_id: str, device_id: str) -> int | None:
        return None

    def close(self) -> None:
        self._closed.set()
        self._alive.close()

    def _look(self) -> set[str]:
        """Send what is unsent, fetch what is new; returns the folders something came or went in."""
        if self._is_cut(self._device_id):
            self._seen.clear()
            return set()
        return {folder.id for folder in self._folders.values() if self._look_at(folder)}

    def _look_at(self, folder: Folder) -> bool:
        """Whether the reader's copy changed. A folder whose directories have not changed is not listed again."""
        sends = folder.kind == "sendonly"
        sources = (folder.path,) if sends else (self._sent(folder), self._removed(folder))
        seen = self._seen.get(folder.id)
        if seen and all(_stamp(path) == stamp for path, stamp in seen.items()):
            return False
        # Stamps first: what changes while we copy makes them differ next time.
        stamps = {path: _settled(path) for source in sources for path in _directories(source)}
        if sends:
            self._send(folder, None)
        self._seen[folder.id] = stamps
        return not sends and self._receive(folder)

    def _send(self, folder: Folder, only: list[str] | None) -> None:
        sent, removed = self._sent(folder), self._removed(folder)
        directory_make(sent)
        for name in only or sorted({*names_below(folder.path), *names_below(sent)}):
            name_check(name)
            if (folder.path / name).is_file():
                self._copy(folder.path / name, sent, name)
                (removed / name).unlink(missing_ok=True)
            elif (sent / name).exists():
                _move(sent / name, removed / name)

    def _receive(self, folder: Folder) -> bool:
        sent, removed = self._sent(folder), self._removed(folder)
        changed = False
        for name in names_below(sent):
            # The writer may take a file back while we look: then its removal comes next.
            with contextlib.suppress(FileNotFoundError):
                changed |= self._copy(sent / name, folder.path, name)
        for name in names_below(removed):
            if (folder.path / name).is_file() and not (sent / name).exists():
                _move(folder.path / name, folder.path / _TRASH / name)
                changed = True
        return changed

    def _copy(self, source: Path, folder: Path, name: str) -> bool:
        """`folder/name` has the bytes of `source`; returns whether it had not."""
        state, target = source.stat(), folder / name
        # The time stamp alone is too coarse for two versions made at once; each version is a new inode.
        version = (state.st_ino, state.st_mtime_ns, state.st_ctime_ns, state.st_size)
        if self._copied.get(source) == version and target.exists():
            return False
        before = target.stat().st_ino if target.exists() else None
        after = file_replace(folder, name, source, modified_ns=state.st_mtime_ns).stat().st_ino
        self._copied[source] = version
        return before != after

    def _sent(self, folder: Folder) -> Path:
        return self._exchange / "folders" / folder.id

    def _removed(self, folder: Folder) -> Path:
        return self._exchange / "removed" / folder.id

    def _is_cut(self, device_id: str) -> bool:
        return (self._exchange / "cut" / device_id).exists()

    def _lives(self, device_id: str) -> bool:
        """Whether the process holds its lock, which ends with it however it ends."""
        try:
            with (self._exchange / "devices" / device_id).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def _move(source: Path, target: Path) -> None:
    directory_make(target.parent)
    shutil.move(source, target)


def _directories(root: Path) -> Iterator[Path]:
    yield root
    for directory, inner, _ in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield from (Path(directory) / name for name in inner)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _settled(path: Path) -> int:
    """The directory's time stamp, or one that never compares equal while it is too young to trust."""
    stamp = _stamp(path)
    return -1 if time.time_ns() - stamp < _SETTLED_NS else stamp
