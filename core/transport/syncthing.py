"""Syncthing's REST interface, as far as this project uses it: peers and folders, scans, arrivals, who is connected.

Works with Syncthing 1.19 (Debian 12) and 1.29. `override` and `revert` are left out on purpose: an author who lost
files would spread the loss, a reader's revert would destroy the evidence. An event is only a hint; the truth is a
sweep of the folder against the cursor.
"""

from __future__ import annotations

import copy
import json
import math
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import requests
from requests.adapters import HTTPAdapter
from syncthing import BaseAPI, SyncthingError
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

__all__ = ["Arrivals", "Folder", "Peer", "SyncthingClient", "SyncthingError", "SyncthingUnreachable", "configure"]

Json = dict[str, Any]
FolderKind = Literal["sendonly", "receiveonly"]

CALL_TIMEOUT_SECONDS = 30.0
#: Everything by which Syncthing would talk to anybody but the peers it was given, and what would start by itself.
OPTIONS: Json = {
    "globalAnnounceEnabled": False,
    "localAnnounceEnabled": False,
    "announceLANAddresses": False,
    "relaysEnabled": False,
    "natEnabled": False,
    "urAccepted": -1,
    "crashReportingEnabled": False,
    "autoUpgradeIntervalH": 0,
    "startBrowser": False,
    "reconnectionIntervalS": 5,  # with the default of 60 a line that is back is not used for a minute
    "keepTemporariesH": 168,  # a large scan over a bad line may take days: keep what has arrived
}
#: One writer a folder, watched as a fallback only: a published file is announced by a scan of its name.
FOLDER_OPTIONS: Json = {
    "ignorePerms": True,
    "order": "smallestFirst",  # segments before scans
    "minDiskFree": {"value": 200, "unit": "MB"},
    "fsWatcherEnabled": True,
    "fsWatcherDelayS": 1,
    "rescanIntervalS": 3600,
    "ignoreDelete": False,
    "markerName": ".stfolder",
}
_TRASH_CAN: Json = {
    "type": "trashcan",
    "params": {"cleanoutDays": "90"},
    "cleanupIntervalS": 3600,
    "fsPath": "",
    "fsType": "basic",
}
_NO_VERSIONS: Json = {"type": "", "params": {}, "cleanupIntervalS": 3600, "fsPath": "", "fsType": "basic"}
#: A file came, changed or went by the other side's doing; our own scans do not raise it.
_ARRIVAL = "ItemFinished"


