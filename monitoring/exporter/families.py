"""Samples as text, written row by row: an object a sample would cost more than all figures of the fleet together.

docs: the Prometheus text format 0.0.4 and OpenMetrics 1.0, which differ in a family's head and the end alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .metrics import COUNTER, INFO, METRICS, Metric

#: Longer texts from machines are cut: a label is no place for prose.
MAX_LABEL: Final = 80
END: Final = b"# EOF\n"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def label_text(value: str) -> str:
    """The value as it stands between quotation marks."""
    return value[:MAX_LABEL].translate(_ESCAPES)


def labels_text(labels: Mapping[str, str]) -> str:
    """`name="value",...` in the given order."""
    return ",".join(f'{name}="{label_text(value)}"' for name, value in labels.items())


class Family:
    """One metric's samples. Its lines are the same bytes in both formats."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.metric: Metric = METRICS[name]
        self.lines = bytearray()

    def add(self, value: float, *values: str) -> None:
        """One sample, with a value for each of the metric's labels. Raises ValueError where they do not match."""
        self.line(labels_text(dict(zip(self.metric.labels, values, strict=True))), value)

    def line(self, labels: str, value: float, end: str = "") -> None:
        """One sample whose labels were written before (labels_text); `end` is a histogram's _bucket, _sum or _count."""
        if labels:
            self.lines += f"{self.name}{end}{{{labels}}} {value!r}\n".encode()
        else:
            self.lines += f"{self.name}{end} {value!r}\n".encode()

    def head(self, *, openmetrics: bool) -> bytes:
        """What stands above the samples."""
        name, kind = self.name, self.metric.type
        if openmetrics:
            name = name.removesuffix("_total" if kind == COUNTER else "_info" if kind == INFO else "")
        elif kind == INFO:
            kind = "gauge"
        unit = f"# UNIT {name} {self.metric.unit}\n" if openmetrics and self.metric.unit else ""
        return f"# HELP {name} {self.metric.help}\n# TYPE {name} {kind}\n{unit}".encode()


def families_write(families: Iterable[Family], *, openmetrics: bool) -> Iterator[bytes | bytearray]:
    """The whole answer in parts, none of them copied; families without samples are left out."""
    for family in families:
        if family.lines:
            yield family.head(openmetrics=openmetrics)
            yield family.lines
    if openmetrics:
        yield END
