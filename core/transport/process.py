"""A Syncthing process of our own: its home, its identity, and keeping it alive.

For the demo, the tests and machines without systemd. In production systemd runs Syncthing on a home made by
`home_prepare`, and only `core.transport.syncthing` is used. The process talks to nobody it was not told about.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import shutil
import ssl
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from core.transport.syncthing import OPTIONS, SyncthingClient, SyncthingError

READY_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 60.0
_POLL_SECONDS = 0.02
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#: An address of the API must fit into sockaddr_un.
_SOCKET_PATH_BYTES = 107


class SyncthingMissing(SyncthingError):  # type: ignore[misc]  # the package has no types
    """The syncthing program is not installed."""


def environment(home: Path) -> dict[str, str]:
    """The environment in which Syncthing runs on `home`: no restart, no upgrade, no default folder by itself."""
    return {
        **os.environ,
        "HOME": str(home),
        "STNODEFAULTFOLDER": "1",
        "STNORESTART": "1",
        "STNOUPGRADE": "1",
        # One process in place of a monitor and its child: a signal reaches the one that holds the files.
        "STMONITORED": "yes",
        # Else every start measures hash functions for a second at full load.
        "STHASHING": "minio",
    }


def device_id_of(certificate: Path) -> str:
    """Return the device id that Syncthing gives the holder of this certificate (PEM).

    SHA-256 of its DER form in base 32, a Luhn mod 32 check character after every 13, in groups of 7.
    """
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    code = base64.b32encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    checked = "".join(part + _check_character(part) for part in (code[i : i + 13] for i in range(0, 52, 13)))
    return "-".join(checked[i : i + 7] for i in range(0, 56, 7))


def _check_character(text: str) -> str:
    total = 0
    for place, character in enumerate(text):
        product = _BASE32.index(character) * (1 + place % 2)
        total += product // 32 + product % 32
    return _BASE32[-total % 32]


def home_prepare(home: Path, *, api_address: str, api_key: str, listen: str, binary: str = "syncthing") -> str:
    """`home` holds an identity and a configuration with these addresses; returns the device id.

    Keys are made once and kept; peers and folders that are configured already are kept. Only while no process runs on
    it. `api_address` is "127.0.0.1:PORT" or an absolute socket path, `listen` like "tcp://0.0.0.0:22000".
    """
    if api_address.startswith("/") and len(os.fsencode(api_address)) > _SOCKET_PATH_BYTES:
        raise ValueError(f"{api_address}: longer than {_SOCKET_PATH_BYTES} bytes, give a loopback port instead")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = home / "config.xml"
    fresh = not (config.exists() and (home / "cert.pem").exists())
    if fresh:
        _home_generate(home, binary)
    tree = ET.parse(config)
    root = tree.getroot()
    for default_folder in root.findall("folder") if fresh else ():
        root.remove(default_folder)  # some versions add one whatever they are told
    _set(root, "gui", "address", api_address)
    _set(root, "gui", "unixSocketPermissions", "0600" if api_address.startswith("/") else "")
    _set(root, "gui", "apikey", api_key)
    _set(root, "options", "listenAddress", listen)
    for name, value in OPTIONS.items():
        # JSON and XML call it the same, and write booleans alike.
        _set(root, "options", name, str(value).lower())
    partial = config.with_suffix(".partial")
    tree.write(partial)
    partial.chmod(0o600)
    partial.replace(config)
    return device_id_of(home / "cert.pem")


def _home_generate(home: Path, binary: str) -> None:
    """The keys are made; the web page gets a password nobody knows, for without one it is open to every local user."""
    program = shutil.which(binary)
    if program is None:
        raise SyncthingMissing(f"{binary}: not installed")
    subprocess.run(
        [program, "generate", f"--home={home}", "--gui-user=nobody", "--gui-password=-"],
        input=secrets.token_urlsafe(32) + "\n",
        env=environment(home),
        check=True,
        capture_output=True,
        text=True,
    )


def _set(root: ET.Element, section: str, name: str, value: str) -> None:
    parent = root.find(section)
    if parent is None:
        parent = ET.SubElement(root, section)
    for extra in parent.findall(name)[1:]:
        parent.remove(extra)
    element = parent.find(name)
    if element is None:
        element = ET.SubElement(parent, name)
    element.text = value


class SyncthingProcess:
    """Syncthing as a child of this process: started again when it dies, ended when this process ends in any way."""

    def __init__(self, home: Path, *, api_address: str, api_key: str, listen: str, binary: str = "syncthing") -> None:
        self.home = home
        self.api_address = api_address
        self.api_key = api_key
        self.listen = listen
        self._binary = binary
        self._ending = threading.Event()
        self._supervisor: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def device_id(self) -> str:
        """The identity of this home; it is made if there is none yet."""
        if not (self.home / "cert.pem").exists():
            self._prepare()
        return device_id_of(self.home / "cert.pem")

    @property
    def pid(self) -> int | None:
        """The process id of the running child, None between two lives."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def log_path(self) -> Path:
        return self.home / "syncthing.log"

    def client(self) -> SyncthingClient:
        """A new client for this process."""
        return SyncthingClient(self.api_address, self.api_key)

    def start(self) -> None:
        """The process is being started, and started again until `stop`. Raises SyncthingMissing."""
        if self._supervisor is not None:
            return
        if shutil.which(self._binary) is None:
            raise SyncthingMissing(f"{self._binary}: not installed")
        self._end_leftover()
        self._prepare()
        self._ending.clear()
        self._supervisor = threading.Thread(target=self._supervise, name=f"syncthing {self.home.name}", daemon=True)
        self._supervisor.start()

    def wait_ready(self, timeout_seconds: float = READY_TIMEOUT_SECONDS) -> None:
        """The API answers. Raises SyncthingError with the end of the log after `timeout_seconds`."""
        deadline = time.monotonic() + timeout_seconds
        with contextlib.closing(self.client()) as client:
            while not self._ending.is_set():
                with contextlib.suppress(SyncthingError):
                    client.ping()
                    return
                if time.monotonic() > deadline:
                    break
                self._ending.wait(_POLL_SECONDS)
        raise SyncthingError(f"Syncthing on {self.home} does not answer:\n{self._log_end()}")

    def stop(self, timeout_seconds: float = STOP_TIMEOUT_SECONDS) -> None:
        """The process has ended, by force after `timeout_seconds`, and is not started again."""
        self._ending.set()
        child, supervisor = self._child, self._supervisor
        if child is not None and child.poll() is None:
            child.terminate()
        if supervisor is not None:
            supervisor.join(timeout_seconds)
            if supervisor.is_alive() and self._child is not None:
                self._child.kill()
                supervisor.join()
        self._supervisor = None

    def _prepare(self) -> None:
        home_prepare(
            self.home, api_address=self.api_address, api_key=self.api_key, listen=self.listen, binary=self._binary
        )

    def _supervise(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            started = time.monotonic()
            self._child = child = self._spawn()
            if self._ending.is_set():
                child.terminate()  # `stop` came between the two lines above and saw no child
            child.wait()
            if time.monotonic() - started > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._ending.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self.api_address.startswith("/"):
            Path(self.api_address).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        command = [self._binary, "serve", f"--home={self.home}", "--no-browser"]
        if shutil.which("setpriv"):
            # Tied to the supervising thread, so it goes even when this process is killed.
            command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        with self.log_path.open("wb") as log:
            return subprocess.Popen(
                command,
                env=environment(self.home),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal reaches us; we end Syncthing in our own order.
                start_new_session=True,
            )

    def _end_leftover(self) -> None:
        """No process of an earlier life still runs on this home; if one hangs, its lock makes ours wait and retry."""
        config = self.home / "config.xml"
        if not config.exists():
            return
        gui = ET.parse(config).getroot().find("gui")
        if gui is None:
            return
        address, key = gui.findtext("address") or "", gui.findtext("apikey") or ""
        with (
            contextlib.suppress(SyncthingError, ValueError),
            contextlib.closing(SyncthingClient(address, key, timeout_seconds=5)) as client,
        ):
            if client.device_id() == self.device_id:
                client.shutdown()

    def _log_end(self) -> str:
        if not self.log_path.exists():
            return ""
        return self.log_path.read_text(errors="replace")[-2000:]
