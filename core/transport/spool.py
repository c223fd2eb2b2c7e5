"""Files that appear whole or not at all: the disk side of every folder that another machine reads or writes.

What holds here:
- A name becomes visible only when its bytes are on the disk: temporary name, fsync, rename, fsync of the directory.
- A published name is immutable; only `file_replace` may put new bytes under a name (acks, status).
- A name that comes from another machine is hostile: no way out of the folder, no symbolic link is followed.
- A full disk is noticed before a name appears: `DiskFull`, and nothing is left behind.

All names are relative to a folder, in POSIX form ("000001-000500.seg", "attachments/ab12"). Sizes are bytes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

#: Below this much free space nothing is written: enough for a database to close its books. The counter stops earlier.
FLOOR_BYTES = 8 * 1024 * 1024
#: Syncthing itself never sends names of this shape and removes old ones: so a temporary may live in a synced folder.
TEMPORARY_PREFIX = ".syncthing.yz-"
TEMPORARY_SUFFIX = ".tmp"

_CHUNK = 1024 * 1024
_MAX_PARTS = 4
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=@,-]{0,199}", re.ASCII)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


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
    folder: Path, name: str, data: bytes | Path, *, staging: Path | None = None, floor_bytes: int = FLOOR_BYTES
) -> Path:
    """`folder/name` holds exactly `data`, durably, and will never change; returns its path.

    `data` is the bytes or a file to copy. `staging` is a folder on the same file system, outside the synced one.
    Publishing the same bytes again changes nothing, so a crashed writer may simply repeat itself.
    Raises NameTaken, DiskFull, UnsafeName, FileNotFoundError if `folder` itself is missing (it may be unmounted).
    """
    target = path_of(folder, name)
    with _parent(folder, name, create=True) as parent:
        if _regular_at(parent, target.name, name):
            if _digest_at(parent, target.name) != _digest(data):
                raise NameTaken(target)
            # The earlier writer may have died between its rename and its fsync of the directory.
            os.fsync(parent)
            return target
        _write(target, parent, data, staging=staging, floor_bytes=floor_bytes)
    return target


def file_replace(
    folder: Path, name: str, data: bytes | Path, *, staging: Path | None = None, floor_bytes: int = FLOOR_BYTES
) -> Path:
    """`folder/name` holds exactly `data`, durably; a reader sees the old bytes or the new ones, never a mixture.

    For files outside any chain only (acks, status). Same bytes: nothing is written, so nothing travels. Raises as
    `file_publish`, without NameTaken.
    """
    target = path_of(folder, name)
    with _parent(folder, name, create=True) as parent:
        if not (_regular_at(parent, target.name, name) and _digest_at(parent, target.name) == _digest(data)):
            _write(target, parent, data, staging=staging, floor_bytes=floor_bytes)
    return target


def file_remove(folder: Path, name: str) -> bool:
    """`folder/name` is gone, durably; returns whether it was there. For the folder's one writer: deletes travel."""
    leaf = path_of(folder, name).name
    try:
        with _parent(folder, name) as parent:
            os.unlink(leaf, dir_fd=parent)
            os.fsync(parent)
    except FileNotFoundError:
        return False
    return True


def file_exists(folder: Path, name: str) -> bool:
    """Whether `name` is a complete regular file in `folder`. Raises UnsafeName."""
    leaf = path_of(folder, name).name
    try:
        with _parent(folder, name) as parent:
            return _regular_at(parent, leaf, name)
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
    with _parent(base, name) as parent:
        try:
            # O_NONBLOCK: opening a named pipe must not wait for a writer that never comes.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            handle = os.open(path.name, flags, dir_fd=parent)
        except OSError as error:
            raise _unsafe(error, name) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnsafeName(name, "not a regular file")
    return os.fdopen(handle, "rb")


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
        with _parent(folder, place) as parent, os.scandir(parent) as entries:
            return sorted(e.name for e in entries if _plain(e.name) and e.is_file(follow_symlinks=False))
    except FileNotFoundError:
        return []


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
    target = path_of(archive, source.name)
    directory_make(archive)
    with file_open(source, folder=folder) as stream, _parent(archive, source.name) as parent:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
        if sha256 is not None and found != sha256:
            raise HashMismatch(source, sha256, found)
        if _regular_at(parent, target.name, source.name):
            if _digest_at(parent, target.name) != found:
                raise NameTaken(target)
            os.fsync(parent)
            return target
        stream.seek(0)
        _write(target, parent, stream, staging=None, floor_bytes=floor_bytes, sha256=found)
    return target


