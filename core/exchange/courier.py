"""The courier on both sides: everything this machine writes or relays goes onto a stick, what is for it comes off.

What comes off lies in the courier's inbox, never in a folder Syncthing writes; readers look into both (machine.py).
A town carries its villages' files in both directions, as it relays them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.transport.carrier import Folder, Peer
from core.transport.courier import CourierReport, courier_pack, courier_unpack

from .folders import CATALOGUE, ROLLOUT
from .machine import Machine


class Still:
    """A carrier for one look: nothing travels by itself, and everything may have changed.

    A Syncthing that runs beside it finds what was published by its own watcher.
    """

    def __init__(self) -> None:
        self._folders: set[str] = set()

    def apply(self, peers: Iterable[Peer], folders: Iterable[Folder]) -> bool:
        self._folders = {folder.id for folder in folders}
        return False

    def announce(self, folder_id: str, name: str = "") -> None:
        """Nobody is told."""

    def wait(self, timeout_seconds: float) -> set[str]:
        return set(self._folders)

    def connected(self) -> set[str]:
        return set()

    def completion(self, folder_id: str, device_id: str) -> int | None:
        return None

    def close(self) -> None:
        """There is nothing to close."""


def stick_pack(machine: Machine, stick: Path) -> CourierReport:
    """The stick carries every file this machine writes or relays. Raises FileNotFoundError, NoCourier."""
    written = {folder.id: folder.path for folder in machine.plan.folders if folder.kind == "sendonly"}
    relayed = _relayed(machine)
    report = courier_pack(written | {name: machine.places.folders / name for name in relayed}, stick)
    # What itself came by courier goes on by courier; it may be more than the line has brought.
    brought = {name: machine.places.inbox / name for name in relayed if (machine.places.inbox / name).is_dir()}
    return _together(report, courier_pack(brought, stick)) if brought else report


def stick_unpack(machine: Machine, stick: Path) -> CourierReport:
    """Every good file on the stick that this machine reads or relays lies in its inbox. Raises NoCourier."""
    plan = machine.plan
    names = {*plan.reads.values(), *_relayed(machine)}
    if plan.catalogue_in:
        # Signed by the core whoever publishes it: a stick may come straight from the county.
        names |= {plan.catalogue_in, CATALOGUE, ROLLOUT}
    return courier_unpack(stick, {name: machine.places.inbox / name for name in names})


def _relayed(machine: Machine) -> list[str]:
    read = {*machine.plan.reads.values(), machine.plan.catalogue_in}
    return [folder.id for folder in machine.plan.folders if folder.kind == "receiveonly" and folder.id not in read]


def _together(one: CourierReport, other: CourierReport) -> CourierReport:
    return CourierReport(
        copied=one.copied + other.copied, copied_bytes=one.copied_bytes + other.copied_bytes,
        present=one.present + other.present, different=one.different + other.different,
        damaged=one.damaged + other.damaged, full=one.full or other.full,
    )  # fmt: skip
