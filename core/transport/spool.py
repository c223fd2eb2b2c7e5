"""Files that appear whole or not at all: the disk side of every folder that another machine reads or writes.

What holds here:
- A name becomes visible only when its bytes are on the disk: temporary name, fsync, rename, fsync of the directory.
- A published name is immutable; only `file_replace` may put new bytes under a name (acks, status).
- A name that comes from another machine is hostile: no way out of the folder, no symbolic link is followed.
- A full disk is noticed before a name appears: `DiskFull`, and nothing is left behind.

All names are relative to a folder, in POSIX form ("000001-000500.seg", "attachments/ab12"). Sizes are bytes.
"""

from __future__ import annotations

import os
import re
import shutil
from io import BufferedReader
from pathlib import Path

from core.transport.disk import (
    TEMPORARY_PREFIX,
    TEMPORARY_SUFFIX,
    digest_at,
    digest_of,
    directory_sync,
    parent_open,
    regular_at,
    regular_open,
    write_at,
)
from core.transport.errors import DiskFull, FileTooLarge, HashMismatch, NameTaken, SpoolError, UnsafeName

__all__ = [
    "FLOOR_BYTES",
    "DiskFull",
    "FileTooLarge",
    "HashMismatch",
    "NameTaken",
    "SpoolError",
    "UnsafeName",
    "archive_copy",
    "directory_make",
    "file_exists",
    "file_open",
    "file_publish",
    "file_read",
    "file_remove",
    "file_replace",
    "free_bytes",
    "name_check",
    "names",
    "names_below",
    "path_of",
    "temporaries_clear",
]

#: Below this much free space nothing is written: enough for a database to close its books. The counter stops earlier.
FLOOR_BYTES = 8 * 1024 * 1024
_MAX_PARTS = 4
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=@,-]{0,199}", re.ASCII)


def name_check(name: str) -> str:
    """Return `name` if it is one we would give a file ourselves. Raises UnsafeName.

    Also refuses what belongs to Syncthing or to a write in progress: see `names`.
    """
    parts = name.split("/")
    if len(parts) > _MAX_PARTS:
        raise UnsafeName(name, "too many folders")
    for part in parts:
        if not _PART.fullmatch(part) or part.endswith("."):
            raise UnsafeName(name, "not a plain name")
        if ".sync-conflict-" in part:
            raise UnsafeName(name, "a conflict copy: somebody else writes in this folder")
    return name


def path_of(folder: Path, name: str) -> Path:
    """Return where `name` lies in `folder`. Raises UnsafeName. Says nothing about links on the way: see `file_read`."""
    return folder / name_check(name)


def free_bytes(path: Path) -> int:
    """Return the bytes an unprivileged process may still write on the file system of `path`."""
    return shutil.disk_usage(path).free


def file_publish(
    folder: Path,
    name: str,
    data: bytes | Path | BufferedReader,
    *,
    staging: Path | None = None,
    floor_bytes: int = FLOOR_BYTES,
    sha256: str | None = None,
    modified_ns: int | None = None,
) -> Path:
    """`folder/name` holds exactly `data`, durably, and will never change; returns its path.

    `data` is the bytes, or a file to copy. `staging` is a folder on the same file system, outside the synced one.
    With `sha256` (hex) only these bytes get the name; `modified_ns` is the time stamp the file gets.
    Publishing the same bytes again changes nothing, so a crashed writer may simply repeat itself.
    Raises NameTaken, DiskFull, HashMismatch, UnsafeName, FileNotFoundError if `folder` is missing (not mounted?).
    """
    target = path_of(folder, name)
    with parent_open(folder, name, create=True) as parent:
        if regular_at(parent, target.name, name):
            if digest_at(parent, target.name) != (sha256 or digest_of(data)):
                raise NameTaken(target)
            # The earlier writer may have died between its rename and its fsync of the directory.
            os.fsync(parent)
        else:
            write_at(target, parent, data, staging, floor_bytes, sha256, modified_ns)
    return target


def file_replace(
    folder: Path,
    name: str,
    data: bytes | Path | BufferedReader,
    *,
    staging: Path | None = None,
    floor_bytes: int = FLOOR_BYTES,
    sha256: str | None = None,
    modified_ns: int | None = None,
) -> Path:
    """`folder/name` holds exactly `data`, durably; a reader sees the old bytes or the new ones, never a mixture.

    For files outside any chain only (acks, status). Same bytes: nothing is written, so nothing travels. Raises as
    `file_publish`, without NameTaken.
    """
    target = path_of(folder, name)
    with parent_open(folder, name, create=True) as parent:
        there = regular_at(parent, target.name, name)
        if not there or digest_at(parent, target.name) != (sha256 or digest_of(data)):
            write_at(target, parent, data, staging, floor_bytes, sha256, modified_ns)
    return target


