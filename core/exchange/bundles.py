"""Bundles: a version of the program as files for a machine without a network, named and hashed by a signed manifest.

A bundle is a directory `yizhan-<version>-<codename>-<arch>/` packed as tar (GNU) in zstd:

    manifest.json   every other file with its size and SHA-256
    manifest.sig    manifest.json in the county's root signature (chain.ROLLOUT); only `rollout_sign` makes it
    wheels/ debs/ kiosk/ ansible/ app/ bin/

What arrives is believed only after `bundle_verify`: nothing changed, missing or too much. Unpacking trusts nothing
either: plain files and directories below one directory, sizes bounded while they are read. No Django here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Final, Literal

import msgspec
import zstandard

from core.domain.journal import chain
from core.domain.journal.errors import SignatureInvalid

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
#: The only directories a bundle has.
PARTS: Final = frozenset({"wheels", "debs", "kiosk", "ansible", "app", "bin"})
MAX_FILES: Final = 20_000
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
MAX_BUNDLE_BYTES: Final = 2 * 1024 * 1024 * 1024
MAX_MANIFEST_BYTES: Final = 8 * 1024 * 1024
#: What a decompressor may take in memory for an archive whose origin is not yet proven.
MAX_WINDOW_BYTES: Final = 64 * 1024 * 1024
CHUNK: Final = 1024 * 1024
_LEVEL: Final = 10
#: One name of a path: no "", "." or "..", nothing a shell, a unit file or a terminal could take for something else.
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._+~%@=,-]{1,200}")
_TOP = re.compile(r"yizhan-[A-Za-z0-9.+~-]{1,100}")

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Side = Literal["edge", "core"]
Word = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9.+~-]{1,64}$")]


@dataclass
class BundleRefused(Exception):
    """The bundle is not what it should be; nothing of it may be used. `path` is the file in question, if it is one."""

    reason: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class BundleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    size: Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)]
    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`codename` and `arch` are Debian's names of the machines it is for, `side` says whether those are nodes.

    `made_at` is ISO 8601 in UTC: the time of the version, not of the build.
    """

    format: Literal[1]
    version: Word
    codename: Word
    arch: Word
    python: Word
    made_at: str
    files: tuple[BundleFile, ...]
    side: Side = "edge"

    @property
    def name(self) -> str:
        """What its directory is called, and its archive before `.tar.zst`."""
        core = "core-" if self.side == "core" else ""
        return f"yizhan-{core}{self.version}-{self.codename}-{self.arch}"


# --- a bundle as a directory


def manifest_make(
    tree: Path, *, version: str, codename: str, arch: str, python: str, made_at: str, side: Side = "edge"
) -> Manifest:
    """manifest.json stands in the tree and names every file there. Raises BundleRefused for a file that may not be."""
    files = tuple(
        BundleFile(path=path, size=(tree / path).stat().st_size, sha256=file_sha256(tree / path))
        for path in _files(tree)
        if path not in {MANIFEST, SIGNATURE}
    )
    manifest = Manifest(
        format=1, version=version, codename=codename, arch=arch, python=python, made_at=made_at, files=files, side=side
    )
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    manifest_read(data)
    (tree / MANIFEST).write_bytes(data)
    (tree / SIGNATURE).unlink(missing_ok=True)
    return manifest


def bundle_sign(tree: Path, signer: chain.Signer) -> Manifest:
    """manifest.sig stands in the tree, signed by the county's root key. Raises BundleRefused."""
    manifest = bundle_verify(tree)
    (tree / SIGNATURE).write_bytes(signer.wrap_bytes(chain.ROLLOUT, (tree / MANIFEST).read_bytes()))
    return manifest


def bundle_is_signed(tree: Path, root_key: bytes) -> bool:
    """Whether manifest.sig is the county's, of the manifest.json that stands there."""
    try:
        _signature_require(_read(tree / MANIFEST, MANIFEST), _read(tree / SIGNATURE, SIGNATURE), root_key)
    except BundleRefused:
        return False
    return True