def directory_make(path: Path) -> None:
    """`path` is a directory, durably, private to this user where it had to be made."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
        _fsync_directory(directory.parent)


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


def _unsafe(error: OSError, name: str) -> Exception:
    """What an error on opening means: ELOOP and ENOTDIR are a link, or a file, where none may be."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
        return UnsafeName(name, "passes through a link, or is no regular file")
    return error


@contextlib.contextmanager
def _parent(folder: Path, name: str, *, create: bool = False) -> Iterator[int]:
    """The open directory that holds `name`, reached from `folder` without following a link."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in name.split("/")[:-1]:
            handle = _descend(handle, part, name, create=create)
        yield handle
    finally:
        os.close(handle)


def _descend(handle: int, part: str, name: str, *, create: bool) -> int:
    """The directory `part` of the open directory `handle`, which stays open if this fails and is closed if not."""
    if create:
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, mode=0o700, dir_fd=handle)
            os.fsync(handle)
    try:
        inner = os.open(part, _DIRECTORY, dir_fd=handle)
    except OSError as error:
        raise _unsafe(error, name) from error
    os.close(handle)
    return inner


def _regular_at(parent: int, leaf: str, name: str) -> bool:
    """Whether `leaf` is there. Raises UnsafeName if it is there and is no regular file."""
    try:
        found = os.stat(leaf, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeName(name, "not a regular file")
    return True


def _digest_at(parent: int, leaf: str) -> str:
    with os.fdopen(os.open(leaf, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(data: bytes | Path) -> str:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with file_open(data) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(
    target: Path,
    parent: int,
    data: bytes | Path | BufferedReader,
    *,
    staging: Path | None,
    floor_bytes: int,
    sha256: str | None = None,
) -> None:
    """Put the bytes under `target` (in the open directory `parent`) by way of a temporary name."""
    if isinstance(data, Path):
        with file_open(data) as stream:
            return _write(target, parent, stream, staging=staging, floor_bytes=floor_bytes, sha256=sha256)
    place = parent if staging is None else os.open(staging, _DIRECTORY)
    try:
        size = len(data) if isinstance(data, bytes) else os.fstat(data.fileno()).st_size
        room = os.fstatvfs(place)
        free = room.f_bavail * room.f_frsize
        if free - size < floor_bytes:
            raise DiskFull(target.parent, size + floor_bytes, free)
        temporary = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
        try:
            _fill(place, temporary, data, target=target, sha256=sha256)
            # Rename last: Syncthing may pick the file up as soon as it has this name.
            os.rename(temporary, target.name, src_dir_fd=place, dst_dir_fd=parent)
        except BaseException as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=place)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(target.parent, size, free) from error
            raise
        os.fsync(parent)
    finally:
        if place != parent:
            os.close(place)


def _fill(place: int, temporary: str, data: bytes | BufferedReader, *, target: Path, sha256: str | None) -> None:
    """The new file `temporary` in the open directory `place` holds the bytes, on the disk."""
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place)
    digest = hashlib.sha256()
    try:
        for chunk in (data,) if isinstance(data, bytes) else iter(lambda: data.read(_CHUNK), b""):
            view = memoryview(chunk)
            while view:
                view = view[os.write(handle, view) :]
            if sha256 is not None:
                digest.update(chunk)
        os.fsync(handle)
    finally:
        os.close(handle)
    if sha256 is not None and digest.hexdigest() != sha256:
        raise HashMismatch(target, sha256, digest.hexdigest())


def _fsync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
