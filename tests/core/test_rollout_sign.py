"""The county signs a bundle on the core; every node proves it with the root key it holds since its enrolment."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.county.registry.keys import root_signer
from core.exchange.bundles import BundleRefused, bundle_pack, bundle_unpack, manifest_make


@pytest.fixture(autouse=True)
def var_dir(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    tree = tmp_path / "yizhan-0.1.0-trixie-arm64"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin/yizhan-update").write_bytes(b"#!/bin/sh\n")
    manifest_make(
        tree, version="0.1.0", codename="trixie", arch="arm64", python="3.13", made_at="2025-11-22T05:00:00+00:00"
    )
    bundle_pack(tree, tmp_path / "bundle.tar.zst", at=0)
    return tmp_path / "bundle.tar.zst"


def test_a_signed_bundle_is_believed_by_who_holds_the_countys_key(archive, tmp_path):
    with pytest.raises(BundleRefused):
        bundle_unpack(archive, tmp_path / "node", root_signer().verify_key)
    said = io.StringIO()
    call_command("rollout_sign", str(archive), "--json", stdout=said)
    _, manifest = bundle_unpack(archive, tmp_path / "node", root_signer().verify_key)
    assert json.loads(said.getvalue()) == {
        "bundle": str(archive), "version": "0.1.0", "codename": "trixie", "arch": "arm64", "files": 1,
    }  # fmt: skip
    assert manifest.version == "0.1.0"


def test_signing_again_changes_nothing_and_leaves_nothing_beside_it(archive, tmp_path):
    call_command("rollout_sign", str(archive), stdout=io.StringIO())
    once = archive.read_bytes()
    call_command("rollout_sign", str(archive), stdout=io.StringIO())
    assert archive.read_bytes() == once
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bundle.tar.zst", "var", "yizhan-0.1.0-trixie-arm64"]


def test_a_damaged_bundle_is_not_signed_and_stays_as_it_was(archive, tmp_path):
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    archive.write_bytes(damaged)
    with pytest.raises(CommandError):
        call_command("rollout_sign", str(archive), "--out", str(tmp_path / "signed"), stdout=io.StringIO())
    assert archive.read_bytes() == damaged
    assert not (tmp_path / "signed").exists()
