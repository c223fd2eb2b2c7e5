"""A bundle is used only if it is exactly what the county signed; whatever else arrives changes nothing."""

import io
import json
import os
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import zstandard

from core.domain.journal import chain
from core.exchange import bundles
from core.exchange.bundles import (
    BundleRefused,
    Manifest,
    bundle_pack,
    bundle_sign,
    bundle_unpack,
    bundle_verify,
    manifest_make,
    manifest_read,
)

NAME = "yizhan-0.1.0+g3f8e10e-bookworm-amd64"
#: As long as the names of wheels for many platforms are; a tar's own header has room for 100.
LONG = (
    "wheels/charset_normalizer-3.5.2-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl"
)
FILES = {"wheels/yizhan-0.1.0-py3-none-any.whl": b"wheel", LONG: b"long", "debs/sqlite3_3.40.1-2_amd64.deb": b"deb",
         "bin/yizhan-update": b"#!/bin/sh\n", "ansible/roles/edge_app/tasks/main.yml": b"---\n"}  # fmt: skip


@pytest.fixture
def root() -> chain.Signer:
    return chain.Signer(chain.ROOT, chain.signing_key_new())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A whole bundle, not signed."""
    folder = tmp_path / NAME
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    made(folder)
    return folder


def made(folder: Path) -> Manifest:
    return manifest_make(
        folder, version="0.1.0+g3f8e10e", codename="bookworm", arch="amd64", python="3.11",
        made_at="2025-11-22T05:00:00Z",
    )  # fmt: skip


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    """What was refused, and why."""
    with pytest.raises(BundleRefused) as caught:
        act()
    return caught.value.path, caught.value.reason


def test_a_signed_bundle_is_what_the_county_made(tree: Path, root: chain.Signer) -> None:
    bundle_sign(tree, root)
    manifest = bundle_verify(tree, root.verify_key)
    assert manifest.name == NAME
    assert [one.path for one in manifest.files] == sorted(FILES)
    assert manifest.files[0].size == 4


def test_a_bundle_nobody_signed_is_whole_but_nobodys(tree: Path, root: chain.Signer) -> None:
    assert bundle_verify(tree).version == "0.1.0+g3f8e10e"
    assert refusal(lambda: bundle_verify(tree, root.verify_key)) == ("manifest.sig", "is missing")


def test_another_countys_signature_counts_for_nothing(tree: Path, root: chain.Signer) -> None:
    bundle_sign(tree, chain.Signer(chain.ROOT, chain.signing_key_new()))
    assert refusal(lambda: bundle_verify(tree, root.verify_key)) == ("manifest.sig", "is not the county's")


def test_the_countys_signature_on_something_else_counts_for_nothing(tree: Path, root: chain.Signer) -> None:
    data = (tree / "manifest.json").read_bytes()
    (tree / "manifest.sig").write_bytes(root.wrap_bytes(chain.CARD, data))
    assert refusal(lambda: bundle_verify(tree, root.verify_key)) == ("manifest.sig", "is not the county's")


def test_the_signature_of_an_older_manifest_does_not_serve_a_newer_one(tree: Path, root: chain.Signer) -> None:
    bundle_sign(tree, root)
    old = (tree / "manifest.sig").read_bytes()
    (tree / "bin/yizhan-update").write_bytes(b"#!/bin/sh\nevil\n")
    made(tree)
    assert not (tree / "manifest.sig").exists()
    (tree / "manifest.sig").write_bytes(old)
    assert refusal(lambda: bundle_verify(tree, root.verify_key)) == ("manifest.sig", "is of another manifest")


def test_bytes_that_are_no_signature_are_refused(tree: Path, root: chain.Signer) -> None:
    (tree / "manifest.sig").write_bytes(b"\xff\x00 no signature")
    assert refusal(lambda: bundle_verify(tree, root.verify_key)) == ("manifest.sig", "is not the county's")


def test_a_changed_file_is_refused_also_with_its_old_length(tree: Path) -> None:
    (tree / "bin/yizhan-update").write_bytes(b"#!/bin/xx\n")
    assert refusal(lambda: bundle_verify(tree)) == ("bin/yizhan-update", "is not what the manifest says")


def test_a_missing_file_is_refused(tree: Path) -> None:
    (tree / "bin/yizhan-update").unlink()
    assert refusal(lambda: bundle_verify(tree)) == ("bin/yizhan-update", "is missing")


def test_a_file_too_much_is_refused(tree: Path) -> None:
    (tree / "wheels/other.whl").write_bytes(b"")
    assert refusal(lambda: bundle_verify(tree)) == ("wheels/other.whl", "is not in the manifest")


def test_a_link_is_refused_even_where_it_leads_to_the_right_bytes(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(FILES["bin/yizhan-update"])
    (tree / "bin/yizhan-update").unlink()
    (tree / "bin/yizhan-update").symlink_to(tmp_path / "elsewhere")
    assert refusal(lambda: bundle_verify(tree)) == ("bin/yizhan-update", "is neither a plain file nor a directory")


def test_a_directory_that_is_a_link_is_refused(tree: Path, tmp_path: Path) -> None:
    (tree / "kiosk").symlink_to(tmp_path)
    assert refusal(lambda: bundle_verify(tree)) == ("kiosk", "is neither a plain file nor a directory")


@pytest.mark.parametrize(
    "path",
    ["../evil", "/etc/passwd", "bin/../../evil", "bin//evil", "bin/", "bin", "bin/.", "evil", "home/evil", "",
     "bin/a\x00b", "bin/a b", "bin/a\nb", "bin\\evil", "bin/" + "x" * 300, "manifest.json", "bin/汉"],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused_before_anything_is_read(tree: Path, path: str) -> None:
    manifest = json.loads((tree / "manifest.json").read_bytes())
    manifest["files"][0]["path"] = path
    assert refusal(lambda: manifest_read(json.dumps(manifest).encode())) == (path, "is no path of a bundle")


def test_a_manifest_of_another_format_is_refused(tree: Path) -> None:
    manifest = json.loads((tree / "manifest.json").read_bytes())
    for wrong in ({"format": 2}, {"version": "../1"}, {"surprise": 1}, {"files": [{"path": "bin/a"}]}):
        assert refusal(partial(manifest_read, json.dumps(manifest | wrong).encode()))[0] == "manifest.json"
    assert refusal(lambda: manifest_read(b"{"))[0] == "manifest.json"


def test_a_manifest_that_names_a_file_twice_or_one_too_large_is_refused(tree: Path) -> None:
    manifest = json.loads((tree / "manifest.json").read_bytes())
    one = manifest["files"][0]
    twice = json.dumps(manifest | {"files": [one, one]}).encode()
    assert refusal(lambda: manifest_read(twice)) == ("manifest.json", "names a file twice")
    large = json.dumps(manifest | {"files": [one | {"size": bundles.MAX_FILE_BYTES + 1}]}).encode()
    assert refusal(lambda: manifest_read(large))[0] == "manifest.json"
    five = [one | {"path": f"bin/{number}", "size": bundles.MAX_FILE_BYTES} for number in range(5)]
    assert refusal(lambda: manifest_read(json.dumps(manifest | {"files": five}).encode())) == (
        "manifest.json", "names too many files, or too large ones",
    )  # fmt: skip


# --- the archive


def test_the_same_tree_is_the_same_archive_to_the_byte(tree: Path, tmp_path: Path) -> None:
    bundle_pack(tree, tmp_path / "one", at=1_700_000_000)
    os.utime(tree / "bin/yizhan-update", (1, 1))
    (tree / "bin/yizhan-update").chmod(0o600)
    bundle_pack(tree, tmp_path / "two", at=1_700_000_000)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_archive_unpacks_to_the_proven_tree_and_only_scripts_may_run(
    tree: Path, root: chain.Signer, tmp_path: Path
) -> None:
    bundle_sign(tree, root)
    bundle_pack(tree, tmp_path / "archive", at=0)
    target, manifest = bundle_unpack(tmp_path / "archive", tmp_path / "node", root.verify_key)
    assert target == tmp_path / "node" / NAME
    assert manifest == bundle_verify(tree)
    assert {path: (target / path).read_bytes() for path in FILES} == FILES
    assert [(target / path).stat().st_mode & 0o777 for path in sorted(FILES)] == [0o644, 0o755, 0o644, 0o644, 0o644]
    assert [one.name for one in (tmp_path / "node").iterdir()] == [NAME]


def test_an_archive_nobody_signed_leaves_the_one_that_lies_there(
    tree: Path, root: chain.Signer, tmp_path: Path
) -> None:
    bundle_sign(tree, root)
    bundle_pack(tree, tmp_path / "good", at=0)
    target, _ = bundle_unpack(tmp_path / "good", tmp_path / "node", root.verify_key)
    (tree / "bin/yizhan-update").write_bytes(b"evil")
    made(tree)
    bundle_pack(tree, tmp_path / "bad", at=0)
    path, _ = refusal(lambda: bundle_unpack(tmp_path / "bad", tmp_path / "node", root.verify_key))
    assert path == "manifest.sig"
    assert bundle_verify(target, root.verify_key).name == NAME
    assert [one.name for one in (tmp_path / "node").iterdir()] == [NAME]


def archive_of(tmp_path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    """An archive somebody else has made, by rules of their own."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry, data in entries:
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    target = tmp_path / "hostile.tar.zst"
    target.write_bytes(zstandard.compress(packed.getvalue()))
    return target