def bundle_verify(tree: Path, root_key: bytes | None = None) -> Manifest:
    """The tree is exactly what its manifest says and, with `root_key`, what the county has signed.

    Raises BundleRefused. Without `root_key` (32 bytes) it says that the bundle is whole, not whose it is.
    """
    data = _read(tree / MANIFEST, MANIFEST)
    if root_key is not None:
        _signature_require(data, _read(tree / SIGNATURE, SIGNATURE), root_key)
    manifest = manifest_read(data)
    listed = {one.path: one for one in manifest.files}
    found = {path for path in _files(tree) if path not in {MANIFEST, SIGNATURE}}
    if extra := sorted(found - listed.keys()):
        raise BundleRefused("is not in the manifest", extra[0])
    for path, one in listed.items():
        if path not in found:
            raise BundleRefused("is missing", path)
        if (tree / path).stat().st_size != one.size or file_sha256(tree / path) != one.sha256:
            raise BundleRefused("is not what the manifest says", path)
    return manifest


def manifest_read(data: bytes) -> Manifest:
    """A manifest whose every path may be used. Raises BundleRefused."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleRefused(str(error), MANIFEST) from error
    if len(manifest.files) > MAX_FILES or sum(one.size for one in manifest.files) > MAX_BUNDLE_BYTES:
        raise BundleRefused("names too many files, or too large ones", MANIFEST)
    paths = [one.path for one in manifest.files]
    if len(set(paths)) != len(paths):
        raise BundleRefused("names a file twice", MANIFEST)
    for path in paths:
        path_require(path)
    return manifest


def path_require(path: str) -> None:
    """Raises BundleRefused unless the path stays below the bundle, in one of its directories."""
    names = path.split("/")
    if len(names) < 2 or len(path) > 240 or names[0] not in PARTS or not all(_NAME.fullmatch(one) for one in names):
        raise BundleRefused("is no path of a bundle", path)


def file_sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _files(tree: Path) -> Iterator[str]:
    """Every file below the tree, sorted. Raises BundleRefused for a link, a device, a path that may not be."""
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise BundleRefused("is neither a plain file nor a directory", name)
        if path.is_file():
            if name not in {MANIFEST, SIGNATURE}:
                path_require(name)
            yield name


def _read(path: Path, name: str) -> bytes:
    """The file's bytes, if it is one and not too long."""
    try:
        if path.is_symlink() or path.stat().st_size > MAX_MANIFEST_BYTES:
            raise BundleRefused("is too long", name)
        return path.read_bytes()
    except OSError as error:
        raise BundleRefused("is missing", name) from error


def _signature_require(manifest: bytes, signature: bytes, root_key: bytes) -> None:
    try:
        signed = chain.unwrap(signature, chain.ROLLOUT, root_key)
    except (SignatureInvalid, msgspec.MsgspecError) as error:
        raise BundleRefused("is not the county's", SIGNATURE) from error
    if signed != manifest:
        raise BundleRefused("is of another manifest", SIGNATURE)


# --- a bundle as one file


def bundle_pack(tree: Path, archive: Path, *, at: int) -> None:
    """The tree, its name on top, is the archive; the same tree gives the same bytes. `at`: all files' time, Unix s."""
    scratch = archive.with_name(archive.name + ".part")
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, threads=0)
    # The manifest first: who streams the archive knows at once what it is.
    paths = sorted(_files(tree), key=lambda path: (path not in {MANIFEST, SIGNATURE}, path))
    try:
        with (
            scratch.open("wb") as raw,
            compressor.stream_writer(raw) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
        ):
            for path in paths:
                entry = tarfile.TarInfo(f"{tree.name}/{path}")
                entry.size, entry.mtime, entry.mode = (tree / path).stat().st_size, at, _mode(path)
                with (tree / path).open("rb") as handle:
                    tar.addfile(entry, handle)
        scratch.replace(archive)
    finally:
        scratch.unlink(missing_ok=True)


