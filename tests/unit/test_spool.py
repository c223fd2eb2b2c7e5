"""Files appear whole or not at all, and no name leads out of its folder."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.transport import disk, spool

SEGMENT = "000001-000500.seg"
DATA = b"sealed bytes"


def everything_in(folder: Path) -> list[str]:
    """Every name below `folder`, hidden ones too."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "tiny"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_published_file_has_its_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = spool.file_publish(tmp_path, SEGMENT, DATA)
    assert path == tmp_path / SEGMENT
    assert path.read_bytes() == DATA
    assert everything_in(tmp_path) == [SEGMENT]


def test_a_file_is_published_from_a_file_through_a_staging_folder(tmp_path: Path) -> None:
    scan, folder, staging = tmp_path / "scan", tmp_path / "up", tmp_path / "staging"
    scan.write_bytes(b"p" * 3_000_000)
    folder.mkdir()
    staging.mkdir()
    spool.file_publish(folder, "attachments/ab12", scan, staging=staging)
    assert (folder / "attachments/ab12").read_bytes() == b"p" * 3_000_000
    assert everything_in(staging) == []


def test_the_name_appears_only_after_the_bytes_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def fsync_seen(handle: int) -> None:
        steps.append("fsync directory" if os.path.isdir(f"/proc/self/fd/{handle}") else "fsync file")
        fsync(handle)

    def rename_seen(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        steps.append("rename")
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", fsync_seen)
    monkeypatch.setattr(os, "rename", rename_seen)
    spool.file_publish(tmp_path, SEGMENT, DATA)
    assert steps == ["fsync file", "rename", "fsync directory"]


def test_publishing_the_same_bytes_again_changes_nothing(tmp_path: Path) -> None:
    before = spool.file_publish(tmp_path, SEGMENT, DATA).stat()
    after = spool.file_publish(tmp_path, SEGMENT, DATA).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_published_name_never_gets_other_bytes(tmp_path: Path) -> None:
    spool.file_publish(tmp_path, SEGMENT, DATA)
    with pytest.raises(spool.NameTaken):
        spool.file_publish(tmp_path, SEGMENT, b"other bytes")
    assert (tmp_path / SEGMENT).read_bytes() == DATA


def test_a_replaced_file_has_the_new_bytes(tmp_path: Path) -> None:
    spool.file_replace(tmp_path, "acks", b"1")
    spool.file_replace(tmp_path, "acks", b"2")
    assert (tmp_path / "acks").read_bytes() == b"2"
    assert everything_in(tmp_path) == ["acks"]


def test_replacing_a_file_by_itself_writes_nothing(tmp_path: Path) -> None:
    before = spool.file_replace(tmp_path, "acks", b"1").stat()
    after = spool.file_replace(tmp_path, "acks", b"1").stat()
    assert before.st_ino == after.st_ino


def test_bytes_that_are_not_the_promised_ones_get_no_name(tmp_path: Path) -> None:
    with pytest.raises(spool.HashMismatch):
        spool.file_publish(tmp_path, SEGMENT, DATA, sha256="0" * 64)
    assert everything_in(tmp_path) == []


def test_a_missing_folder_is_not_made_because_its_disk_may_not_be_mounted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spool.file_publish(tmp_path / "up", SEGMENT, DATA)
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "a/",
        ".stfolder",
        ".stversions/x",
        ".syncthing.x.tmp",
        "~syncthing~x.tmp",
        "x.sync-conflict-20240101-120000-ABCDEFG.seg",
        "x\n",
        "x\0y",
        "x y",
        "张三",
        "x.",
        "a/b/c/d/e",
        "x" * 201,
        "C:x",
        "a\\b",
    ],
)
def test_a_hostile_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(spool.UnsafeName):
        spool.file_publish(tmp_path / "in", name, DATA)
    with pytest.raises(spool.UnsafeName):
        spool.file_exists(tmp_path / "in", name)
    assert everything_in(tmp_path) == ["in"]


