"""Cards as files: what no stream can carry, because the card itself is what ends the stream.

In every folder that goes down lie, replaced in place, the core's newest card and the reader's own. The county's root
key has signed both, so they are believed wherever they are found. A new epoch of the core after a restore, a node
that was revoked, and a machine in whose place another was enrolled all learn it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.transport import spool

from .folders import CATALOGUE, CORE
from .machine import Machine

CORE_CARD: Final = "core.card"
NODE_CARD: Final = "node.card"
_LIMIT: Final = 64 * 1024


def cards_publish(machine: Machine, signed: Mapping[str, bytes]) -> int:
    """Each node's folder, and the catalogue's, hold the core's card; each node's its own. Returns how many are new.

    `signed` are the newest cards by node.
    """
    own = machine.identity.signed_card
    new = _put(machine, CATALOGUE, CORE_CARD, own) if machine.plan.catalogue_out else 0
    for node, folder in machine.plan.writes.items():
        new += _put(machine, folder, CORE_CARD, own)
        if node in signed:
            new += _put(machine, folder, NODE_CARD, signed[node])
    return new


def _put(machine: Machine, folder_id: str, name: str, data: bytes) -> bool:
    folder = machine.places.folders / folder_id
    spool.directory_make(folder)
    if spool.file_exists(folder, name) and spool.file_read(folder / name, _LIMIT) == data:
        return False
    spool.file_replace(folder, name, data)
    machine.carrier.announce(folder_id, name)
    return True


def cards_lying(machine: Machine) -> list[bytes]:
    """The cards that came as files and were not looked at before; nothing of them is believed yet."""
    found = []
    for folder_id in dict.fromkeys((machine.plan.reads[CORE], machine.plan.catalogue_in, CATALOGUE)):
        for folder in machine.ways_in(folder_id):
            for name in (CORE_CARD, NODE_CARD):
                try:
                    stat = (folder / name).lstat()
                    stamp, key = (stat.st_mtime_ns, stat.st_ino), (str(folder), name)
                    if machine.seen.get(key) == stamp:
                        continue
                    found.append(spool.file_read(folder / name, _LIMIT, folder=folder))
                    machine.seen[key] = stamp
                except (FileNotFoundError, NotADirectoryError, spool.SpoolError):
                    continue
    return found
