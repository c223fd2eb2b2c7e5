"""A backup of the county is encrypted to the operator, restored to try it, and fills an empty core."""

import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyrage
import pytest
from django.db import connection as default_connection
from psycopg import conninfo, sql

from core.county.backup import __main__ as command
from core.county.backup import making, restoring
from core.county.backup.making import backups_prune, scans_keep
from core.county.backup.places import BackupFailed, Settings, backups
from core.county.backup.restoring import backup_restore, backup_test, files_open

MARK = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
ROOT = b"r" * 32
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> str:
    """The test's own server, to a database of this test's."""
    default_connection.ensure_connection()
    one = default_connection.settings_dict
    return conninfo.make_conninfo(host=one["HOST"], user=one["USER"], port=one["PORT"] or None, dbname="postgres")


@pytest.fixture
def database(server):
    name = f"county_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as there:
        there.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = conninfo.make_conninfo(server, dbname=name)
    with psycopg.connect(url) as there:
        there.execute("CREATE SCHEMA t_1")
        there.execute("CREATE TABLE t_1.journal_cursor (author text, epoch int, audience text, last_seq int)")
        there.execute("INSERT INTO t_1.journal_cursor VALUES ('n1', 1, 'core', 7)")
    yield url
    with psycopg.connect(server, autocommit=True) as there:
        there.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def operator() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def county(tmp_path, database, operator, monkeypatch) -> Settings:
    """A core with keys, one scan and one tenant read up to 7; its commands are answered here."""
    var = tmp_path / "var"
    for folder in ("keys", "marks", "syncthing", "blobs"):
        (var / folder).mkdir(parents=True)
    (var / "keys/root.key").write_bytes(ROOT)
    (var / "syncthing/key.pem").write_bytes(b"device")
    (var / "blobs" / hashlib.sha256(b"scan").hexdigest()).write_bytes(b"scan")
    (tmp_path / "metrics").mkdir()
    given = Settings(
        var=var, database=database, directory=tmp_path / "backups", metrics=tmp_path / "metrics", keep_days=30,
        recipients=(str(operator.to_public()),), manage=(),
    )  # fmt: skip
    monkeypatch.setattr(making, "manage", lambda _, command: _mark(var, 7))
    monkeypatch.setattr(restoring, "manage", lambda _, *command: _told.append(command))
    _told.clear()
    return given


_told: list[tuple[str, ...]] = []


def _mark(var: Path, seq: int) -> str:
    streams = [{"author": "n1", "epoch": 1, "audience": "core", "seq": seq}]
    (var / "marks" / f"{MARK}.json").write_text(json.dumps({"cursors": {"t_1": streams}}))
    return MARK


def _identity_file(folder: Path, identity: pyrage.x25519.Identity) -> Path:
    path = folder / "operator.key"
    path.write_text(f"# created: by age-keygen\n{identity}\n")
    return path


def _emptied(server: str, given: Settings, name: str) -> Settings:
    with psycopg.connect(server, autocommit=True) as there:
        there.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        there.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return replace(given, var=given.var.with_name("new"), database=conninfo.make_conninfo(server, dbname=name))


def test_a_backup_is_complete_and_nothing_of_it_is_in_the_clear(county, operator):
    made = making.backup_make(county)
    assert backups(county.directory) == [made]
    assert sorted(path.name for path in made.iterdir()) == ["backup.json", "database.dump.age", "files.tar.age"]
    for path in (made / "database.dump.age", made / "files.tar.age", *(county.directory / "scans").iterdir()):
        data = path.read_bytes()
        assert data.startswith(b"age-encryption.org/v1\n")
        assert ROOT not in data and b"journal_cursor" not in data
    assert files_open(made, operator)["keys/root.key"] == ROOT
    assert "backup-test.key" not in files_open(made, operator)


def test_a_stranger_cannot_open_a_backup(county):
    made = making.backup_make(county)
    with pytest.raises(pyrage.DecryptError):
        files_open(made, pyrage.x25519.Identity.generate())


def test_a_good_restore_test_secures_the_mark_and_leaves_no_database(county, server):
    making.backup_make(county)
    assert backup_test(county) == MARK
    assert _told == [("backup_secured", MARK)]
    with psycopg.connect(server) as there:
        assert there.execute("SELECT 1 FROM pg_database WHERE datname = 'yizhan_restore_test'").fetchone() is None


