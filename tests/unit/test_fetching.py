"""Software is fetched at the maintenance hour, within the month's data, and never begun where it would cost more."""

import json
from collections.abc import Callable
from pathlib import Path

from edge_node.fetching import MB, fetch, spent

MONTH = "2026-11"


class Line:
    """Syncthing with a folder that lacks so many bytes and gets so many at each look."""

    def __init__(self, lacking: int, a_look: int) -> None:
        self.lacking, self.a_look, self.here = lacking, a_look, 0
        self.said: list[bool] = []

    def folder_ids(self) -> frozenset[str]:
        return frozenset({"rollout"})

    def folder_pause(self, folder_id: str, *, paused: bool) -> None:
        self.said.append(paused)

    def folder_status(self, folder_id: str) -> dict[str, object]:
        return {"needBytes": self.lacking, "localBytes": self.here, "state": "syncing" if self.lacking else "idle"}

    def pause(self, seconds: float) -> None:
        got = min(self.a_look, self.lacking)
        self.lacking, self.here = self.lacking - got, self.here + got

    def fetch(self, base: Path, *, budget: int, seconds: float = 3600.0, lies: Callable[[], bool] | None = None):
        return fetch(
            self, "rollout", base, month=MONTH, budget=budget, seconds=seconds, lies=lies, pause=self.pause  # type: ignore[arg-type]
        )  # fmt: skip


def test_what_fits_the_months_data_is_fetched_and_counted(tmp_path: Path) -> None:
    line = Line(lacking=50 * MB, a_look=10 * MB)
    done = line.fetch(tmp_path, budget=100 * MB)
    assert (done.outcome, done.fetched, done.lacking) == ("whole", 50 * MB, 0)
    assert spent(tmp_path, MONTH) == 50 * MB
    assert line.said == [False, True]


def test_what_would_cost_more_than_is_left_is_not_begun(tmp_path: Path) -> None:
    Line(lacking=60 * MB, a_look=60 * MB).fetch(tmp_path, budget=100 * MB)
    line = Line(lacking=50 * MB, a_look=10 * MB)
    done = line.fetch(tmp_path, budget=100 * MB)
    assert (done.outcome, done.fetched, done.lacking) == ("over_budget", 0, 50 * MB)
    assert line.said == [False, True]
    assert spent(tmp_path, MONTH) == 60 * MB
    assert spent(tmp_path, "2026-12") == 0


def test_a_slow_line_goes_on_in_the_next_night(tmp_path: Path) -> None:
    line = Line(lacking=50 * MB, a_look=1 * MB)
    done = line.fetch(tmp_path, budget=0, seconds=100.0)
    assert (done.outcome, done.fetched) == ("unfinished", 20 * MB)
    assert line.fetch(tmp_path, budget=0).outcome == "whole"
    assert json.loads((tmp_path / "software.json").read_text()) == {MONTH: 50 * MB}


def test_the_folder_is_shut_as_soon_as_what_is_wanted_is_here_whatever_else_is_offered(tmp_path: Path) -> None:
    line = Line(lacking=120 * MB, a_look=20 * MB)
    done = line.fetch(tmp_path, budget=0, lies=lambda: line.here >= 60 * MB)
    assert (done.outcome, done.fetched, done.lacking) == ("whole", 60 * MB, 60 * MB)
    assert line.said == [False, True]


def test_what_is_wanted_and_not_offered_yet_is_waited_for_and_then_left_to_the_next_night(tmp_path: Path) -> None:
    line = Line(lacking=0, a_look=0)
    looks: list[float] = []
    line.pause = looks.append  # type: ignore[method-assign,assignment]
    assert line.fetch(tmp_path, budget=0, lies=lambda: False).outcome == "not_offered"
    assert 590 <= sum(looks) <= 600
    assert line.fetch(tmp_path, budget=0, lies=lambda: len(looks) > 130).outcome == "whole"
