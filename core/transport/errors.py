"""What can go wrong between us and a folder: each with the data a page or an alert needs."""

from __future__ import annotations

from pathlib import Path


class SpoolError(Exception):
    """Base of what can go wrong between us and a folder."""


class UnsafeName(SpoolError):
    """A name that leaves its folder, hides, or passes through a symbolic link; or a thing that is no regular file."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name!r}: {reason}")
        self.name = name
        self.reason = reason


class NameTaken(SpoolError):
    """The name is published already, with other bytes. Published names are immutable: this is an alarm."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists with other content")
        self.path = path


class FileTooLarge(SpoolError):
    """The file is larger than its reader allows."""

    def __init__(self, path: Path, size: int, limit: int) -> None:
        super().__init__(f"{path} has {size} bytes, {limit} are allowed")
        self.path = path
        self.size = size
        self.limit = limit


class HashMismatch(SpoolError):
    """The bytes are not the ones that were promised (truncated, damaged, or changed since they were verified)."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(f"{path} has SHA-256 {found}, {expected} was promised")
        self.path = path
        self.expected = expected
        self.found = found


class DiskFull(SpoolError):
    """There is no room for the file above the floor; nothing was written."""

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(f"{folder}: {needed} bytes needed, {free} free")
        self.folder = folder
        self.needed = needed
        self.free = free
