"""Asking Prometheus and Alertmanager over HTTP: reading only, briefly, and never more than a page can show.

A console that waits for its monitoring is worse than one without: every answer has a short time and a size, and after a
failure nobody asks again for a while.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

import requests
from django.conf import settings

logger = logging.getLogger(__name__)

#: Seconds to connect, seconds between two parts of an answer.
TIMEOUT: Final = (0.5, 2.0)
#: Seconds for one whole answer.
PATIENCE_S: Final = 4.0
#: For so long a server that did not answer is not asked again by this process.
REST_S: Final = 15.0
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_SERIES: Final = 500
#: Points of one line: a picture 1,000 pixels wide shows no more.
MAX_POINTS: Final = 240
#: The last point of a line is younger than this: about as often is anything measured.
ANCHOR_S: Final = 15

_away_until: dict[str, float] = {}


class Away(Exception):
    """The server is not configured, did not answer or answered nonsense; `reason` is for the log, not for a page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Sample:
    """One series at one moment."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Line:
    """One series over time: (seconds since 1970, value), where there was a value."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]


def configured() -> bool:
    return bool(settings.PROMETHEUS_URL)


def now_query(expression: str) -> list[Sample]:
    """The expression's value now, series by series; NaN is left out. Raises Away."""
    found = _result(_prometheus("/api/v1/query", {"query": expression}), "vector")
    with _understood():
        samples = [Sample(labels=_labels(one), value=float(one["value"][1])) for one in found]
    return [one for one in samples if isfinite(one.value)]


def range_query(expression: str, *, end: datetime, span: timedelta) -> list[Line]:
    """The expression over the time before `end`, in at most MAX_POINTS steps up to it. Raises Away."""
    step = step_of(span)
    # Pages asked one after the other show the same points; on whole steps the last could be hours old.
    last = int(end.timestamp()) // ANCHOR_S * ANCHOR_S
    first = last - int(span.total_seconds()) // step * step
    parameters = {"query": expression, "start": first, "end": last, "step": step}
    found = _result(_prometheus("/api/v1/query_range", parameters), "matrix")
    with _understood():
        lines = [Line(labels=_labels(one), points=_points(one["values"])) for one in found]
    return [line for line in lines if line.points]


def step_of(span: timedelta) -> int:
    """Seconds between two points."""
    return max(60, int(span.total_seconds()) // MAX_POINTS)


def alerts_firing() -> list[dict[str, Any]]:
    """What fires now, as Alertmanager or else Prometheus says: labels, annotations, since when (text). Raises Away."""
    if settings.ALERTMANAGER_URL:
        parameters = {"active": "true", "silenced": "false", "inhibited": "false"}
        found = _get(settings.ALERTMANAGER_URL, "/api/v2/alerts", parameters)
        begins = "startsAt"
    else:
        data = _prometheus("/api/v1/alerts", {})
        found = [one for one in data.get("alerts", []) if isinstance(one, dict) and one.get("state") == "firing"]
        begins = "activeAt"
    if not isinstance(found, list):
        raise Away("alerts are not a list")
    return [
        {"labels": one.get("labels") or {}, "annotations": one.get("annotations") or {}, "since": one.get(begins, "")}
        for one in found[:MAX_SERIES]
        if isinstance(one, dict)
    ]


def quoted(text: str) -> str:
    """The text as a string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _prometheus(path: str, parameters: dict[str, Any]) -> dict[str, Any]:
    answer = _get(settings.PROMETHEUS_URL, path, parameters)
    if not isinstance(answer, dict) or answer.get("status") != "success" or not isinstance(answer.get("data"), dict):
        raise Away(f"{path}: {str(answer)[:200]}")
    data: dict[str, Any] = answer["data"]
    return data


def _result(data: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    result = data.get("result")
    if data.get("resultType") != kind or not isinstance(result, list):
        raise Away(f"no {kind}")
    return result[:MAX_SERIES]


@contextmanager
def _understood() -> Iterator[None]:
    """Raises Away where the answer has another form than Prometheus' API gives it."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Away(f"not understood: {error}") from error


def _points(values: list[Any]) -> tuple[tuple[float, float], ...]:
    pairs = ((float(at), float(value)) for at, value in values)
    return tuple(pair for pair in pairs if isfinite(pair[1]))


def _labels(one: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in one.get("metric", {}).items()}


def _get(base: str, path: str, parameters: dict[str, Any]) -> Any:
    if not base:
        raise Away("not configured")
    if _away_until.get(base, 0.0) > time.monotonic():
        raise Away("did not answer a moment ago")
    try:
        with requests.get(base + path, params=parameters, timeout=TIMEOUT, stream=True) as answer:
            body = _body(answer)
            if answer.status_code != requests.codes.ok:
                raise Away(f"{answer.status_code}: {body[:200]!r}")
            return json.loads(body)
    except (requests.RequestException, ValueError) as error:
        _away_until[base] = time.monotonic() + REST_S
        logger.warning("%s does not answer: %s", base, error)
        raise Away(str(error)) from error


def _body(answer: requests.Response) -> bytes:
    """The answer's bytes. Raises Away beyond MAX_BYTES or PATIENCE_S."""
    deadline, parts, size = time.monotonic() + PATIENCE_S, [], 0
    for part in answer.iter_content(65_536):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES or time.monotonic() > deadline:
            raise Away(f"more than {MAX_BYTES} bytes or {PATIENCE_S} s")
    return b"".join(parts)


def rest_forget() -> None:
    """The next question is asked, whatever happened to the last one."""
    _away_until.clear()
