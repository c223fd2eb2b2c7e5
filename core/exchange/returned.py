"""A county restored from a backup gets back what it wrote itself since: from the nodes, which have read it.

The core seals its segments to the reader and to itself. When a node sees a new epoch of the core it puts the segments
of the ended ones, byte for byte, into its folder up; the core believes its own signature on them and nothing else, so
a node can give back what the county wrote and cannot make any of it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from core.domain.journal.chain import SEGMENT_CONTEXT, sha256, verify
from core.domain.journal.errors import JournalError, SegmentDamaged
from core.domain.journal.format import MAX_SEGMENT_BYTES, Entry, entries_decode, epoch_folder, segment_split
from core.domain.journal.place import CORE
from core.domain.journal.seal import body_unseal
from core.transport import spool

from .machine import Machine

RETURNED: Final = "returned"
_log = structlog.get_logger(__name__)


def returned_publish(machine: Machine, *, since_ms: int) -> int:
    """Segments of the core's ended epochs, made since then, lie in this node's folder up; returns how many are new."""
    core = machine.cards(CORE)
    if core is None or CORE not in machine.plan.writes:
        return 0
    new = 0
    for epoch in range(1, core.epoch):
        name = epoch_folder(epoch)
        for place in _places(machine, name):
            new += sum(_return(machine, place, name, file, since_ms) for file in spool.names(place.parent, name))
    return new


def _places(machine: Machine, epoch: str) -> Iterator[Path]:
    """Where the core's segments are: those read, and those that came too late to be read in their epoch."""
    yield machine.places.archive / CORE / epoch
    for folder in machine.folders_in(CORE):
        yield folder / epoch


def _return(machine: Machine, place: Path, epoch: str, file: str, since_ms: int) -> bool:
    folder, name = machine.folder_out(CORE), f"{RETURNED}/{epoch}/{file}"
    if spool.file_exists(folder, name):
        return False
    try:
        data = spool.file_read(place / file, MAX_SEGMENT_BYTES, folder=place.parent)
        header = segment_split(data)[0]
    except (FileNotFoundError, JournalError, spool.SpoolError):
        return False
    if header.stream.author != CORE or header.made_at_ms < since_ms:
        return False
    spool.file_publish(folder, name, data)
    machine.announce(CORE, name)
    return True


def returned_read(machine: Machine, node: str) -> list[Entry]:
    """Entries of the core's own segments that the node gave back, in their order, each segment looked at once."""
    entries: list[Entry] = []
    for folder in machine.folders_in(node):
        for epoch in range(1, machine.identity.card.epoch):
            place = folder / RETURNED / epoch_folder(epoch)
            for file in spool.names(folder, f"{RETURNED}/{place.name}"):
                entries += _taken(machine, folder, place / file, node)
    return entries


def _taken(machine: Machine, folder: Path, path: Path, node: str) -> list[Entry]:
    try:
        stat = path.lstat()
        stamp, key = (stat.st_ctime_ns, stat.st_size), (str(path.parent), path.name)
        if machine.seen.get(key) == stamp:
            return []
        data = spool.file_read(path, MAX_SEGMENT_BYTES, folder=folder)
        entries = own_entries(machine, data, node)
    except FileNotFoundError:
        return []
    except (JournalError, spool.SpoolError) as error:
        _log.warning("returned_refused", node=node, name=path.name, reason=repr(error))
        return []
    machine.seen[key] = stamp
    return entries


def own_entries(machine: Machine, data: bytes, node: str) -> list[Entry]:
    """What this machine once sealed for the node. Raises JournalError where it did not, or it was altered since."""
    header, header_bytes, signature, body = segment_split(data)
    if (header.stream.author, header.stream.audience) != (machine.identity.node, node):
        raise SegmentDamaged(detail=f"not a segment for {node}: {header.stream}")
    verify(machine.identity.signer.verify_key, SEGMENT_CONTEXT, header_bytes, signature, author=header.stream.author)
    if sha256(body) != header.body_sha256:
        raise SegmentDamaged(detail="the body is not the one that was signed")
    return entries_decode(body_unseal(body, machine.identity.age_identity))
