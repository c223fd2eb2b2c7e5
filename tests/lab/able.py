"""Whether hosts can be made on this machine, and if not, why: each reason is a sentence for the person who asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

#: Command -> the Debian package it comes with. tools/bootstrap.py --for rollout-test installs them.
COMMANDS: Final[dict[str, str]] = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "slirp4netns": "slirp4netns",
    "nft": "nftables",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "nsenter": "util-linux",
}


def obstacles() -> list[str]:
    """Why no host can be made here; empty where they can."""
    found = [
        f"the command {command} is missing (Debian package {package})"
        for command, package in COMMANDS.items()
        if shutil.which(command) is None and not Path("/usr/sbin", command).exists()
    ]
    if os.geteuid() != 0:
        return [*found, "hosts are made by root only"]
    if not Path("/dev/net/tun").exists():
        found.append("there is no /dev/net/tun, so hosts would have no way out")
    if found:
        return found
    probe = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"],
                           capture_output=True, text=True, check=False)  # fmt: skip
    if probe.returncode != 0:
        found.append(f"namespaces cannot be made here: {probe.stderr.strip()}")
    if "overlay" not in Path("/proc/filesystems").read_text(encoding="ascii"):
        found.append("the kernel has no overlay file system")
    if not os.access("/sys/fs/cgroup", os.W_OK):
        found.append("/sys/fs/cgroup cannot be written")
    return found
