"""A lab's network: one bridge in a namespace of its own, a link for each host, and a way out in user space."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from .shell import PATH, attempt, environment, local

NAMESPACES: Final = Path("/run/netns")
#: Where a host asks for names: slirp4netns answers there with this machine's own resolver.
RESOLVER: Final = "10.0.2.3"
WAY_OUT_SECONDS: Final = 10.0
#: Interface names are at most 15 characters long; the namespaces are separate, so the names need not differ.
MASQUERADE: Final = """table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "tap0" masquerade; }
}
"""


class Network:
    """Namespace `name`, bridge br0 with the address `prefix`.0.1/16. `internet`: hosts reach this machine's network."""

    def __init__(self, name: str, prefix: str, *, internet: bool) -> None:
        self.name, self.prefix, self.internet = name, prefix, internet
        self._slirp: subprocess.Popen[bytes] | None = None
        self._leash = -1

    def up(self) -> None:
        local("ip", "netns", "add", self.name)
        self._ip("link", "set", "lo", "up")
        self._ip("link", "add", "br0", "type", "bridge")
        self._ip("address", "add", f"{self.prefix}.0.1/16", "dev", "br0")
        self._ip("link", "set", "br0", "up")
        if self.internet:
            self._way_out()

    def _way_out(self) -> None:
        """Packets to elsewhere go through slirp4netns, which ends with this process."""
        ready_read, ready_write = os.pipe()
        leash_read, self._leash = os.pipe()
        self._slirp = subprocess.Popen(
            ["slirp4netns", "--netns-type=path", "--configure", "--mtu=1400", "--disable-host-loopback",
             f"--ready-fd={ready_write}", f"--exit-fd={leash_read}", str(NAMESPACES / self.name), "tap0"],
            pass_fds=(ready_write, leash_read), env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(ready_write)
        os.close(leash_read)
        with os.fdopen(ready_read, "rb") as ready:
            if ready.read(1) != b"1":
                raise RuntimeError("slirp4netns does not start")
        local(*self.inside("sysctl", "-qw", "net.ipv4.ip_forward=1"))
        local(*self.inside("nft", "-f", "-"), stdin=MASQUERADE)

    def down(self) -> None:
        if self._slirp:
            os.close(self._leash)
            self._slirp.wait(WAY_OUT_SECONDS)
        attempt("ip", "netns", "delete", self.name)

    def inside(self, *command: str) -> tuple[str, ...]:
        """The command as it is to be run to reach the hosts: only its network changes."""
        return ("nsenter", f"--net={NAMESPACES / self.name}", "--", "env", f"PATH={os.environ.get('PATH', '')}:{PATH}",
                *command)  # fmt: skip

    def address(self, index: int) -> str:
        return f"{self.prefix}.{index // 250 + 1}.{index % 250 + 1}"

    def namespace(self, host: str) -> str:
        return f"{self.name}-{host}"

    def link_add(self, host: str, index: int) -> None:
        """The host's namespace stands, with eth0 at its address, linked to the bridge."""
        space, link = self.namespace(host), f"v{index}"
        local("ip", "netns", "add", space)
        self._ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        self._ip("link", "set", link, "master", "br0", "up")
        for command in (
            ("link", "set", "lo", "up"),
            ("address", "add", f"{self.address(index)}/16", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("route", "add", "default", "via", f"{self.prefix}.0.1"),
        ):
            local("ip", "-n", space, *command)

    def link_set(self, index: int, *, up: bool) -> None:
        """The cable of the host is plugged in or pulled out; the host sees its carrier come and go."""
        self._ip("link", "set", f"v{index}", "up" if up else "down")

    def internet_set(self, *, on: bool) -> None:
        """The way out is open or closed for all hosts; they reach one another all the same."""
        local(*self.inside("sysctl", "-qw", f"net.ipv4.ip_forward={int(on)}"))

    def link_remove(self, host: str) -> None:
        attempt("ip", "netns", "delete", self.namespace(host))

    def _ip(self, *command: str) -> None:
        local("ip", "-n", self.name, *command)
