"""The rollout's short form: a bundle, bare hosts, the first run without a network, the second that changes nothing."""

from collections.abc import Iterator

import pytest

from core.exchange.bundles import bundle_unpack
from tests.lab import Lab
from tools.bundle import Build

from .plan import chosen, run
from .stage import Stage
from .steps.install import FIRST
from .versions import Versions


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    """One bundle of one copy of the checkout, for all tests here."""
    made = Versions(tmp_path_factory.mktemp("rollout"), "bookworm")
    made.copy_make()
    made.first_build({FIRST: "edge"})
    yield made


def test_the_same_commit_is_the_same_bundle_to_the_byte(versions, tmp_path):
    """Two builds, one proof: sizes, hashes, paths and the parts a node installs itself from."""
    first, version = versions.archives[FIRST], versions.versions[FIRST]
    second, manifest = Build(source=versions.source, version=version).build(tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()
    _, proven = bundle_unpack(first, tmp_path / "unpacked")
    assert proven == manifest
    paths = {one.path for one in manifest.files}
    assert {"app/manage.py", "app/edge.lock", "app/pull.lock", "debs/Packages"} <= paths
    assert f"wheels/yizhan-{version.replace('-', '_')}-py3-none-any.whl" in paths
    assert {path.split("/")[1].split("_")[0] for path in paths if path.startswith("debs/")} >= {"syncthing", "sqlite3"}


@pytest.mark.hosts
def test_bare_machines_become_nodes_without_a_network_and_a_second_run_changes_nothing(versions: Versions):
    steps = [step for step in chosen(short=True, only="") if step.name != "bundles"]
    with Lab("short") as lab:
        stage = Stage.short(lab, versions.folder)
        stage.versions = versions
        results = run(stage, steps, lambda result: print(result.step.name, round(result.seconds), result.error or ""))
    assert [(one.step.name, one.word) for one in results] == [(step.name, "ok") for step in steps]
