import pytest

from tests import place
from tests.domain import build


@pytest.fixture(autouse=True)
def at_the_village(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    """Tests start at the village's counter, on both databases."""
    settings.HERE = "tests.place.here"  # type: ignore[attr-defined]
    build.stand(monkeypatch, place.VILLAGE)


@pytest.fixture
def catalogue(db: None) -> None:
    build.catalogue()