def file_remove(folder: Path, name: str) -> bool:
    """`folder/name` is gone, durably; returns whether it was there. For the folder's one writer: deletes travel."""
    leaf = path_of(folder, name).name
    try:
        with parent_open(folder, name) as parent:
            os.unlink(leaf, dir_fd=parent)
            os.fsync(parent)
    except FileNotFoundError:
        return False
    return True


def file_exists(folder: Path, name: str) -> bool:
    """Whether `name` is a complete regular file in `folder`. Raises UnsafeName."""
    leaf = path_of(folder, name).name
    try:
        with parent_open(folder, name) as parent:
            return regular_at(parent, leaf, name)
    except FileNotFoundError:
        return False


def file_open(path: Path, *, folder: Path | None = None) -> BufferedReader:
    """Open a regular file for reading without following a link: of `path` itself, and below `folder` if that is given.

    Always give `folder` for what another machine put there: it can make a folder on the way into a link.
    Raises UnsafeName, FileNotFoundError.
    """
    base, name = (path.parent, path.name) if folder is None else (folder, path.relative_to(folder).as_posix())
    if folder is not None:
        name_check(name)
    with parent_open(base, name) as parent:
        return regular_open(parent, path.name, name)


def file_read(path: Path, limit: int, *, folder: Path | None = None) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes. Raises FileTooLarge and what `file_open` raises."""
    with file_open(path, folder=folder) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise FileTooLarge(path, size, limit)
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise FileTooLarge(path, len(data), limit)
    return data


def names(folder: Path, subfolder: str = "") -> list[str]:
    """Return the names of the complete files in `folder/subfolder`, sorted, without the subfolder; [] if it is missing.

    Left out: folders, links and other things that are no files, and every name `name_check` refuses: Syncthing's
    temporaries, markers, versions and conflict copies, and our own temporaries.
    """
    place = f"{name_check(subfolder)}/_" if subfolder else "_"
    try:
        with parent_open(folder, place) as parent, os.scandir(parent) as entries:
            return sorted(e.name for e in entries if _plain(e.name) and e.is_file(follow_symlinks=False))
    except FileNotFoundError:
        return []


def names_below(folder: Path) -> list[str]:
    """Return what `names` returns for `folder` and every folder in it, relative to `folder`, sorted."""
    found = []
    for directory, inner, _ in os.walk(folder):
        sub = Path(directory).relative_to(folder).as_posix()
        prefix = "" if sub == "." else f"{sub}/"
        inner[:] = [name for name in inner if _plain(f"{prefix}{name}")]
        found += [f"{prefix}{name}" for name in names(folder, prefix.rstrip("/")) if _plain(f"{prefix}{name}")]
    return sorted(found)


def archive_copy(
    source: Path,
    archive: Path,
    *,
    sha256: str | None = None,
    folder: Path | None = None,
    floor_bytes: int = FLOOR_BYTES,
) -> Path:
    """`archive` holds a durable copy of `source` under the same name; returns its path. `archive` is made if missing.

    With `sha256` (hex) the bytes copied are the bytes verified: `source` may be rewritten by another machine at any
    moment. Raises HashMismatch, NameTaken (archived before, with other bytes), DiskFull, UnsafeName.
    """
    directory_make(archive)
    with file_open(source, folder=folder) as stream:
        verified = sha256 or digest_of(stream)
        return file_publish(archive, source.name, stream, floor_bytes=floor_bytes, sha256=verified)


def directory_make(path: Path) -> None:
    """`path` is a directory, durably, private to this user where it had to be made."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
        directory_sync(directory.parent)


def temporaries_clear(folder: Path) -> int:
    """What a killed writer left half written in `folder` is gone; returns how many. Only while no writer is running."""
    found = [p for p in folder.iterdir() if is_temporary(p.name)] if folder.is_dir() else []
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def is_temporary(name: str) -> bool:
    """Whether `name` is one of our own temporary names."""
    return name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX)


def _plain(name: str) -> bool:
    try:
        return bool(name_check(name))
    except UnsafeName:
        return False
