"""The courier: the same files on a USB stick, when the line is down for long or was never there.

    <stick>/yizhan-courier/manifest.json        folder > name > SHA-256, size and time; nothing about people
    <stick>/yizhan-courier/<folder id>/...      the files, byte for byte

Packing and unpacking may be broken off and repeated at any point. A file is taken only if its hash is the manifest's;
the stick itself is never believed beyond that: what the files say is proved by their signatures, by whoever reads them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from core.transport.spool import (
    FLOOR_BYTES,
    DiskFull,
    HashMismatch,
    NameTaken,
    SpoolError,
    UnsafeName,
    directory_make,
    file_exists,
    file_open,
    file_publish,
    file_read,
    file_replace,
    name_check,
    names_below,
)

DIRECTORY = "yizhan-courier"
MANIFEST = "manifest.json"
#: Names that are replaced in place; of two versions the younger one counts. All other names are immutable.
REPLACED_NAMES = frozenset({"acks", "status", "core.card", "node.card"})
_MANIFEST_LIMIT_BYTES = 64 * 1024 * 1024
#: On a stick there is no database to protect, only room for the manifest.
_STICK_FLOOR_BYTES = 1024 * 1024


class NoCourier(SpoolError):
    """There is nothing of ours on the stick, or what is there cannot be read."""


class CourierFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    size: int
    modified_ns: int


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What the stick carries: folder id > name > file. Other nodes' folders stay on it untouched."""

    version: int = 1
    folders: dict[str, dict[str, CourierFile]] = msgspec.field(default_factory=dict)


@dataclass(slots=True)
class CourierReport:
    """What one packing or unpacking did. Names are "<folder id>/<name>"."""

    copied: int = 0
    copied_bytes: int = 0
    present: int = 0  #: There already, the same or a younger version.
    different: list[str] = field(default_factory=list)  #: There already with other bytes, left as it was: an alarm.
    damaged: list[str] = field(default_factory=list)  #: Missing, truncated, changed or badly named; not taken.
    unknown_folders: list[str] = field(default_factory=list)  #: On the stick, and not for this machine.
    full: bool = False  #: The target is full; what was copied is good, the rest needs another go.


def courier_pack(folders: Mapping[str, Path], usb_dir: Path) -> CourierReport:
    """The stick at `usb_dir` carries all complete files of `folders` (folder id > path), besides what it carried.

    Raises FileNotFoundError if `usb_dir` is not there (no stick), NoCourier if an old manifest cannot be read.
    """
    root = usb_dir / DIRECTORY
    if not usb_dir.is_dir():
        raise FileNotFoundError(usb_dir)
    directory_make(root)
    manifest = _manifest_read(root) if file_exists(root, MANIFEST) else Manifest()
    report = CourierReport()
    try:
        for folder_id, folder in sorted(folders.items()):
            directory_make(root / name_check(folder_id))
            listed = manifest.folders.setdefault(folder_id, {})
            for name in names_below(folder):
                with _reporting(report, f"{folder_id}/{name}"):
                    _pack_file(folder, name, root / folder_id, listed, report)
    except DiskFull:
        report.full = True
    finally:
        # Last, and also for a part: what the manifest does not name does not count as carried.
        file_replace(root, MANIFEST, msgspec.json.encode(manifest), floor_bytes=0)
    return report


def courier_unpack(usb_dir: Path, folders: Mapping[str, Path]) -> CourierReport:
    """Every good file on the stick that is meant for one of `folders` (folder id > path) is in it.

    Give directories of the courier's own as targets, not those Syncthing writes: a reader that writes into a shared
    folder blocks it. Raises NoCourier.
    """
    root = usb_dir / DIRECTORY
    manifest = _manifest_read(root)
    report = CourierReport(unknown_folders=sorted(manifest.folders.keys() - folders.keys()))
    try:
        for folder_id in sorted(manifest.folders.keys() & folders.keys()):
            directory_make(folders[folder_id])
            for name, listed in sorted(manifest.folders[folder_id].items()):
                with _reporting(report, f"{folder_id}/{name}"):
                    source = root / name_check(folder_id)
                    _put(source, name_check(name), folders[folder_id], listed, report, floor_bytes=FLOOR_BYTES)
    except DiskFull:
        report.full = True
    return report


def _pack_file(folder: Path, name: str, target: Path, listed: dict[str, CourierFile], report: CourierReport) -> None:
    state = (folder / name).stat(follow_symlinks=False)
    known = listed.get(name)
    if known and file_exists(target, name) and known.size == state.st_size and known.modified_ns == state.st_mtime_ns:
        report.present += 1
        return
    file = CourierFile(sha256=_sha256(folder, name), size=state.st_size, modified_ns=state.st_mtime_ns)
    if _put(folder, name, target, file, report, floor_bytes=_STICK_FLOOR_BYTES):
        listed[name] = file


def _put(source: Path, name: str, target: Path, file: CourierFile, report: CourierReport, *, floor_bytes: int) -> bool:
    """Whether `target/name` is the file now; False if a younger version is there. Raises NameTaken, HashMismatch."""
    there = file_exists(target, name)
    if there and _sha256(target, name) == file.sha256:
        report.present += 1
        return True
    replaced = name in REPLACED_NAMES
    if there and replaced and (target / name).stat().st_mtime_ns >= file.modified_ns:
        report.present += 1
        return False
    with file_open(source / name, folder=source) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size != file.size:
            raise HashMismatch(source / name, file.sha256, f"unknown, {size} bytes instead of {file.size}")
        put = file_replace if replaced else file_publish
        put(target, name, stream, floor_bytes=floor_bytes, sha256=file.sha256, modified_ns=file.modified_ns)
    report.copied += 1
    report.copied_bytes += file.size
    return True


@contextlib.contextmanager
def _reporting(report: CourierReport, name: str) -> Iterator[None]:
    """One bad file stops only itself."""
    try:
        yield
    except NameTaken:
        report.different.append(name)
    except (HashMismatch, UnsafeName, FileNotFoundError):
        report.damaged.append(name)


def _manifest_read(root: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(file_read(root / MANIFEST, _MANIFEST_LIMIT_BYTES, folder=root), type=Manifest)
    except (OSError, SpoolError, msgspec.MsgspecError) as error:
        raise NoCourier(f"{root}: {error}") from error
    if manifest.version != 1:
        raise NoCourier(f"{root}: manifest version {manifest.version}, this program knows version 1")
    return manifest


def _sha256(folder: Path, name: str) -> str:
    with file_open(folder / name, folder=folder) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
