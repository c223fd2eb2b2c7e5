"""What carries this machine's folders, as the environment says: its own Syncthing, one run by systemd, or copying.

YIZHAN_TRANSPORT      syncthing (default) | copy
YIZHAN_SYNC_API       Syncthing's REST address: host:port, or the path of a socket (default: a socket)
YIZHAN_SYNC_EXTERNAL  1: Syncthing is run by somebody else (a systemd unit); only drive it
YIZHAN_EXCHANGE       the shared directory of `copy`
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.settings_base import env_flag
from core.transport import spool
from core.transport.carrier import Carrier, SyncthingCarrier
from core.transport.copying import CopyCarrier
from core.transport.process import SyncthingProcess
from core.transport.syncthing import SyncthingClient

MAX_SOCKET_PATH: Final = 107  #: bytes


@dataclass(frozen=True)
class SyncthingSettings:
    home: Path
    api: str
    api_key: str
    listen: str


def transport_kind() -> str:
    """ "syncthing" or "copy"."""
    return os.environ.get("YIZHAN_TRANSPORT", "syncthing")


def syncthing_settings(base: Path, listen: str) -> SyncthingSettings:
    """Where this machine's Syncthing lives; its REST key is made once and kept with mode 0600."""
    home = base / "syncthing"
    spool.directory_make(home)
    key = home / "api.key"
    if not key.exists():
        handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return SyncthingSettings(
        home=home,
        api=os.environ.get("YIZHAN_SYNC_API") or _api_default(home),
        api_key=key.read_text().strip(),
        listen=listen,
    )


def _api_default(home: Path) -> str:
    """A socket beside the keys; where its path would be too long for the kernel, a loopback port, chosen once."""
    path = str(home / "api.sock")
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    chosen = home / "api.port"
    if not chosen.exists():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            spool.file_publish(home, chosen.name, str(probe.getsockname()[1]).encode())
    return f"127.0.0.1:{chosen.read_text()}"


def carrier_open(base: Path, *, device_id: str, listen: str) -> tuple[Carrier, Callable[[], None]]:
    """The carrier, ready, and what ends it. Raises SyncthingMissing, SyncthingError with the reason."""
    if transport_kind() == "copy":
        copying = CopyCarrier(Path(os.environ["YIZHAN_EXCHANGE"]), device_id)
        return copying, copying.close
    given = syncthing_settings(base, listen)
    process: SyncthingProcess | None = None
    if not env_flag("YIZHAN_SYNC_EXTERNAL"):
        process = SyncthingProcess(given.home, api_address=given.api, api_key=given.api_key, listen=given.listen)
        process.start()
        process.wait_ready()
    carrier = SyncthingCarrier(SyncthingClient(given.api, given.api_key))

    def end() -> None:
        carrier.close()
        if process is not None:
            process.stop()

    return carrier, end
