"""The disk under `spool`: open directories, no links on the way, a temporary name until all is written.

Everything goes through open directories (`dir_fd`): between a check of a path and its use another machine's file could
have become a link.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from core.transport.errors import DiskFull, HashMismatch, UnsafeName

#: Syncthing itself never sends names of this shape and removes old ones: so a temporary may live in a synced folder.
TEMPORARY_PREFIX = ".syncthing.yz-"
TEMPORARY_SUFFIX = ".tmp"

Data = bytes | Path | BufferedReader
_CHUNK = 1024 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _unsafe(error: OSError, name: str) -> Exception:
    """What an error on opening means: ELOOP and ENOTDIR are a link, or a file, where none may be."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
        return UnsafeName(name, "passes through a link, or is no regular file")
    return error


@contextlib.contextmanager
def parent_open(folder: Path, name: str, *, create: bool = False) -> Iterator[int]:
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


def regular_at(parent: int, leaf: str, name: str) -> bool:
    """Whether `leaf` is there. Raises UnsafeName if it is there and is no regular file."""
    try:
        found = os.stat(leaf, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeName(name, "not a regular file")
    return True


def regular_open(parent: int, leaf: str, name: str) -> BufferedReader:
    """Open the regular file `leaf` of an open directory; `name` is what an error calls it. Raises UnsafeName."""
    # O_NONBLOCK: opening a named pipe must not wait for a writer that never comes.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(leaf, flags, dir_fd=parent)
    except OSError as error:
        raise _unsafe(error, name) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnsafeName(name, "not a regular file")
    return os.fdopen(handle, "rb")


def digest_at(parent: int, leaf: str) -> str:
    """SHA-256 (hex) of the regular file `leaf` of an open directory."""
    with regular_open(parent, leaf, leaf) as stream:
        return digest_of(stream)


def digest_of(data: Data) -> str:
    """SHA-256 (hex) of all of it."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    if isinstance(data, Path):
        with opened(data) as stream:
            return digest_of(stream)
    data.seek(0)
    return hashlib.file_digest(data, "sha256").hexdigest()


def opened(path: Path) -> BufferedReader:
    """The open regular file at `path`, which is ours; only its last part may be no link."""
    with parent_open(path.parent, path.name) as parent:
        return regular_open(parent, path.name, path.name)


def write_at(
    target: Path,
    parent: int,
    data: Data,
    staging: Path | None,
    floor_bytes: int,
    sha256: str | None,
    modified_ns: int | None,
) -> None:
    """Put the bytes under `target` (in the open directory `parent`) by way of a temporary name."""
    if isinstance(data, Path):
        with opened(data) as stream:
            return write_at(target, parent, stream, staging, floor_bytes, sha256, modified_ns)
    place = parent if staging is None else os.open(staging, _DIRECTORY)
    try:
        free = _require_room(place, target, data, floor_bytes)
        temporary = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
        try:
            _fill(place, temporary, data, target, sha256, modified_ns)
            # Rename last: Syncthing may pick the file up as soon as it has this name.
            os.rename(temporary, target.name, src_dir_fd=place, dst_dir_fd=parent)
        except BaseException as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=place)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(target.parent, _size(data), free) from error
            raise
        os.fsync(parent)
    finally:
        if place != parent:
            os.close(place)


def _require_room(place: int, target: Path, data: bytes | BufferedReader, floor_bytes: int) -> int:
    room = os.fstatvfs(place)
    free = room.f_bavail * room.f_frsize
    if free - _size(data) < floor_bytes:
        raise DiskFull(target.parent, _size(data) + floor_bytes, free)
    return free


def _size(data: bytes | BufferedReader) -> int:
    return len(data) if isinstance(data, bytes) else os.fstat(data.fileno()).st_size


def _fill(
    place: int,
    temporary: str,
    data: bytes | BufferedReader,
    target: Path,
    sha256: str | None,
    modified_ns: int | None,
) -> None:
    """The new file `temporary` in the open directory `place` holds the bytes, on the disk. Raises HashMismatch."""
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place)
    digest = hashlib.sha256()
    try:
        for chunk in _chunks(data):
            if sha256 is not None:
                digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(handle, view) :]
        if sha256 is not None and digest.hexdigest() != sha256:
            raise HashMismatch(target, sha256, digest.hexdigest())
        if modified_ns is not None:
            os.utime(handle, ns=(modified_ns, modified_ns))
        os.fsync(handle)
    finally:
        os.close(handle)


def _chunks(data: bytes | BufferedReader) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    data.seek(0)
    while chunk := data.read(_CHUNK):
        yield chunk


def directory_sync(path: Path) -> None:
    """The names in the directory are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