class SyncthingUnreachable(SyncthingError):  # type: ignore[misc]  # the package has no types
    """No answer: the process is down, starting, or busy past the timeout. Trying again later is right."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another machine. `addresses` like "tcp://10.1.2.3:22000"; none means that it calls us.

    Give an address to one side only (the child calls its parent): when both call at the same moment, both hang up,
    and the next try was seen 20 s later.
    """

    device_id: str
    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with one writer; `devices` are the peers it is shared with. Two-way folders do not exist here.

    A `shut` one is paused when it is made: somebody opens it when its files may be fetched. Of a `bulky` one nothing is
    kept that the other side takes away again; where it is not shut it is open, whatever it was before.
    """

    id: str
    path: Path
    kind: FolderKind
    devices: tuple[str, ...]
    shut: bool = False
    bulky: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("sendonly", "receiveonly"):
            raise ValueError(f"folder {self.id}: {self.kind} would give it two writers")


class SyncthingClient(BaseAPI):  # type: ignore[misc]  # the package has no types
    """One Syncthing process. `address` is "127.0.0.1:PORT" or the absolute path of its socket.

    Every method raises SyncthingUnreachable if there is no answer, SyncthingError if it is a refusal.
    """

    prefix = "/rest/"

    def __init__(self, address: str, api_key: str, *, timeout_seconds: float = CALL_TIMEOUT_SECONDS) -> None:
        host, _, port = address.rpartition(":")
        is_socket = address.startswith("/")
        super().__init__(
            api_key,
            host="localhost" if is_socket else host,
            port=80 if is_socket else int(port),
            timeout=timeout_seconds,
        )
        self.address = address
        self._session = requests.Session()
        # A proxy meant for the outside world must not see this key.
        self._session.trust_env = False
        if is_socket:
            self._session.mount("http://", _SocketAdapter(address))

    def _request(  # the package opens a connection a call and knows neither sockets nor timeouts by the call
        self,
        method: str,
        endpoint: str,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        return_response: bool = False,
        raw_exceptions: bool = False,
        timeout_seconds: float | None = None,
    ) -> Any:
        try:
            response = self._session.request(
                method,
                self._base_url.format(endpoint=endpoint),
                data=None if data is None else json.dumps(data),
                params=params,
                headers={**(headers or {}), **self._headers},
                timeout=timeout_seconds or self.timeout,
            )
        except requests.RequestException as error:
            if raw_exceptions:
                raise
            raise SyncthingUnreachable(f"{self.address}: {error}") from error
        if return_response:
            return response
        if response.status_code != requests.codes.ok:
            raise SyncthingError(f"{method} {endpoint}: {response.status_code} {response.text.strip()}")
        return response.json() if response.content.strip() else None

    def ping(self) -> None:
        """The process answers and knows our key."""
        self.get("system/ping")

    def system_status(self) -> Json:
        return cast(Json, self.get("system/status"))

    def device_id(self) -> str:
        return str(self.system_status()["myID"])

    def config(self) -> Json:
        return cast(Json, self.get("config"))

    def config_put(self, config: Json) -> None:
        """The whole configuration is `config`, on disk and in effect."""
        self._request("PUT", "/rest/config", data=config)

    def folder_ids(self) -> frozenset[str]:
        return frozenset(str(folder["id"]) for folder in self.get("config/folders"))

    def connections(self) -> frozenset[str]:
        """The device ids of the peers connected at this moment."""
        found = self.get("system/connections")["connections"]
        return frozenset(str(device) for device, state in found.items() if state["connected"])

    def completion(self, folder_id: str, device_id: str) -> float:
        """Percent of the folder that the device is known to hold. Never an ack: behind a relay it stays 0."""
        return float(self.get("db/completion", params={"folder": folder_id, "device": device_id})["completion"])

    def folder_status(self, folder_id: str) -> Json:
        """State, counts and bytes of a folder ("db/status"). Expensive: for pages and tests, not for loops."""
        return cast(Json, self.get("db/status", params={"folder": folder_id}))

    def scan(self, folder_id: str, sub: str = "") -> None:
        """The folder, or the one name `sub` in it, has been looked at, and peers are being told what changed."""
        self.post("db/scan", params={"folder": folder_id, "sub": sub})

    def events(self, since: int, *, timeout_seconds: int, kinds: Iterable[str]) -> list[Json]:
        """The buffered events after `since` of these kinds; waits for one, `timeout_seconds` at most."""
        params = {"since": since, "timeout": timeout_seconds, "events": ",".join(kinds)}
        limit = self.timeout + timeout_seconds
        return cast(list[Json], self._request("GET", "/rest/events", params=params, timeout_seconds=limit) or [])

    def device_pause(self, device_id: str = "") -> None:
        """No connection to the device until `device_resume`, also after a restart. Empty: to no device at all."""
        self.post("system/pause", params={"device": device_id} if device_id else None)

    def device_resume(self, device_id: str = "") -> None:
        """The device is called again. Empty: every device."""
        self.post("system/resume", params={"device": device_id} if device_id else None)

    def folder_pause(self, folder_id: str, *, paused: bool) -> None:
        """The folder is neither scanned nor exchanged while `paused`, also after a restart."""
        endpoint = f"/rest/config/folders/{folder_id}"
        folder = cast(Json, self._request("GET", endpoint))
        self._request("PUT", endpoint, data={**folder, "paused": paused})

    def shutdown(self) -> None:
        """The process has been asked to end."""
        self.post("system/shutdown")

    def close(self) -> None:
        self._session.close()


def configure(client: SyncthingClient, *, peers: Iterable[Peer], folders: Iterable[Folder]) -> bool:
    """Syncthing has exactly these peers and folders; returns whether anything had to be changed.

    One PUT, and none if nothing differs. A pause is somebody's decision and is kept. Directories of new folders are
    made, their markers never: a folder whose disk is not mounted must stay an error, or its loss would travel.
    """
    wanted_folders = tuple(folders)
    current = client.config()
    wanted = copy.deepcopy(current)
    me = client.device_id()
    wanted["options"].update(OPTIONS)
    known_devices = {device["deviceID"]: device for device in current["devices"]}
    known_folders = {folder["id"]: folder for folder in current["folders"]}
    device_defaults, folder_defaults = current["defaults"]["device"], current["defaults"]["folder"]
    wanted["devices"] = [known_devices[me]] + [
        _device_json(peer, known_devices.get(peer.device_id, device_defaults)) for peer in peers if peer.device_id != me
    ]
    wanted["folders"] = [
        _folder_json(folder, known_folders.get(folder.id, {**folder_defaults, "paused": folder.shut}), me)
        for folder in wanted_folders
    ]
    if _canonical(wanted) == _canonical(current):
        return False
    for folder in wanted_folders:
        if folder.id not in known_folders:
            folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    client.config_put(wanted)
    return True


def _device_json(peer: Peer, base: Json) -> Json:
    return {
        **copy.deepcopy(base),
        "deviceID": peer.device_id,
        "name": peer.name,
        "addresses": list(peer.addresses) or ["dynamic"],
        "introducer": False,  # introducers propagate removals
        "autoAcceptFolders": False,
    }


def _folder_json(folder: Folder, base: Json, me: str) -> Json:
    members = sorted({me, *folder.devices})
    return {
        **copy.deepcopy(base),
        **copy.deepcopy(FOLDER_OPTIONS),
        "id": folder.id,
        "label": "",
        "path": os.path.abspath(folder.path),
        "type": folder.kind,
        "versioning": copy.deepcopy(_TRASH_CAN if folder.kind == "receiveonly" and not folder.bulky else _NO_VERSIONS),
        "devices": [{"deviceID": device, "introducedBy": "", "encryptionPassword": ""} for device in members],
        **({"paused": False} if folder.bulky and not folder.shut else {}),
    }


def _canonical(config: Json) -> Json:
    """The configuration with its lists in one order: Syncthing keeps its own."""
    found = copy.deepcopy(config)
    found["devices"].sort(key=lambda device: device["deviceID"])
    found["folders"].sort(key=lambda folder: folder["id"])
    for folder in found["folders"]:
        folder["devices"].sort(key=lambda device: device["deviceID"])
    return found


class Arrivals:
    """Which folders something arrived in, by long-polling. A hint: after any doubt all folders are named."""

    def __init__(self, client: SyncthingClient) -> None:
        self._client = client
        self._run = ""  #: Start time of the process whose events we follow; event numbers begin anew with each.
        self._since = 0

    def wait(self, timeout_seconds: float) -> frozenset[str]:
        """Return the folders that changed, as soon as one does; empty after `timeout_seconds` (whole ones, rounded up).

        Names every folder at the first call, after a restart of Syncthing and after lost events.
        Raises SyncthingUnreachable while there is no answer; the next call that gets one names every folder.
        """
        try:
            run = str(self._client.system_status()["startTime"])
            if run != self._run:
                # Subscribe first, look at the folders then: what comes in between is in both, not in neither.
                self._since = max((e["id"] for e in self._events(0, timeout_seconds=0)), default=0)
                self._run = run
                return self._client.folder_ids()
            events = self._events(self._since, timeout_seconds=math.ceil(timeout_seconds))
        except SyncthingUnreachable:
            self._run = ""
            raise
        if not events:
            return frozenset()
        missed = events[0]["id"] != self._since + 1
        self._since = events[-1]["id"]
        return self._client.folder_ids() if missed else frozenset(str(event["data"]["folder"]) for event in events)

    def _events(self, since: int, *, timeout_seconds: int) -> list[Json]:
        return self._client.events(since, timeout_seconds=timeout_seconds, kinds=(_ARRIVAL,))


class _SocketConnection(HTTPConnection):
    """HTTP over a Unix socket: reachable by this user alone, and no port to collide on."""

    def __init__(self, path: str, timeout: Any) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CALL_TIMEOUT_SECONDS)
        self.sock.connect(self._path)


class _SocketPool(HTTPConnectionPool):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", maxsize=4)
        self._path = path

    def _new_conn(self) -> _SocketConnection:
        return _SocketConnection(self._path, self.timeout.connect_timeout)


class _SocketAdapter(HTTPAdapter):
    def __init__(self, path: str) -> None:
        self._pool = _SocketPool(path)
        super().__init__()

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> _SocketPool:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()