def entry_of(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        entry_of("../evil"), entry_of("/etc/evil"), entry_of(f"{NAME}/../evil"), entry_of(f"{NAME}/bin/../../../evil"),
        entry_of(f"{NAME}/evil"), entry_of("other/bin/evil"), entry_of(f"{NAME}/bin/evil", tarfile.SYMTYPE, "/etc"),
        entry_of(f"{NAME}/bin/evil", tarfile.LNKTYPE, "/etc/passwd"), entry_of(f"{NAME}/bin/evil", tarfile.CHRTYPE),
        entry_of(f"{NAME}/bin/evil", tarfile.FIFOTYPE), entry_of(f"{NAME}/bin/" + "x" * 300),
        entry_of(f"{NAME}/bin/evil", tarfile.GNUTYPE_SPARSE),
    ],
)  # fmt: skip
def test_an_entry_that_is_no_plain_file_of_the_bundle_leaves_nothing_behind(
    tmp_path: Path, entry: tarfile.TarInfo
) -> None:
    archive = archive_of(tmp_path, (entry_of(f"{NAME}/bin/good"), b"x"), (entry, b""))
    refusal(lambda: bundle_unpack(archive, tmp_path / "node"))
    assert list((tmp_path / "node").iterdir()) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["hostile.tar.zst", "node"]


