"""A lab: some hosts on one network, one key that opens them all, and nothing left when it ends."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from . import groups
from .able import obstacles
from .host import Host
from .image import cache, image
from .network import NAMESPACES, Network
from .shell import attempt, local

#: A systemd takes about five; the kernel's default of 128 is reached by some twenty hosts.
INOTIFY: Final = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_WANTED: Final = 1024


class LabFailed(Exception):
    """The lab cannot be made; the message says what is missing."""


class Lab:
    """`name` is short ([a-z0-9]); `codename` is the hosts' Debian. Two labs never meet, also with one `prefix`."""

    def __init__(
        self, name: str, *, codename: str = "bookworm", prefix: str = "10.77", internet: bool = True, memory_mb: int = 0
    ) -> None:
        self.codename, self._memory_mb = codename, memory_mb
        self.network = Network(f"yz-{name}-{os.getpid()}", prefix, internet=internet)
        self.folder = _runs() / self.network.name
        self.key, self.ssh_config = self.folder / "key", self.folder / "ssh_config"
        self.known_hosts = self.folder / "known_hosts"
        self.hosts: dict[str, Host] = {}
        self._alive: IO[str] | None = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    def up(self) -> None:
        """The network stands, without hosts; what killed labs have left is gone. Raises LabFailed."""
        if found := obstacles():
            raise LabFailed("no hosts can be made here: " + "; ".join(found))
        _sweep()
        if int(INOTIFY.read_text(encoding="ascii")) < INOTIFY_WANTED:
            INOTIFY.write_text(str(INOTIFY_WANTED), encoding="ascii")
        self.folder.mkdir(parents=True)
        self._alive = (self.folder / "alive").open("w", encoding="ascii")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        local("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.network.name, "-f", str(self.key))
        self.network.up()

    def hosts_up(self, *names: str) -> tuple[Host, ...]:
        """Hosts of these names are up, booted side by side; in the order asked for."""
        below = image(self.codename)
        public_key = self.key.with_suffix(".pub").read_text(encoding="ascii")
        first = len(self.hosts)
        made = [
            Host(name, first + number, self.folder / name, below, self.network, memory_mb=self._memory_mb)
            for number, name in enumerate(names, 1)
        ]
        self.hosts |= {host.name: host for host in made}
        listed = "127.0.0.1 localhost\n" + "".join(f"{one.address} {one.name}\n" for one in self.hosts.values())
        for host in made:
            host_key = host.create(public_key, listed)
            with self.known_hosts.open("a", encoding="ascii") as known:
                known.write(f"{host.address},{host.name} {host_key}")
        self._ssh_configure()
        for host in made:
            host.start()
        for host in made:
            host.wait()
        return tuple(made)

    def _ssh_configure(self) -> None:
        """`ssh -F` this file, inside the lab's network, opens every host by its name."""
        parts = [
            f"Host *\n  User root\n  IdentityFile {self.key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n  StrictHostKeyChecking yes\n  ConnectTimeout 5\n"
            "  ServerAliveInterval 5\n  ServerAliveCountMax 3\n  LogLevel ERROR\n"
        ]
        parts += [f"Host {host.name}\n  HostName {host.address}\n" for host in self.hosts.values()]
        self.ssh_config.write_text("".join(parts), encoding="ascii")

    def inside(self, *command: str) -> tuple[str, ...]:
        """The command for this machine, changed so that it reaches the hosts: an Ansible run, a request."""
        return self.network.inside(*command)

    def down(self) -> None:
        """All hosts are gone, and everything that was made for them."""
        # Nobody wants their disks any more, so nobody waits for them to shut down in order.
        for host in self.hosts.values():
            host.power_cut()
        for host in self.hosts.values():
            host.remove()
        self.hosts.clear()
        self.network.down()
        if self._alive:
            self._alive.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _runs() -> Path:
    folder = cache() / "runs"
    folder.mkdir(exist_ok=True)
    return folder


def _sweep() -> None:
    """Labs whose process is dead have left nothing. Their hosts have died with them (PR_SET_PDEATHSIG)."""
    groups.groups_sweep()
    for folder in sorted(_runs().iterdir()):
        alive = folder / "alive"
        if not alive.exists():
            continue
        with alive.open(encoding="ascii") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        for root in sorted(folder.glob("*/root")):
            attempt("umount", "-l", str(root))
        for space in sorted(NAMESPACES.glob(f"{folder.name}*")):
            attempt("ip", "netns", "delete", space.name)
            groups.group_remove(space.name)
        shutil.rmtree(folder, ignore_errors=True)
