"""What the journal asks of whatever carries files: names that appear whole or not at all.

core.transport.spool is the one implementation; it is handed in, because domain and transport do not know each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """Names are relative to `folder`; sizes in bytes. Every name read from another machine is hostile."""

    @property
    def file_publish(self) -> PublishFile: ...

    @property
    def file_read(self) -> ReadFile: ...

    @property
    def file_remove(self) -> RemoveFile: ...

    @property
    def names(self) -> ListNames: ...


class PublishFile(Protocol):
    def __call__(self, folder: Path, name: str, data: bytes | Path) -> Path: ...


class ReadFile(Protocol):
    def __call__(self, path: Path, limit: int, *, folder: Path | None = None) -> bytes: ...


class RemoveFile(Protocol):
    def __call__(self, folder: Path, name: str) -> bool: ...


class ListNames(Protocol):
    def __call__(self, folder: Path, subfolder: str = "") -> list[str]: ...
