"""One host of a lab: it boots, reboots, loses its power or its link, and is talked to over SSH."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from . import groups
from .network import RESOLVER, Network
from .shell import CommandFailed, attempt, environment, local

BOOT_SECONDS: Final = 90.0
STOP_SECONDS: Final = 20.0
#: systemd-nspawn's exit code when the host asks to be started again.
REBOOT: Final = 133
#: Joins the control group before anything of the host runs; the host dies with the process that made it.
START: Final = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec setpriv --pdeathsig KILL "$@"'


class HostFailed(Exception):
    """The host did not do what it was told; the message ends with what it printed on its console."""


class Host:
    """`folder` holds its disk (overlay over `image`); `address` is what the others reach it by."""

    def __init__(
        self, name: str, index: int, folder: Path, image: Path, network: Network, *, memory_mb: int = 0
    ) -> None:
        self.name, self.index, self.folder, self.image, self.network = name, index, folder, image, network
        self.address = network.address(index)
        self.root = folder / "root"
        self._memory_bytes = memory_mb * 1024 * 1024
        self._changed = threading.Condition()
        self._boots, self._leader, self._code, self._runs = 0, 0, 0, False
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener = threading.Thread(target=self._listen, name=f"{name}-notices", daemon=True)

    # --- made and removed

    def create(self, public_key: str, names: str) -> str:
        """The disk stands with a host key of its own, returned in its public form; the link is there."""
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        layers = f"lowerdir={self.image},upperdir={self.folder}/upper,workdir={self.folder}/work"
        local("mount", "-t", "overlay", self.network.namespace(self.name), "-o", layers, str(self.root))
        etc = self.root / "etc"
        (etc / "hostname").write_text(f"{self.name}\n", encoding="ascii")
        (etc / "hosts").write_text(names, encoding="ascii")
        (etc / "resolv.conf").unlink(missing_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {RESOLVER}\n", encoding="ascii")
        # Empty, so that the first boot makes one of its own.
        (etc / "machine-id").write_text("", encoding="ascii")
        for old in (etc / "ssh").glob("ssh_host_*"):
            old.unlink()
        key = etc / "ssh/ssh_host_ed25519_key"
        local("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", str(key))
        trusted = self.root / "root/.ssh/authorized_keys"
        trusted.write_text(public_key, encoding="ascii")
        trusted.chmod(0o600)
        self.network.link_add(self.name, self.index)
        self._notices.bind(str(self.folder / "notify"))
        self._listener.start()
        return key.with_suffix(".pub").read_text(encoding="ascii")

    def remove(self) -> None:
        """Nothing of the host is left."""
        # In this order: a thread that still reads a closed socket takes what is sent to the next one of its number.
        self._notices.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._notices.close()
        attempt("umount", str(self.root)) or attempt("umount", "-l", str(self.root))
        self.network.link_remove(self.name)
        groups.group_remove(self.network.namespace(self.name))
        # Some hundred thousand files where versions were installed.
        attempt("rm", "-rf", str(self.folder))

    # --- power

    def start(self) -> None:
        """The power is on; `wait` says when the host is up."""
        with self._changed:
            self._runs, self._boots = True, 0
        threading.Thread(target=self._supervise, name=f"{self.name}-power", daemon=True).start()

    def wait(self, boots: int = 1) -> None:
        """The host has finished booting, sshd included. Raises HostFailed."""
        self._await(lambda: self._boots >= boots or not self._runs, BOOT_SECONDS)
        if self._boots < boots:
            raise HostFailed(f"{self.name} is not up after {BOOT_SECONDS:.0f} s:\n{self.console()[-3000:]}")

    def power_cut(self) -> None:
        """The host is dead at once, nothing was said to any process; `start` boots it with its disk as it was."""
        self._kill(signal.SIGKILL)
        self._await(lambda: not self._runs, STOP_SECONDS)

    def reboot(self) -> None:
        """The host has shut down in order and is up again."""
        boots = self._boots
        self.enter("systemctl", "reboot")
        self.wait(boots + 1)

    # --- link

    def link_cut(self) -> None:
        self.network.link_set(self.index, up=False)

    def link_mend(self) -> None:
        self.network.link_set(self.index, up=True)

    # --- talking to it

    def run(self, *command: str, stdin: str | None = None, check: bool = True, seconds: float = 600) -> str:
        """What the command printed, as root over SSH. Raises CommandFailed (where `check`), TimeoutExpired."""
        there = self.network.inside("ssh", "-F", str(self.folder.parent / "ssh_config"), self.name,
                                    shlex.join(command))  # fmt: skip
        return self._call(there, command, stdin, check=check, seconds=seconds)

    def shell(self, script: str, *, check: bool = True, seconds: float = 600) -> str:
        """As `run`, for a script of /bin/sh."""
        return self.run("sh", "-euc", script, check=check, seconds=seconds)

    def enter(self, *command: str, check: bool = True, seconds: float = 600) -> str:
        """As `run`, from the console: it needs no link and no sshd. Raises HostFailed for a host that is off."""
        if not self._leader:
            raise HostFailed(f"{self.name} is off, systemd-nspawn ended with {self._code}:\n{self.console()[-3000:]}")
        there = ("nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i",
                 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
                 *command)  # fmt: skip
        return self._call(there, command, None, check=check, seconds=seconds)

    def copy_in(self, source: Path, target: str) -> None:
        """The file or directory lies at `target` on the host, sent over SSH."""
        config = str(self.folder.parent / "ssh_config")
        local(*self.network.inside("scp", "-q", "-r", "-F", config, str(source), f"{self.name}:{target}"))

    def copy_out(self, source: str, target: Path) -> None:
        """The host's file or directory lies at `target` here."""
        config = str(self.folder.parent / "ssh_config")
        local(*self.network.inside("scp", "-q", "-r", "-F", config, f"{self.name}:{source}", str(target)))

    def until(self, script: str, seconds: float) -> None:
        """Waits for a shell condition on the host that nothing announces. Raises CommandFailed after `seconds`."""
        self.run("timeout", str(int(seconds)), "sh", "-c", f"until {script}; do sleep 0.5; done")

    def read(self, path: str) -> str:
        return self.run("cat", path)

    def console(self) -> str:
        """What the host printed while booting and stopping."""
        log = self.folder / "console.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    # --- inside

    def _call(
        self, there: tuple[str, ...], command: tuple[str, ...], stdin: str | None, *, check: bool, seconds: float
    ) -> str:
        done = subprocess.run(
            there, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True,
            env=environment(), text=True, check=False, timeout=seconds,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise CommandFailed(self.name, command, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def _kill(self, number: int) -> None:
        with self._changed:
            if self._leader:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._leader, number)

    def _await(self, true: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(true, seconds)

    def _supervise(self) -> None:
        """Runs the host until it stops; a reboot is the same again."""
        space = self.network.namespace(self.name)
        command = [
            "sh", "-c", START, "sh", *map(str, groups.group_make(space, self._memory_bytes)), "--",
            "systemd-nspawn", "--quiet", "--boot", "--directory", str(self.root), f"--machine={self.name}",
            "--register=no", "--keep-unit", f"--network-namespace-path=/run/netns/{space}", "--notify-ready=yes",
            "--capability=CAP_NET_ADMIN", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
            "--console=pipe",
        ]  # fmt: skip
        env = environment() | {
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "NOTIFY_SOCKET": str(self.folder / "notify"),
        }  # fmt: skip
        code = REBOOT
        with (self.folder / "console.log").open("ab") as console:
            while code == REBOOT:
                code = subprocess.run(
                    command, env=env, stdin=subprocess.DEVNULL, stdout=console, stderr=console, check=False,
                    start_new_session=True,
                ).returncode  # fmt: skip
                # Where systemd-nspawn itself was killed, the host would go on without it, and without its disk.
                self._kill(signal.SIGKILL)
                with self._changed:
                    self._leader, self._code, self._runs = 0, code, code == REBOOT
                    self._changed.notify_all()

    def _listen(self) -> None:
        """Takes what systemd-nspawn reports: the host's first process, and that it has finished booting."""
        while said := self._notices.recv(4096):
            notice = said.decode().splitlines()
            with self._changed:
                for line in notice:
                    if line.startswith("X_NSPAWN_LEADER_PID="):
                        self._leader = int(line.partition("=")[2])
                self._boots += "READY=1" in notice
                self._changed.notify_all()