def test_two_directories_in_one_archive_are_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, (entry_of(f"{NAME}/bin/a"), b"x"), (entry_of("yizhan-2/bin/a"), b"x"))
    assert refusal(lambda: bundle_unpack(archive, tmp_path / "node"))[1] == "is not in the one directory of a bundle"


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, (entry_of(f"{NAME}/bin/a"), b"x"), (entry_of(f"{NAME}/bin/a"), b"y"))
    assert refusal(lambda: bundle_unpack(archive, tmp_path / "node"))[1] == "is there twice"


def test_a_bomb_is_refused_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BUNDLE_BYTES", 1_000_000)
    zeros = bytes(600_000)
    archive = archive_of(tmp_path, (entry_of(f"{NAME}/bin/a"), zeros), (entry_of(f"{NAME}/bin/b"), zeros))
    assert archive.stat().st_size < 1000
    assert refusal(lambda: bundle_unpack(archive, tmp_path / "node")) == (f"{NAME}/bin/b", "is too large")
    monkeypatch.setattr(bundles, "MAX_FILES", 1)
    archive = archive_of(tmp_path, (entry_of(f"{NAME}/bin/a"), b""), (entry_of(f"{NAME}/bin/b"), b""))
    assert refusal(lambda: bundle_unpack(archive, tmp_path / "node")) == (f"{NAME}/bin/b", "is too large")


def test_an_archive_cut_off_anywhere_but_in_its_padding_is_refused(tree: Path, tmp_path: Path) -> None:
    bundle_pack(tree, tmp_path / "whole", at=0)
    data = (tmp_path / "whole").read_bytes()
    # The last bytes are the empty blocks that end a tar, and the frame's checksum; the hashes need neither.
    for length in range(0, len(data) - 40, 7):
        (tmp_path / "cut").write_bytes(data[:length])
        refusal(lambda: bundle_unpack(tmp_path / "cut", tmp_path / "node"))
    assert list((tmp_path / "node").iterdir()) == []


def test_bytes_that_are_no_archive_are_refused(tmp_path: Path) -> None:
    for data in (b"", b"no archive", zstandard.compress(b"no tar" * 200), zstandard.compress(bytes(1024))):
        (tmp_path / "archive").write_bytes(data)
        refusal(lambda: bundle_unpack(tmp_path / "archive", tmp_path / "node"))
    assert list((tmp_path / "node").iterdir()) == []


def test_an_archive_under_another_name_than_its_manifests_is_refused(tree: Path, tmp_path: Path) -> None:
    renamed = tree.rename(tmp_path / "yizhan-9.9")
    bundle_pack(renamed, tmp_path / "archive", at=0)
    assert refusal(lambda: bundle_unpack(tmp_path / "archive", tmp_path / "node")) == (
        "yizhan-9.9", f"is not named {NAME}",
    )  # fmt: skip
