"""Real Syncthing processes on loopback for tests: free ports, sockets of their own, and waiting for events."""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from core.transport.carrier import SyncthingCarrier
from core.transport.process import SyncthingProcess
from core.transport.syncthing import Folder, FolderKind, Peer, SyncthingClient

ARRIVAL_TIMEOUT_SECONDS = 60.0


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LabNode:
    """One Syncthing with its folders below `root`."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self.port = free_port()
        self.process = SyncthingProcess(
            root / "syncthing",
            api_address=str(root / "api"),
            api_key=secrets.token_hex(16),
            listen=f"tcp://127.0.0.1:{self.port}",
        )
        self.client: SyncthingClient = self.process.client()
        self.carrier = SyncthingCarrier(self.client)

    @property
    def device_id(self) -> str:
        return self.process.device_id

    def peer(self) -> Peer:
        """This node as its children are told about it."""
        return Peer(self.device_id, self.name, (f"tcp://127.0.0.1:{self.port}",))

    def caller(self) -> Peer:
        """This node as its parent is told about it: it calls, and is not called."""
        return Peer(self.device_id, self.name)

    def path(self, folder_id: str) -> Path:
        return self.root / "folders" / folder_id

    def folder(self, folder_id: str, kind: FolderKind, *others: LabNode) -> Folder:
        return Folder(folder_id, self.path(folder_id), kind, tuple(node.device_id for node in others))

    def await_that(self, fact: Callable[[], bool], *, what: str) -> None:
        """`fact` has become true; looked at after each arrival at this node."""
        deadline = time.monotonic() + ARRIVAL_TIMEOUT_SECONDS
        while not fact():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: {what} did not happen in {ARRIVAL_TIMEOUT_SECONDS} s")
            self.carrier.wait(1)

    def await_file(self, folder_id: str, name: str) -> Path:
        """The file has arrived; returns its path."""
        path = self.path(folder_id) / name
        self.await_that(path.exists, what=f"arrival of {name}")
        return path

    def await_event(self, kind: str, fact: Callable[[], bool]) -> None:
        """`fact` has become true; looked at after each event of that kind."""
        since, deadline = 0, time.monotonic() + ARRIVAL_TIMEOUT_SECONDS
        while not fact():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: not after {kind} in {ARRIVAL_TIMEOUT_SECONDS} s")
            since = max((e["id"] for e in self.client.events(since, timeout_seconds=1, kinds=(kind,))), default=since)


class SyncthingLab:
    """A few nodes, started together and gone afterwards."""

    def __init__(self, *node_names: str) -> None:
        # Socket paths are limited to 107 bytes: pytest's own directories are too deep.
        self._root = Path(tempfile.mkdtemp(prefix="yz-lab-"))
        self.nodes = [LabNode(name, self._root / name) for name in node_names]

    def __enter__(self) -> Self:
        for node in self.nodes:
            node.process.start()
        for node in self.nodes:
            node.process.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.carrier.close()
            node.process.stop()
        shutil.rmtree(self._root)

    def __iter__(self) -> Iterator[LabNode]:
        return iter(self.nodes)


def syncthing_missing() -> bool:
    """Whether the program is not installed here."""
    return shutil.which("syncthing") is None
