"""Talking to one machine over SSH: believed by one pinned key, and by nothing else. Needs the extra "ops"."""

from __future__ import annotations

import base64
import hashlib
import logging
import shlex
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import paramiko

CONNECT_SECONDS: Final = 20.0
RUN_SECONDS: Final = 120.0
#: Of one answer no more is read: a machine must not fill the operator's disk.
MOST_BYTES: Final = 64 << 20

# What it has to say reaches the operator as our own errors, not as its tracebacks.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class Unreachable(Exception):
    """No SSH there, or it breaks off; the message says how."""


class LoginRefused(Exception):
    """The machine answers, and believes none of the keys or the password."""


class HostKeyChanged(Exception):
    """The machine shows another key than the pinned one: another machine, or somebody between."""

    def __init__(self, shown: str, pinned: str) -> None:
        super().__init__(f"{shown} instead of {pinned}")
        self.shown, self.pinned = shown, pinned


@dataclass(frozen=True)
class HostKey:
    """A host's public key as OpenSSH writes it: "ssh-ed25519 AAAA..."."""

    text: str

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen -l shows it at the machine's console."""
        digest = hashlib.sha256(base64.b64decode(self.text.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def good(self) -> bool:
        return self.code == 0


@dataclass(frozen=True)
class Place:
    host: str
    port: int = 22
    user: str = "root"

    @property
    def known_as(self) -> str:
        """How known_hosts, and paramiko, name it."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


@dataclass(frozen=True)
class Login:
    """By what the machine is to believe the operator: a key file, else the agent and the keys at home; or a password,
    which is also sudo's."""

    identity: Path | None = None
    password: str | None = field(default=None, repr=False)


def host_key_read(place: Place, *, pinned: str = "") -> HostKey:
    """The key the machine shows; nothing was said to it but hello.

    Raises Unreachable, HostKeyChanged where another one is pinned.
    """
    try:
        with socket.create_connection((place.host, place.port), CONNECT_SECONDS) as connection:
            transport = paramiko.Transport(connection)
            try:
                if pinned:
                    _prefer(transport, pinned.split(maxsplit=1)[0])
                transport.start_client(timeout=CONNECT_SECONDS)
                key = transport.get_remote_server_key()
            finally:
                transport.close()
    except (OSError, paramiko.SSHException, EOFError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    shown = HostKey(f"{key.get_name()} {key.get_base64()}")
    if pinned and shown.text != pinned:
        raise HostKeyChanged(shown.fingerprint, HostKey(pinned).fingerprint)
    return shown


def _prefer(transport: paramiko.Transport, kind: str) -> None:
    """The pinned kind is asked for first: a machine has keys of several."""
    options = transport.get_security_options()
    wanted = [one for one in options.key_types if one == kind or (kind == "ssh-rsa" and one.startswith("rsa-sha2-"))]
    options.key_types = (*wanted, *(one for one in options.key_types if one not in wanted))


class Remote:
    """A session with the machine; `with Remote(...)` closes it. Root's work is done by sudo where the user is not root.

    Raises Unreachable, LoginRefused, HostKeyChanged.
    """

    def __init__(self, place: Place, key: HostKey, login: Login) -> None:
        self.place, self._login = place, login
        self._sudo: bool | None = None
        self._client = paramiko.SSHClient()
        kind, _, data = key.text.partition(" ")
        self._client.get_host_keys().add(
            place.known_as, kind, paramiko.PKey.from_type_string(kind, base64.b64decode(data))
        )
        self._client.set_missing_host_key_policy(paramiko.RejectPolicy())
        own = login.identity is not None or login.password is not None
        try:
            self._client.connect(
                place.host, place.port, place.user, password=login.password, timeout=CONNECT_SECONDS,
                key_filename=str(login.identity) if login.identity else None, look_for_keys=not own,
                allow_agent=not own, banner_timeout=CONNECT_SECONDS, auth_timeout=CONNECT_SECONDS,
            )  # fmt: skip
        except paramiko.BadHostKeyException as error:
            shown = HostKey(f"{error.key.get_name()} {error.key.get_base64()}")
            raise HostKeyChanged(shown.fingerprint, key.fingerprint) from error
        except (paramiko.AuthenticationException, paramiko.PasswordRequiredException) as error:
            raise LoginRefused(str(error)) from error
        except paramiko.SSHException as error:
            # paramiko says so where there is not even a key to try.
            kind_of = LoginRefused if "authentication" in str(error).lower() else Unreachable
            raise kind_of(str(error)) from error
        except (OSError, EOFError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, script: str, data: str = "", *, seconds: float = RUN_SECONDS) -> Answer:
        """What a script of /bin/sh answers as the user who logged in; `data` is its input. Raises Unreachable."""
        return self._exec(shlex.join(["sh", "-euc", script]), data, seconds)

    def root(self, script: str, data: str = "", *, seconds: float = RUN_SECONDS) -> Answer:
        """As `run`, by root. Raises Unreachable; where root is not to be had, sudo's words are the answer."""
        command = ["sh", "-euc", script]
        if self.place.user == "root":
            return self._exec(shlex.join(command), data, seconds)
        if self._sudo is None:
            self._sudo = self._exec("sudo -n true", "", seconds).good
        if self._sudo or self._login.password is None:
            return self._exec(shlex.join(["sudo", "-n", "--", *command]), data, seconds)
        # -k: no password remembered from before leaves this line to the script.
        asked = shlex.join(["sudo", "-k", "-S", "-p", "", "--", *command])
        return self._exec(asked, f"{self._login.password}\n{data}", seconds)

    def _exec(self, command: str, data: str, seconds: float) -> Answer:
        try:
            stdin, stdout, stderr = self._client.exec_command(command, timeout=seconds)
            stdin.write(data)
            stdin.channel.shutdown_write()
            out = stdout.read(MOST_BYTES).decode("utf-8", "replace")
            err = stderr.read(1 << 16).decode("utf-8", "replace")
            return Answer(stdout.channel.recv_exit_status(), out, err)
        except (OSError, paramiko.SSHException, EOFError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
