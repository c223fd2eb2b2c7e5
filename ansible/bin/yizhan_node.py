"""A node's places, and how its programs are called. Only the standard library: it works where a version does not."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

#: What a version runs as, in the order of starting; each version brings its own unit files.
SERVICES: Final = ("yizhan-migrate.service", "yizhan-sync.service", "yizhan-web.service", "yizhan-agent.service")
USER: Final = "yizhan"
_CALL_SECONDS: Final = 1800.0


@dataclass(frozen=True)
class Node:
    """The node below `root`: "/" on a machine, a folder in tests."""

    root: Path = Path("/")

    @property
    def releases(self) -> Path:
        return self.root / "opt/yizhan/releases"

    @property
    def current(self) -> Path:
        return self.root / "opt/yizhan/current"

    @property
    def previous(self) -> Path:
        return self.root / "opt/yizhan/previous"

    @property
    def data(self) -> Path:
        return self.root / "var/lib/yizhan/node"

    @property
    def database(self) -> Path:
        return self.data / "node.sqlite3"

    @property
    def rollout(self) -> Path:
        """What exchanging versions leaves behind: pending.json, last.json, facts.json, backups."""
        return self.root / "var/lib/yizhan/rollout"

    @property
    def units(self) -> Path:
        return self.root / "etc/systemd/system"

    @property
    def settings(self) -> Path:
        return self.root / "etc/yizhan/node.env"

    def version(self) -> str:
        """The version in use; "" on a machine that has none."""
        return self.current.readlink().name if self.current.is_symlink() else ""

    def environment(self) -> dict[str, str]:
        """The variables of node.env: lines NAME=value, as systemd reads them too."""
        found = {}
        for line in self.settings.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                found[name] = value.strip('"')
        return found

    def manage(self, version: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A management command of that version, as the node's user and with nothing of the caller's environment."""
        as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 and self.root == Path("/") else []
        return self._manage(as_user, version, arguments)

    def manage_as_root(self, version: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same without giving up what the caller may do: for what the node's user must not be able to touch."""
        return self._manage([], version, arguments)

    def _manage(
        self, prefix: Sequence[str], version: str, arguments: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        command = [*prefix, str(self.releases / version / "venv/bin/python"), "-m", "django", *arguments]
        return subprocess.run(
            command, cwd="/", env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"} | self.environment(),
            capture_output=True, text=True, check=False, timeout=_CALL_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def systemctl(self, *arguments: str, check: bool = True) -> bool:
        """Whether systemctl did it. Raises CalledProcessError where it did not and had to."""
        return call(["systemctl", *arguments], check=check)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Of switch, confirmation and rollback one goes on at a time: the timer may fire while somebody confirms."""
        self.rollout.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (self.rollout / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def call(command: Sequence[str], *, check: bool = True, quiet: bool = False) -> bool:
    """Whether the program ended well; what it said goes to the log. Raises CalledProcessError with `check`."""
    said = subprocess.DEVNULL if quiet else None
    return subprocess.run(list(command), check=check, stdin=subprocess.DEVNULL, stderr=said).returncode == 0


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def json_read(path: Path) -> dict[str, Any]:
    """The object in the file; {} where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def json_write(path: Path, value: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """The file holds the object, whole or not at all, also after a power cut."""
    partial = path.with_suffix(".partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    folder_sync(path.parent)


def folder_sync(folder: Path) -> None:
    """Names given in the folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link_set(link: Path, target: Path) -> None:
    """`link` leads to `target`: at every moment it leads somewhere."""
    draft = link.with_name(f".{link.name}.next")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    os.replace(draft, link)
    folder_sync(link.parent)


def file_copy(source: Path, target: Path, *, mode: int) -> bool:
    """`target` holds what `source` does, by one rename; whether that changed it. The group stays as it was."""
    data = source.read_bytes()
    if target.exists() and target.read_bytes() == data:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.next")
    partial.write_bytes(data)
    partial.chmod(mode)
    if target.exists() and os.geteuid() == 0:
        os.chown(partial, target.stat().st_uid, target.stat().st_gid)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, target)
    folder_sync(target.parent)
    return True