def test_only_complete_files_are_listed(tmp_path: Path) -> None:
    for name in (
        "000001-000500.seg",
        "acks",
        ".syncthing.000501-000502.seg.tmp",
        "~syncthing~000501-000502.seg.tmp",
        "000001-000500.sync-conflict-20240101-120000-ABCDEFG.seg",
        f"{disk.TEMPORARY_PREFIX}0{disk.TEMPORARY_SUFFIX}",
    ):
        (tmp_path / name).touch()
    for name in (".stfolder", ".stversions", "attachments"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ab12").touch()
    (tmp_path / "link.seg").symlink_to("/etc/passwd")
    assert spool.names(tmp_path) == ["000001-000500.seg", "acks"]
    assert spool.names(tmp_path, "attachments") == ["ab12"]
    assert spool.names(tmp_path, "nothing") == []
    assert spool.names_below(tmp_path) == ["000001-000500.seg", "acks", "attachments/ab12"]


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = spool.file_publish(tmp_path, SEGMENT, DATA)
    assert spool.file_read(path, len(DATA), folder=tmp_path) == DATA
    with pytest.raises(spool.FileTooLarge) as refused:
        spool.file_read(path, len(DATA) - 1)
    assert (refused.value.size, refused.value.limit) == (12, 11)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / SEGMENT).symlink_to("/etc/passwd")
    with pytest.raises(spool.UnsafeName):
        spool.file_read(tmp_path / SEGMENT, 10_000)
    with pytest.raises(spool.UnsafeName):
        spool.file_exists(tmp_path, SEGMENT)
    with pytest.raises(spool.UnsafeName):
        spool.file_publish(tmp_path, SEGMENT, DATA)


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "up"
    outside.mkdir()
    folder.mkdir()
    (outside / "secret").write_bytes(b"s")
    (folder / "attachments").symlink_to(outside)
    with pytest.raises(spool.UnsafeName):
        spool.file_read(folder / "attachments/secret", 10, folder=folder)
    with pytest.raises(spool.UnsafeName):
        spool.names(folder, "attachments")
    with pytest.raises(spool.UnsafeName):
        spool.file_publish(folder, "attachments/ab12", DATA)
    assert spool.names_below(folder) == []
    assert everything_in(outside) == ["secret"]


def test_a_named_pipe_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / SEGMENT)
    with pytest.raises(spool.UnsafeName):
        spool.file_read(tmp_path / SEGMENT, 10)


def test_an_archived_file_is_the_verified_one(tmp_path: Path) -> None:
    source = spool.file_publish(tmp_path, SEGMENT, DATA)
    copied = spool.archive_copy(source, tmp_path / "archive/up", folder=tmp_path)
    assert copied.read_bytes() == DATA
    assert spool.archive_copy(source, tmp_path / "archive/up") == copied


def test_a_file_rewritten_after_it_was_verified_is_not_archived(tmp_path: Path) -> None:
    source = spool.file_publish(tmp_path, SEGMENT, DATA)
    with pytest.raises(spool.HashMismatch):
        spool.archive_copy(source, tmp_path / "archive", sha256="0" * 64)
    assert everything_in(tmp_path / "archive") == []


def test_an_archived_file_is_never_overwritten(tmp_path: Path) -> None:
    source = spool.file_publish(tmp_path, SEGMENT, DATA)
    copied = spool.archive_copy(source, tmp_path / "archive")
    source.write_bytes(b"poisoned")
    with pytest.raises(spool.NameTaken):
        spool.archive_copy(source, tmp_path / "archive")
    assert copied.read_bytes() == DATA


def test_below_the_floor_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(spool.DiskFull) as refused:
        spool.file_publish(tmp_path, SEGMENT, DATA, floor_bytes=1 << 60)
    assert refused.value.needed == len(DATA) + (1 << 60)
    assert everything_in(tmp_path) == []


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.file_replace(tmp_path, "acks", b"old")
    write = os.write

    def write_until_full(handle: int, data: memoryview) -> int:
        if len(data) < len(DATA):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[:5])

    monkeypatch.setattr(os, "write", write_until_full)
    with pytest.raises(spool.DiskFull):
        spool.file_publish(tmp_path, SEGMENT, DATA)
    with pytest.raises(spool.DiskFull):
        spool.file_replace(tmp_path, "acks", DATA)
    assert everything_in(tmp_path) == ["acks"]
    assert (tmp_path / "acks").read_bytes() == b"old"


def test_a_real_full_disk_is_noticed_before_anything_is_written(tiny_disk: Path) -> None:
    with pytest.raises(spool.DiskFull):
        spool.file_publish(tiny_disk, SEGMENT, b"x" * 2_000_000, floor_bytes=0)
    assert everything_in(tiny_disk) == []
    spool.file_publish(tiny_disk, SEGMENT, b"x" * 500_000, floor_bytes=0)
    assert spool.free_bytes(tiny_disk) < 600_000


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / f"{disk.TEMPORARY_PREFIX}ab{disk.TEMPORARY_SUFFIX}").write_bytes(b"half")
    spool.file_publish(tmp_path, SEGMENT, DATA)
    assert spool.temporaries_clear(tmp_path) == 1
    assert everything_in(tmp_path) == [SEGMENT]


def test_a_removed_file_is_gone(tmp_path: Path) -> None:
    spool.file_publish(tmp_path, SEGMENT, DATA)
    assert spool.file_remove(tmp_path, SEGMENT) is True
    assert spool.file_remove(tmp_path, SEGMENT) is False
    assert spool.file_exists(tmp_path, SEGMENT) is False
