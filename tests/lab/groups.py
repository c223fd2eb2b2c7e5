"""A host's control group: its processes are counted and limited together, whatever cgroup version the machine has."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
#: Below the root on machines that have version 1 still; the others are not needed to boot.
VERSION_1: Final = ("unified", "systemd", "memory", "cpu", "pids")
#: Of the processor, compared with a process outside that has all: hosts yield to the tests and people beside them.
SHARES: Final = {"cpu.shares": "512", "cpu.weight": "50"}
#: yz-<lab>-<number of the process that made it>-<host>: see network.namespace.
_OURS = re.compile(r"yz-[a-z0-9]+-(\d+)-")


def folders(name: str) -> list[Path]:
    """Where the group lies: once in version 2, once for each controller in version 1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT / name]
    return [ROOT / one / name for one in VERSION_1 if (ROOT / one).is_dir()]


def group_make(name: str, memory_bytes: int) -> list[Path]:
    """The files into which a process writes its own number to belong to the group. `memory_bytes` 0: no limit."""
    made = folders(name)
    for folder in made:
        folder.mkdir(exist_ok=True)
        for limit in ("memory.max", "memory.limit_in_bytes"):
            if memory_bytes and (folder / limit).exists():
                (folder / limit).write_text(str(memory_bytes), encoding="ascii")
        for setting, share in SHARES.items():
            if (folder / setting).exists():
                (folder / setting).write_text(share, encoding="ascii")
    return [folder / "cgroup.procs" for folder in made]


def group_remove(name: str) -> None:
    """The group is gone, with those its host made inside."""
    for top in folders(name):
        for folder in sorted((one for one in top.rglob("*") if one.is_dir()), reverse=True):
            # A process on its way out still holds its group; the next sweep takes it.
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            top.rmdir()


def groups_sweep() -> None:
    """Nothing runs of labs whose process is dead, and no group is left of them.

    A host outlives the systemd-nspawn that was killed with the lab; without its disk, a PostgreSQL in it then tries to
    start for ever.
    """
    every = [one for top in folders("") if top.is_dir() for one in top.iterdir()]
    names = {one.name: found[1] for one in every if (found := _OURS.match(one.name))}
    for name, process in names.items():
        if not Path("/proc", process).exists():
            _kill_all(name)
            group_remove(name)


def _kill_all(name: str) -> None:
    """Every process of the group gets SIGKILL; those of a host end with its first one."""
    for top in folders(name):
        for file in [top / "cgroup.procs", *top.rglob("cgroup.procs")]:
            with contextlib.suppress(OSError):
                for process in file.read_text(encoding="ascii").split():
                    os.kill(int(process), signal.SIGKILL)
