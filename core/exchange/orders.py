"""The county's order: which version is offered to machines that fetch theirs themselves, and whose turn it is.

One small file, signed by the county's root key (chain.ORDER). It travels with the catalogue, so it is everywhere at
once though the rollout folder is shut, and once more beside the bundles, for couriers. A machine takes nothing that is
not ordered; the newest serial it has seen counts, so an old order brought again is refused. No Django here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from core.domain.journal import chain
from core.domain.journal.errors import SignatureInvalid
from core.transport import spool
from core.transport.errors import HashMismatch

from .bundles import Sha256, Word

NAME: Final = "rollout.order"
BUNDLES: Final = "yizhan-*.tar.zst"
#: Room for the rings of twenty thousand machines.
MAX_BYTES: Final = 1024 * 1024
NOBODY: Final = -1
#: Who is named in no ring stands in the last one.
LAST_RING: Final = 2

NodeCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}-[0-9]{2}$")]
BundleName = Annotated[str, msgspec.Meta(pattern=r"^yizhan-[A-Za-z0-9][A-Za-z0-9.+-]{1,150}\.tar\.zst$")]
Ring = Annotated[int, msgspec.Meta(ge=NOBODY, le=LAST_RING)]


@dataclass
class OrderRefused(Exception):
    """The file is no order of this county, or not its last word; nothing is done by it."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class OrderedBundle(msgspec.Struct, frozen=True):
    name: BundleName
    size: Annotated[int, msgspec.Meta(gt=0)]
    sha256: Sha256


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`ring`: rings 0 to this one may take the version, -1 none; `nodes` may whatever their ring is.

    `rings` names the ring of each machine that is not in the last one. `version_made_at` is the manifest's made_at, by
    which a machine tells whether it is newer. `attempt` rises when the county wants machines to try once more that have
    failed. Later versions may add fields; unknown ones are passed over.
    """

    format: Literal[1] = 1
    serial: Annotated[int, msgspec.Meta(ge=1)]
    version: Word
    version_made_at: str
    ordered_at_ms: int
    bundles: tuple[OrderedBundle, ...] = ()
    ring: Ring = NOBODY
    rings: dict[NodeCode, Ring] = {}
    nodes: tuple[NodeCode, ...] = ()
    not_before_ms: int = 0
    withdrawn: bool = False
    attempt: int = 0

    def ring_of(self, node: str) -> int:
        return self.rings.get(node, LAST_RING)

    def waits(self, node: str, at_ms: int) -> str:
        """Why this machine does not take the version now, in words; "" where it may."""
        if self.withdrawn:
            return f"the county has withdrawn {self.version}"
        if node not in self.nodes and self.ring_of(node) > self.ring:
            return f"{self.version}: the turn of ring {self.ring_of(node)} has not come"
        if at_ms < self.not_before_ms:
            return f"{self.version}: not yet, from {_time(self.not_before_ms)} on"
        return ""


def order_wrap(signer: chain.Signer, order: Order) -> bytes:
    """The order as a file. Raises OrderRefused for one that no reader would take."""
    data = signer.wrap_bytes(chain.ORDER, msgspec.json.encode(order))
    order_open(data, signer.verify_key)
    return data


def order_open(data: bytes, root_key: bytes) -> Order:
    """An order the county's root key has signed. Raises OrderRefused with words."""
    if len(data) > MAX_BYTES:
        raise OrderRefused(f"the order is too long: {len(data)} bytes")
    try:
        return msgspec.json.decode(chain.unwrap(data, chain.ORDER, root_key), type=Order)
    except SignatureInvalid as error:
        raise OrderRefused("the order is not the county's") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OrderRefused(f"the order cannot be read: {error}"[:200]) from error


def order_read(folder: Path, root_key: bytes) -> Order | None:
    """The order that lies in the folder; None where there is none. Raises OrderRefused."""
    try:
        return order_open(spool.file_read(folder / NAME, MAX_BYTES, folder=folder), root_key)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (spool.SpoolError, OSError) as error:
        raise OrderRefused(f"the order cannot be read: {error}"[:200]) from error


def orders_look(folders: Iterable[Path], root_key: bytes) -> tuple[Order | None, dict[str, str]]:
    """The newest order in these folders, and by folder's name why a file there is not believed."""
    newest, refused = None, {}
    for folder in folders:
        try:
            found = order_read(folder, root_key)
        except OrderRefused as error:
            refused[folder.name] = str(error)
            continue
        if found is not None and (newest is None or found.serial > newest.serial):
            newest = found
    return newest, refused


def order_publish(folder: Path, data: bytes, root_key: bytes) -> bool:
    """The folder holds this order, unless one lies there that is as new; whether that changed it. For its one writer.

    Raises OrderRefused, SpoolError.
    """
    order = order_open(data, root_key)
    there, _ = orders_look([folder], root_key)
    if there is not None and there.serial >= order.serial:
        return False
    spool.directory_make(folder)
    spool.file_replace(folder, NAME, data)
    return True


def order_relay(sources: Iterable[Path], targets: Iterable[Path], root_key: bytes) -> list[Path]:
    """Each target holds the newest order of the sources; returns the targets that are changed. Raises SpoolError."""
    newest: tuple[int, bytes] | None = None
    for source in sources:
        try:
            data = spool.file_read(source / NAME, MAX_BYTES, folder=source)
            serial = order_open(data, root_key).serial
        except (FileNotFoundError, NotADirectoryError, spool.SpoolError, OrderRefused):
            continue
        if newest is None or serial > newest[0]:
            newest = (serial, data)
    return [one for one in targets if newest is not None and order_publish(one, newest[1], root_key)]


def bundles_relay(
    order: Order, sources: Iterable[Path], target: Path, *, staging: Path | None = None, floor_bytes: int
) -> list[str]:
    """A town's own folder holds the bundles the order names, byte for byte, and no others; returns the new names.

    What the county has withdrawn or replaced is gone there. Raises DiskFull.
    """
    wanted: Mapping[str, OrderedBundle] = {} if order.withdrawn else {one.name: one for one in order.bundles}
    bundles_clear(target, keep=wanted)
    new = []
    for name, one in wanted.items():
        if (target / name).exists():
            continue
        for source in sources:
            if bundle_at(source, one) is None:
                continue
            spool.directory_make(target)
            try:
                spool.file_publish(
                    target, name, source / name, staging=staging, floor_bytes=floor_bytes, sha256=one.sha256
                )
            except HashMismatch:
                continue
            new.append(name)
            break
    return new


def bundle_at(folder: Path, one: OrderedBundle) -> Path | None:
    """Where a file of this name and size lies in the folder; its hash is not looked at."""
    path = folder / one.name
    try:
        return path if not path.is_symlink() and path.is_file() and path.stat().st_size == one.size else None
    except OSError:
        return None


def bundles_clear(folder: Path, keep: Iterable[str]) -> list[str]:
    """Of the bundles only those named lie in the folder; returns the names of the others. For its one writer."""
    kept = set(keep)
    gone = [path.name for path in sorted(folder.glob(BUNDLES)) if path.name not in kept]
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    return gone


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
