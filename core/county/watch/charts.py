"""Pictures with the tables they are drawn from: nothing is in a picture that is not in words and figures below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from . import prometheus

#: Rows of a table of a time: as many as somebody reads.
TABLE_ROWS: Final = 24
#: More lines nobody tells apart.
MAX_LINES: Final = 12
#: What a page may be over, by the word in the address.
SPANS: Final[dict[str, tuple[timedelta, str | Promise]]] = {
    "6h": (timedelta(hours=6), gettext_lazy("6 hours")),
    "24h": (timedelta(hours=24), gettext_lazy("24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("7 days")),
    "30d": (timedelta(days=30), gettext_lazy("30 days")),
}
DEFAULT_SPAN: Final = "24h"


@dataclass(frozen=True)
class Chart:
    """`data` is what watch.js draws; `head` and `rows` are the same as a table."""

    id: str
    title: str
    unit: str
    data: Mapping[str, Any]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Wanted:
    """One line of a picture over time: what Prometheus is asked, the line's name ("" to take it from `label`, worded
    by `words`), what its values are multiplied by."""

    expression: str
    name: str = ""
    label: str = ""
    words: Mapping[str, str | Promise] = field(default_factory=dict)
    times: float = 1.0
    #: The tone (watch.js) of a line by the value of its label.
    tones: Mapping[str, str] = field(default_factory=dict)


class History:
    """Lines over one time, asked of Prometheus; after the first failure of a page nobody is asked any more."""

    def __init__(self, span: str, *, at: datetime) -> None:
        self.word = span if span in SPANS else DEFAULT_SPAN
        self.span = SPANS[self.word][0]
        self._at = at
        self._ask = prometheus.configured()
        self.failed = False

    @property
    def is_there(self) -> bool:
        """Whether there is history to show at all."""
        return self._ask and not self.failed

    def ask(self, question: Callable[[], Any], otherwise: Any) -> Any:
        """The question's answer; `otherwise` where Prometheus is not there."""
        if not self.is_there:
            return otherwise
        try:
            return question()
        except prometheus.Away:
            self.failed = True
            return otherwise

    def chart(self, id: str, title: str, unit: str, *wanted: Wanted, stacked: bool = False) -> Chart | None:
        """The picture, None where there is nothing to draw."""
        named: list[tuple[str, dict[float, float]]] = []
        tones: list[str] = []
        for one in wanted:
            question = partial(prometheus.range_query, one.expression, end=self._at, span=self.span)
            lines: list[prometheus.Line] = self.ask(question, [])
            for line in _ordered(lines, one)[:MAX_LINES]:
                value_of = line.labels.get(one.label, "")
                name = one.name or str(one.words.get(value_of, value_of))
                tones.append(one.tones.get(value_of, ""))
                named.append((name, {at: _rounded(value * one.times) for at, value in line.points}))
        if not named:
            return None
        data = {
            "kind": "stack" if stacked else "line", "unit": unit, "step": prometheus.step_of(self.span),
            # The whole time that was asked for, however little of it was measured.
            "from": int((self._at - self.span).timestamp() * 1000), "to": int(self._at.timestamp() * 1000),
            "series": [{"name": name, "tone": tone, "points": [[int(at * 1000), value] for at, value in points.items()]}
                       for (name, points), tone in zip(named, tones, strict=True)],
        }  # fmt: skip
        return Chart(id=id, title=title, unit=unit, data=data, **_table(named, unit))


def bars(
    id: str, title: str, unit: str, categories: Sequence[str], series: Mapping[str, Sequence[float]],
    *, tones: Sequence[str] = (), head: str = "", stacked: bool = False,
) -> Chart:  # fmt: skip
    """A bar for each category, or one of several parts. `tones` colour the series, or the bars of a single series."""
    data = {
        "kind": "bars", "unit": unit, "categories": list(categories), "stacked": stacked, "tones": list(tones),
        "series": [{"name": name, "values": list(values)} for name, values in series.items()],
    }  # fmt: skip
    rows = [
        [category, *(f"{values[place]:g}" for values in series.values())] for place, category in enumerate(categories)
    ]
    return Chart(id=id, title=title, unit=unit, data=data, head=[head, *series], rows=rows)


def _table(named: Sequence[tuple[str, dict[float, float]]], unit: str) -> dict[str, Any]:
    """Rows by time, the latest first, thinned out evenly to TABLE_ROWS."""
    times = sorted({at for _name, points in named for at in points}, reverse=True)
    shown = times[:: max(1, -(-len(times) // TABLE_ROWS))]
    rows = [[_moment(at), *(f"{points[at]:g}" if at in points else "—" for _name, points in named)] for at in shown]
    head = [name + (f" ({unit})" if unit else "") for name, _points in named]
    return {"head": ["", *head], "rows": rows}


def _ordered(lines: Sequence[prometheus.Line], wanted: Wanted) -> list[prometheus.Line]:
    """In the order of the words, those without one last."""
    order = {value: place for place, value in enumerate(wanted.words)}
    return sorted(lines, key=lambda line: order.get(line.labels.get(wanted.label, ""), len(order)))


def _moment(at: float) -> str:
    return f"{timezone.localtime(datetime.fromtimestamp(at, UTC)):%m-%d %H:%M}"


def _rounded(value: float) -> float:
    """Three figures behind the point where they mean something."""
    return round(value, 3) if abs(value) < 100 else round(value, 1)
