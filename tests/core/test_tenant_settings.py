"""How the core's settings are made from the environment."""

import stat
from pathlib import Path

import pytest

from core.settings_base import database_from_url, secret_key


def test_an_address_with_host_and_port() -> None:
    assert database_from_url("postgresql://app:p%40ss@db.example:5433/yizhan?sslmode=require") == {
        "NAME": "yizhan",
        "USER": "app",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_an_address_of_a_socket_directory() -> None:
    database = database_from_url("postgresql://app@/yizhan?host=%2Fvar%2Frun")
    assert (database["HOST"], database["PORT"], database["USER"]) == ("/var/run", "", "app")


@pytest.mark.parametrize("url", ["mysql://h/db", "postgresql://h", "yizhan", ""])
def test_an_address_that_names_no_postgresql_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL"):
        database_from_url(url)


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("YIZHAN_SECRET_KEY", raising=False)
    key = secret_key(tmp_path / "var")
    assert len(key) >= 50 and secret_key(tmp_path / "var") == key
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret.key"]
    assert stat.S_IMODE((tmp_path / "var" / "secret.key").stat().st_mode) == 0o600


def test_a_secret_key_from_the_environment_is_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAN_SECRET_KEY", "given")
    assert secret_key(tmp_path / "var") == "given"
    assert not (tmp_path / "var").exists()
