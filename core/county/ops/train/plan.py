"""Who takes a version when: rings in their order, and within each ring batches that grow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

DEFAULT_BATCHES: Final = "1,10%,100%"
_SIZE = re.compile(r"([1-9][0-9]{0,4})(%?)")
_VERSION = re.compile(r"[A-Za-z0-9.+~-]{1,64}")


class PlanInvalid(ValueError):
    """What was asked for is no plan; the message says what."""


@dataclass(frozen=True)
class Size:
    """So many hosts, or so many percent of a ring."""

    number: int
    percent: bool

    def of(self, total: int) -> int:
        """Hosts of a ring of `total`: at least one, a started one is a whole one."""
        return max(1, -(-total * self.number // 100)) if self.percent else self.number

    def __str__(self) -> str:
        return f"{self.number}{'%' if self.percent else ''}"


@dataclass(frozen=True)
class Machine:
    """A host of the inventory; `node` is its service point, by which the county knows it."""

    name: str
    node: str
    ring: int
    pull: bool


def sizes_parse(text: str) -> tuple[Size, ...]:
    """The sizes in "1,10%,100%". Raises PlanInvalid."""
    found = []
    for part in text.split(","):
        matched = _SIZE.fullmatch(part.strip())
        if matched is None:
            raise PlanInvalid(text)
        size = Size(int(matched[1]), percent=bool(matched[2]))
        if size.percent and size.number > 100:
            raise PlanInvalid(text)
        found.append(size)
    return tuple(found)


def size_at(sizes: tuple[Size, ...], batch: int, *, ring: int) -> int:
    """How many hosts the batch with this number (from 0) of a ring of `ring` hosts takes; the last size repeats."""
    return sizes[min(batch, len(sizes) - 1)].of(ring)


def rings_of(machines: Iterable[Machine]) -> dict[int, list[str]]:
    """The names of the hosts that can be reached, by ring, in the order in which they are taken."""
    found: dict[int, list[str]] = {}
    for one in sorted(machines, key=lambda one: (one.ring, one.name)):
        if not one.pull:
            found.setdefault(one.ring, []).append(one.name)
    return found


def version_require(version: str) -> None:
    """Raises PlanInvalid unless it can be a version's name: it becomes part of paths and commands."""
    if not _VERSION.fullmatch(version):
        raise PlanInvalid(version)


def bundle_require(bundle: str, version: str) -> None:
    """Raises PlanInvalid unless the file's name says that it is this version, for a node."""
    if not bundle.startswith(f"yizhan-{version}-") or not bundle.endswith(".tar.zst"):
        raise PlanInvalid(bundle)
