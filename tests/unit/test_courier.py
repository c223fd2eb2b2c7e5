"""The same files on a USB stick: only good ones, only new ones, and nothing is ever overwritten."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import pytest

from core.transport import spool
from core.transport.courier import DIRECTORY, MANIFEST, NoCourier, courier_pack, courier_unpack

UP = "up-430321100201-01"
SEGMENT = "core/000001-000500.seg"


@pytest.fixture
def up(tmp_path: Path) -> Path:
    """A node's folder: one segment, one scan, acks, and what is not to be carried."""
    folder = tmp_path / "node" / UP
    spool.directory_make(folder)
    spool.file_publish(folder, SEGMENT, b"segment")
    spool.file_publish(folder, "attachments/ab12", b"scan" * 1000)
    spool.file_replace(folder, "acks", b"acks 1", modified_ns=1_000_000_000)
    (folder / ".stfolder").mkdir()
    (folder / ".syncthing.x.tmp").write_bytes(b"half")
    (folder / "link").symlink_to("/etc/passwd")
    return folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def test_what_is_packed_arrives(tmp_path: Path, up: Path, stick: Path) -> None:
    packed = courier_pack({UP: up}, stick)
    assert (packed.copied, packed.copied_bytes, packed.present) == (3, 4013, 0)
    unpacked = courier_unpack(stick, {UP: tmp_path / "core"})
    assert (unpacked.copied, unpacked.copied_bytes, unpacked.damaged, unpacked.different) == (3, 4013, [], [])
    assert spool.names_below(tmp_path / "core") == ["acks", "attachments/ab12", SEGMENT]
    assert (tmp_path / "core" / SEGMENT).read_bytes() == b"segment"


