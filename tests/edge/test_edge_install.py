"""A node installed with the edge extra alone: what it must not have is not there, and what it must do works."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def edge_python() -> Path:
    """The interpreter of a virtual environment made from edge.lock and nothing else; kept while the lock stays."""
    lock = REPO / "requirements" / "edge.lock"
    name = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    place = REPO / "var" / "test" / f"edge-{name}"
    subprocess.run(
        [sys.executable, str(REPO / "tools" / "bootstrap.py"), "--venv", str(place), "--lock", "edge"], check=True
    )
    return place / "bin" / "python"


def run(python: Path, *arguments: str, node_dir: Path) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("YIZHAN_", "DJANGO_", "PYTHON"))}
    return subprocess.run(
        [str(python), *arguments], cwd=REPO, capture_output=True, text=True, check=False,
        env=kept | {"YIZHAN_NODE_DIR": str(node_dir), "YIZHAN_ROLE": "edge"},
    )  # fmt: skip


@pytest.mark.parametrize("package", ["psycopg", "django_tenants", "openpyxl", "procrastinate", "pypinyin"])
def test_a_node_has_no_part_of_the_county(edge_python: Path, tmp_path: Path, package: str) -> None:
    done = run(edge_python, "-c", f"import {package}", node_dir=tmp_path)
    assert done.returncode == 1
    assert f"No module named '{package}'" in done.stderr


def test_a_node_with_the_edge_extra_alone_migrates_and_finds_nothing_to_complain_of(
    edge_python: Path, tmp_path: Path
) -> None:
    migrated = run(edge_python, "manage.py", "migrate", "--verbosity", "0", node_dir=tmp_path)
    assert migrated.returncode == 0, migrated.stderr
    checked = run(edge_python, "manage.py", "check", node_dir=tmp_path)
    assert checked.returncode == 0, checked.stderr
    imported = run(
        edge_python, "-c",
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'edge_node.settings'; django.setup();"
        "import edge_node.urls, edge_node.wsgi, edge_node.agent, edge_node.enrolment",
        node_dir=tmp_path,
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr


def test_status_of_a_machine_that_is_not_enrolled_says_so(edge_python: Path, tmp_path: Path) -> None:
    run(edge_python, "manage.py", "migrate", "--verbosity", "0", node_dir=tmp_path)
    done = run(edge_python, "manage.py", "status", "--json", node_dir=tmp_path)
    assert done.returncode == 2
    assert "not enrolled" in done.stderr


def test_the_self_test_of_a_machine_whose_database_cannot_be_read_says_just_that(
    edge_python: Path, tmp_path: Path
) -> None:
    run(edge_python, "manage.py", "migrate", "--verbosity", "0", node_dir=tmp_path)
    with (tmp_path / "node.sqlite3").open("r+b") as file:
        file.write(bytes(range(256)) * 16)
    done = run(edge_python, "manage.py", "status", "--check", "--json", node_dir=tmp_path)
    assert (done.returncode, list(json.loads(done.stdout)["failing"])) == (3, ["database"])
