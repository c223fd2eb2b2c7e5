"""What an agent needs of whatever carries its folders, and the carrier over Syncthing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Protocol

import structlog

from core.transport.syncthing import (
    Arrivals,
    Folder,
    Peer,
    SyncthingClient,
    SyncthingError,
    SyncthingUnreachable,
    configure,
)

__all__ = ["Carrier", "Folder", "Peer", "SyncthingCarrier"]

_log = structlog.get_logger(__name__)
_RETRY_SECONDS = 1.0


class Carrier(Protocol):
    """Carries what is published in a folder to those it is shared with. It knows nothing of what the files mean."""

    def apply(self, peers: Iterable[Peer], folders: Iterable[Folder]) -> bool:
        """Exactly these peers and folders are in effect; returns whether that changed anything."""
        ...

    def announce(self, folder_id: str, name: str = "") -> None:
        """What was just published (or removed) under `name` is on its way, now or when the line is back.

        Raises SyncthingError if the folder itself is broken (not mounted, marker gone): nothing will travel.
        """
        ...

    def wait(self, timeout_seconds: float) -> set[str]:
        """Return the folders that changed, as soon as one does; empty after the time. A hint: sweep them.

        The first call, and any call after something may have been missed, names every folder.
        """
        ...

    def connected(self) -> set[str]:
        """The device ids of the peers that can be reached at this moment."""
        ...

    def completion(self, folder_id: str, device_id: str) -> int | None:
        """How much of the folder that peer is known to hold, percent; None where nobody can say. Never an ack."""
        ...

    def close(self) -> None:
        """Nothing is held any more. What runs outside of this process goes on."""
        ...


class SyncthingCarrier:
    """A running Syncthing. While it does not answer, nothing is lost: it looks at every folder when it starts."""

    def __init__(self, client: SyncthingClient) -> None:
        self._client = client
        self._arrivals = Arrivals(client)
        self._closed = threading.Event()

    def apply(self, peers: Iterable[Peer], folders: Iterable[Folder]) -> bool:
        """As `Carrier.apply`. Raises SyncthingUnreachable: without it nothing is in effect."""
        return configure(self._client, peers=peers, folders=folders)

    def announce(self, folder_id: str, name: str = "") -> None:
        try:
            self._client.scan(folder_id, name)
        except SyncthingUnreachable as error:
            _log.warning("announce_deferred", folder=folder_id, reason=str(error))

    def wait(self, timeout_seconds: float) -> set[str]:
        deadline = time.monotonic() + timeout_seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                return set(self._arrivals.wait(left))
            except SyncthingUnreachable:
                # There is nobody to wait for an event from.
                if left == 0 or self._closed.wait(min(_RETRY_SECONDS, left)):
                    return set()

    def connected(self) -> set[str]:
        try:
            return set(self._client.connections())
        except SyncthingUnreachable:
            return set()

    def completion(self, folder_id: str, device_id: str) -> int | None:
        try:
            return int(self._client.completion(folder_id, device_id))
        except SyncthingError:
            return None

    def close(self) -> None:
        self._closed.set()
        self._client.close()
