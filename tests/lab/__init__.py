"""Disposable Debian hosts with a real systemd for tests: boot, reboot, power cuts, links that fail.

    with Lab("upgrade") as lab:
        core, node = lab.hosts_up("core", "n1")
        node.run("systemctl", "is-system-running", "--wait")
        node.power_cut()

A host is systemd-nspawn over an overlay of one cached image, in a network namespace of its own; nothing in this
machine's network is changed. `obstacles()` says why hosts cannot be made on a machine. Learnt the hard way, and kept:
the unified cgroup hierarchy is asked for by SYSTEMD_NSPAWN_UNIFIED_HIERARCHY; every host has its own control group;
exit code 133 means reboot; `nsenter --net` is used because `ip netns exec` hides /sys/fs/cgroup.

Not like the field: the kernel is shared (no modules, no sysctls of the machine), and a power cut loses no write that
reached the kernel.
"""

from .able import obstacles
from .host import Host, HostFailed
from .image import image
from .lab import Lab, LabFailed
from .shell import CommandFailed

__all__ = ["CommandFailed", "Host", "HostFailed", "Lab", "LabFailed", "image", "obstacles"]