def bundle_unpack(archive: Path, folder: Path, root_key: bytes | None = None) -> tuple[Path, Manifest]:
    """The bundle lies in `folder` under its name, proven as by `bundle_verify` and written through to the disk.

    One of that name that lay there is replaced. Raises BundleRefused; then nothing in `folder` has changed.
    """
    scratch = folder / f".unpacking-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    try:
        with archive.open("rb") as raw:
            decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
            top = _entries_write(decompressor.stream_reader(raw), scratch)
        manifest = bundle_verify(scratch / top, root_key)
        if top != manifest.name:
            raise BundleRefused(f"is not named {manifest.name}", top)
        shutil.rmtree(folder / top, ignore_errors=True)
        (scratch / top).rename(folder / top)
        _synced(folder)
        return folder / top, manifest
    except (zstandard.ZstdError, tarfile.TarError) as error:
        raise BundleRefused(str(error), archive.name) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def bundle_peek(archive: Path) -> Manifest:
    """What the archive says it is, from its first file; nothing of it is proven. Raises BundleRefused, OSError."""
    try:
        with archive.open("rb") as raw:
            stream = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).stream_reader(raw)
            entry = _header(stream)
            if entry is None or not entry.name.endswith(f"/{MANIFEST}") or entry.size > MAX_MANIFEST_BYTES:
                raise BundleRefused("does not begin with a manifest", archive.name)
            return manifest_read(_exactly(stream, entry.size))
    except (zstandard.ZstdError, tarfile.TarError) as error:
        raise BundleRefused(str(error), archive.name) from error


def _entries_write(stream: IO[bytes], scratch: Path) -> str:
    """Every entry of the tar stream is a file below `scratch`; returns the name of its one directory."""
    tops: set[str] = set()
    total = count = 0
    while entry := _header(stream):
        top, _, path = entry.name.rstrip("/").partition("/")
        tops.add(top)
        if not _TOP.fullmatch(top) or len(tops) > 1:
            raise BundleRefused("is not in the one directory of a bundle", entry.name[:100])
        if entry.isdir():
            continue
        if path not in {MANIFEST, SIGNATURE}:
            path_require(path)
        count, total = count + 1, total + entry.size
        if entry.size > MAX_FILE_BYTES or total > MAX_BUNDLE_BYTES or count > MAX_FILES:
            raise BundleRefused("is too large", entry.name)
        _file_write(stream, scratch / top / path, entry.size, _mode(path))
    if not count:
        raise BundleRefused("is empty")
    return tops.pop()


def _header(stream: IO[bytes]) -> tarfile.TarInfo | None:
    """The next entry, None at the end. Its name may have stood before it; all else that could precede is refused."""
    entry = _block(stream)
    if entry and entry.type == tarfile.GNUTYPE_LONGNAME and 0 < entry.size <= tarfile.BLOCKSIZE:
        name = _exactly(stream, tarfile.BLOCKSIZE)[: entry.size].rstrip(b"\0")
        if entry := _block(stream):
            # Anything that is not plain is no path of a bundle either.
            entry.name = name.decode("ascii", "replace")
    if entry and (entry.type not in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE} or entry.size < 0):
        raise BundleRefused("is neither a plain file nor a directory", entry.name[:100])
    return entry


def _block(stream: IO[bytes]) -> tarfile.TarInfo | None:
    block = _exactly(stream, tarfile.BLOCKSIZE)
    return None if block == bytes(tarfile.BLOCKSIZE) else tarfile.TarInfo.frombuf(block, "utf-8", "strict")


def _file_write(stream: IO[bytes], path: Path, size: int, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError as error:
        raise BundleRefused("is there twice", path.name) from error
    with os.fdopen(handle, "wb") as out:
        left = size
        while left:
            part = _exactly(stream, min(left, CHUNK))
            out.write(part)
            left -= len(part)
        _exactly(stream, -size % tarfile.BLOCKSIZE)
        # A power cut right after must not leave a bundle of empty files.
        out.flush()
        os.fsync(out.fileno())


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise BundleRefused("ends too early")
    return data


def _mode(path: str) -> int:
    """What lies in bin/ may be run; nothing else may, whatever the archive says."""
    return 0o755 if path.startswith("bin/") else 0o644


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
