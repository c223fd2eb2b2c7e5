"""The rollout's short form: a bundle, bare hosts, the first run without a network, the second that changes nothing."""

from pathlib import Path

import pytest

from core.exchange.bundles import bundle_unpack
from tests.lab import Lab
from tools.bundle import Build

from .plan import chosen, run
from .stage import Stage


def test_the_same_commit_is_the_same_bundle_to_the_byte(tmp_path):
    """Two builds, one proof: sizes, hashes, paths and the parts a node installs itself from."""
    first, manifest = Build(version="0.1.0+same").build(tmp_path / "one")
    second, _ = Build(version="0.1.0+same").build(tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()
    _, proven = bundle_unpack(first, tmp_path / "unpacked")
    assert proven == manifest
    paths = {one.path for one in manifest.files}
    assert {"app/manage.py", "app/edge.lock", "app/pull.lock", "debs/Packages"} <= paths
    assert "wheels/yizhan-0.1.0+same-py3-none-any.whl" in paths
    assert {path.split("/")[1].split("_")[0] for path in paths if path.startswith("debs/")} >= {"syncthing", "sqlite3"}


@pytest.mark.hosts
def test_bare_machines_become_nodes_without_a_network_and_a_second_run_changes_nothing(tmp_path: Path):
    with Lab("short") as lab:
        results = run(Stage(lab, tmp_path), chosen(short=True, only=""), lambda result: print(result.step.name))
    assert [(one.step.name, one.word) for one in results if one.word != "ok"] == []
