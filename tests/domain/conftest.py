from pathlib import Path

import pytest

from tests import place
from tests.domain import build, county
from tests.domain.remote import Reader, Remote
from tests.samples import VILLAGE


@pytest.fixture(autouse=True)
def at_the_village(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    """Tests start at the village's counter, on both databases."""
    settings.HERE = "tests.place.here"  # type: ignore[attr-defined]
    build.stand(monkeypatch, place.VILLAGE)


@pytest.fixture
def catalogue(db: None) -> None:
    build.catalogue()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture
def village(reader: Reader) -> Remote:
    return reader.remote(VILLAGE)


@pytest.fixture
def county_hall(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services run at the county's own window, with the longer procedures of tests/domain/county.py."""
    county.catalogue()
    build.stand(monkeypatch, place.HALL)
