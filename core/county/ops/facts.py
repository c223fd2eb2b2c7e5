"""What a machine is, read before anything is put on it, and whether it can become a node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from .ssh import Remote

CODENAMES: Final = ("bookworm", "trixie")
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
PYTHON: Final = (3, 11)
#: A version beside the former one, with a backup of the database between them.
DISK_BYTES: Final = 4_000_000_000
MEMORY_BYTES: Final = 900_000_000
#: Its clock signs what it does; beyond this the county calls it wrong (fleet.CLOCK_OFF_MS).
CLOCK_SECONDS: Final = 120.0

SCRIPT: Final = r"""
. /etc/os-release
echo "os=${PRETTY_NAME:-}"
echo "codename=${VERSION_CODENAME:-}"
echo "machine=$(uname -m)"
echo "hostname=$(uname -n)"
echo "python=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null || :)"
echo "disk_free=$(df -P -B1 /opt 2>/dev/null | awk 'NR == 2 {print $4}')"
echo "memory=$(awk '/^MemTotal:/ {printf "%.0f", $2 * 1024}' /proc/meminfo)"
echo "time=$(date +%s.%N)"
"""


class FactsUnread(Exception):
    """The machine did not answer as a Debian does."""


@dataclass(frozen=True)
class Facts:
    """`clock_offset_s` is machine minus operator: positive where the machine's clock is ahead. Sizes in bytes."""

    os: str
    codename: str
    arch: str
    hostname: str
    python: str
    disk_free: int
    memory: int
    clock_offset_s: float

    def obstacles(self) -> list[str]:
        """Why the machine cannot become a node; empty where it can."""
        found = []
        if self.codename not in CODENAMES:
            found.append(_("%(os)s is not Debian 12 or 13") % {"os": self.os})
        if self.arch not in ARCHITECTURES.values():
            found.append(_("there is no bundle for %(arch)s") % {"arch": self.arch})
        if _version(self.python) < PYTHON:
            found.append(_("Python 3.11 or newer is missing (Debian package python3)"))
        if self.disk_free < DISK_BYTES:
            found.append(_("only %(n)s MB of the disk are free") % {"n": self.disk_free // 1_000_000})
        if self.memory < MEMORY_BYTES:
            found.append(_("only %(n)s MB of memory") % {"n": self.memory // 1_000_000})
        return found

    def warnings(self) -> list[str]:
        """What does not hinder the installation, and has to be put right."""
        if abs(self.clock_offset_s) <= CLOCK_SECONDS:
            return []
        return [_("its clock is off by %(n)s s") % {"n": round(self.clock_offset_s)}]


def facts_read(remote: Remote, now: Callable[[], float]) -> Facts:
    """The machine's facts; `now` is the operator's clock in seconds. Raises FactsUnread, Unreachable."""
    before = now()
    answer = remote.run(SCRIPT)
    # Its clock was read somewhere between the two; half of that way is the most this is wrong by.
    middle = (before + now()) / 2
    said = dict(line.split("=", 1) for line in answer.out.splitlines() if "=" in line)
    try:
        return Facts(
            os=said["os"], codename=said["codename"], arch=ARCHITECTURES.get(said["machine"], said["machine"]),
            hostname=said["hostname"], python=said["python"], disk_free=int(said["disk_free"]),
            memory=int(said["memory"]), clock_offset_s=round(float(said["time"]) - middle, 1),
        )  # fmt: skip
    except (LookupError, ValueError) as error:
        raise FactsUnread((answer.err or answer.out).strip()[-500:]) from error


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