def test_a_second_journey_carries_only_what_is_new(tmp_path: Path, up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    courier_unpack(stick, {UP: tmp_path / "core"})
    spool.file_publish(up, "core/000501-000600.seg", b"more")
    packed = courier_pack({UP: up}, stick)
    assert (packed.copied, packed.present) == (1, 3)
    unpacked = courier_unpack(stick, {UP: tmp_path / "core"})
    assert (unpacked.copied, unpacked.present) == (1, 3)


def test_packing_goes_on_where_it_was_broken_off(tmp_path: Path, up: Path, stick: Path) -> None:
    spool.directory_make(stick / DIRECTORY / UP)
    spool.file_publish(stick / DIRECTORY / UP, SEGMENT, b"segment")
    packed = courier_pack({UP: up}, stick)
    assert (packed.copied, packed.present) == (2, 1)
    assert courier_unpack(stick, {UP: tmp_path / "core"}).copied == 3


def test_a_truncated_copy_is_not_taken_and_the_others_are(tmp_path: Path, up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    with (stick / DIRECTORY / UP / "attachments/ab12").open("r+b") as scan:
        scan.truncate(100)
    unpacked = courier_unpack(stick, {UP: tmp_path / "core"})
    assert unpacked.damaged == [f"{UP}/attachments/ab12"]
    assert unpacked.copied == 2
    assert not (tmp_path / "core/attachments/ab12").exists()


def test_a_flipped_bit_is_noticed(tmp_path: Path, up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    (stick / DIRECTORY / UP / SEGMENT).write_bytes(b"segmenu")
    unpacked = courier_unpack(stick, {UP: tmp_path / "core"})
    assert unpacked.damaged == [f"{UP}/{SEGMENT}"]
    assert spool.names_below(tmp_path / "core") == ["acks", "attachments/ab12"]


def test_a_file_that_is_there_with_other_bytes_is_reported_and_kept(tmp_path: Path, up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    spool.directory_make(tmp_path / "core")
    spool.file_publish(tmp_path / "core", SEGMENT, b"from elsewhere")
    unpacked = courier_unpack(stick, {UP: tmp_path / "core"})
    assert unpacked.different == [f"{UP}/{SEGMENT}"]
    assert (tmp_path / "core" / SEGMENT).read_bytes() == b"from elsewhere"


def test_a_segment_rewritten_at_its_author_does_not_replace_the_one_on_the_stick(up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    (up / SEGMENT).write_bytes(b"rewritten")
    assert courier_pack({UP: up}, stick).different == [f"{UP}/{SEGMENT}"]
    assert (stick / DIRECTORY / UP / SEGMENT).read_bytes() == b"segment"


def test_acks_are_replaced_by_younger_ones_and_never_by_older_ones(tmp_path: Path, up: Path, stick: Path) -> None:
    core = tmp_path / "core"
    courier_pack({UP: up}, stick)
    courier_unpack(stick, {UP: core})
    spool.file_replace(up, "acks", b"acks 2", modified_ns=2_000_000_000)
    courier_pack({UP: up}, stick)
    courier_unpack(stick, {UP: core})
    assert (core / "acks").read_bytes() == b"acks 2"
    spool.file_replace(core, "acks", b"acks 3", modified_ns=3_000_000_000)
    courier_unpack(stick, {UP: core})
    assert (core / "acks").read_bytes() == b"acks 3"


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", ".stfolder/x", "a/../b"])
def test_a_hostile_name_in_the_manifest_writes_nothing(tmp_path: Path, up: Path, stick: Path, name: str) -> None:
    courier_pack({UP: up}, stick)
    path = stick / DIRECTORY / MANIFEST
    manifest = msgspec.json.decode(path.read_bytes())
    manifest["folders"][UP] = {name: manifest["folders"][UP][SEGMENT]}
    path.write_bytes(msgspec.json.encode(manifest))
    unpacked = courier_unpack(stick, {UP: tmp_path / "deep/core"})
    assert unpacked.damaged == [f"{UP}/{name}"]
    assert unpacked.copied == 0
    assert list((tmp_path / "deep").rglob("*")) == [tmp_path / "deep/core"]


def test_a_link_on_the_stick_is_not_followed(tmp_path: Path, up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    on_stick = stick / DIRECTORY / UP / SEGMENT
    on_stick.unlink()
    on_stick.symlink_to(up / SEGMENT)
    assert courier_unpack(stick, {UP: tmp_path / "core"}).damaged == [f"{UP}/{SEGMENT}"]


def test_folders_of_other_machines_stay_on_the_stick_and_are_named(tmp_path: Path, up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    unpacked = courier_unpack(stick, {"up-430321100202-01": tmp_path / "other"})
    assert unpacked.unknown_folders == [UP]
    assert unpacked.copied == 0


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 2, "folders": {}}', b"[]", b'{"folders": {"a": 1}}'])
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, stick: Path, content: bytes) -> None:
    (stick / DIRECTORY).mkdir()
    (stick / DIRECTORY / MANIFEST).write_bytes(content)
    with pytest.raises(NoCourier):
        courier_unpack(stick, {UP: tmp_path / "core"})


def test_no_stick_is_an_error_and_makes_none(tmp_path: Path, up: Path) -> None:
    with pytest.raises(FileNotFoundError):
        courier_pack({UP: up}, tmp_path / "not-there")
    assert not (tmp_path / "not-there").exists()


def test_a_full_stick_carries_what_fits(tmp_path: Path, up: Path, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def write_small_files_only(handle: int, data: memoryview) -> int:
        if len(data) == 4000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_small_files_only)
        packed = courier_pack({UP: up}, stick)
    assert (packed.full, packed.copied) == (True, 1)
    assert courier_unpack(stick, {UP: tmp_path / "core"}).copied == 1
    assert courier_pack({UP: up}, stick).copied == 2


def test_the_manifest_names_files_and_nothing_about_people(up: Path, stick: Path) -> None:
    courier_pack({UP: up}, stick)
    manifest = msgspec.json.decode((stick / DIRECTORY / MANIFEST).read_bytes())
    assert manifest.keys() == {"version", "folders"}
    assert set(manifest["folders"][UP][SEGMENT]) == {"sha256", "size", "modified_ns"}