def test_a_backup_that_holds_less_than_its_mark_says_secures_nothing(county, monkeypatch):
    monkeypatch.setattr(making, "manage", lambda _, command: _mark(county.var, 8))
    making.backup_make(county)
    with pytest.raises(BackupFailed, match="t_1: n1 is read to 7, the mark says 8"):
        backup_test(county)
    assert _told == []


def test_a_damaged_backup_secures_nothing(county):
    made = making.backup_make(county)
    with (made / "database.dump.age").open("r+b") as file:
        file.seek(300)
        file.write(b"\0\1\2\3")
    with pytest.raises(BackupFailed, match="is not what was written"):
        backup_test(county)
    assert _told == []


def test_a_dump_that_fails_leaves_no_backup(county):
    broken = replace(county, database=conninfo.make_conninfo(county.database, dbname="nobody"))
    with pytest.raises(BackupFailed, match="pg_dump ended with 1"):
        making.backup_make(broken)
    assert backups(county.directory) == []
    assert [path.name for path in county.directory.iterdir()] in ([], ["scans"])


def test_why_there_is_no_backup_is_one_line_and_the_county_is_told(county, monkeypatch, capsys):
    """The journal's last line is what an operator reads at night: it names the reason, not the program's lines."""
    taken = county.directory.with_name("taken")
    taken.write_text("a file where the directory of backups should be")
    for name, given in {
        "YIZHAN_VAR": county.var, "DATABASE_URL": county.database, "YIZHAN_BACKUPS": taken, "YIZHAN_BACKUP_DAYS": 30,
        "YIZHAN_METRICS": county.metrics, "YIZHAN_BACKUP_RECIPIENTS": county.recipients[0], "YIZHAN_MANAGE": "none",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(given))
    monkeypatch.setattr("sys.argv", ["yizhan-backup", "make"])
    assert command.main() == 1
    assert capsys.readouterr().err.splitlines() == [f"[Errno 20] Not a directory: '{taken}/.{MARK}.part'"]
    assert "yizhan_backup_last_run_ok 0\n" in (county.metrics / "yizhan_backup_run.prom").read_text()


def test_an_empty_core_is_filled_and_a_used_one_refused(county, operator, server, tmp_path):
    made, key = making.backup_make(county), _identity_file(tmp_path, operator)
    with pytest.raises(BackupFailed, match="the database is not empty"):
        backup_restore(county, made, key)
    empty = _emptied(server, county, f"new_{os.getpid()}")
    assert backup_restore(empty, made, key) == 1
    with psycopg.connect(empty.database) as there:
        assert there.execute("SELECT last_seq FROM t_1.journal_cursor").fetchone() == (7,)
    assert (empty.var / "keys/root.key").read_bytes() == ROOT
    assert (empty.var / "blobs" / hashlib.sha256(b"scan").hexdigest()).read_bytes() == b"scan"
    assert (empty.var / "keys/root.key").stat().st_mode & 0o777 == 0o600
    (empty.var / "keys/root.key").write_bytes(b"x" * 32)
    with pytest.raises(BackupFailed, match="another county's"):
        backup_restore(_emptied(server, county, f"new_{os.getpid()}"), made, key)
    with psycopg.connect(server, autocommit=True) as there:
        there.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(f"new_{os.getpid()}")))


def test_old_backups_and_scans_go_and_the_newest_backup_stays(county):
    made = making.backup_make(county)
    old = county.directory / f"{datetime.now(UTC) - timedelta(days=31):%Y%m%dT%H%M%SZ}"
    older = county.directory / "20200101T000000Z"
    for folder in (old, older):
        folder.mkdir()
        (folder / "backup.json").write_text("{}")
    gone = county.directory / "scans" / "gone.age"
    gone.write_bytes(b"")
    os.utime(gone, (0, 0))
    assert scans_keep(county, []) == 0
    assert backups_prune(county) == ["20200101T000000Z", old.name]
    assert not gone.exists() and len(list((county.directory / "scans").iterdir())) == 1
    assert made in backups(county.directory)
