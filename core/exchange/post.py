"""One round of the post: seal what waits, say how far we are, read what came. The same on core and node.

Rounds are idempotent and may be interrupted anywhere; what one leaves, the next does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from core.domain.journal.chain import ACKS as ACKS_KIND
from core.domain.journal.chain import acks_open
from core.domain.journal.clock import physical_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.format import NodeCard
from core.domain.journal.place import Here
from core.domain.journal.reader import ReadDesk, stream_read
from core.domain.journal.sealer import streams_seal
from core.domain.journal.selectors import acks_for
from core.domain.journal.services import acks_apply
from core.tracing import trace_begin
from core.transport import spool

from .attachments import attachments_publish, attachments_read
from .folders import ACKS
from .machine import Machine

_ACKS_LIMIT = 1024 * 1024
_log = structlog.get_logger(__name__)


@dataclass
class Round:
    """What a round did: entries sealed and read, scans out and in, streams held with their reasons."""

    sealed: int = 0
    read: int = 0
    scans_out: int = 0
    scans_in: int = 0
    acks: int = 0
    held: dict[str, str] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        return bool(self.sealed or self.read or self.scans_in or self.scans_out)


def send(machine: Machine, here: Here) -> Round:
    """Everything queued is in named segments, its scans beside it. Raises spool.DiskFull; nothing is lost then."""
    done = Round()
    with trace_begin():
        done.scans_out = attachments_publish(machine)
        done.sealed = streams_seal(here=here, desk=machine.desk())
    return done


def receive(machine: Machine, here: Here, desk: ReadDesk, authors: Iterable[str]) -> Round:
    """Everything in order from these authors is applied, and they are told how far we are."""
    done = Round()
    for author in authors:
        if author in machine.plan.reads:
            with trace_begin():
                _receive_from(author, machine, here, desk, done)
    return done


def _receive_from(author: str, machine: Machine, here: Here, desk: ReadDesk, done: Round) -> None:
    synced, *also = machine.folders_in(author)
    progress = stream_read(author=author, folder=synced, desk=desk, also=also)
    done.read += progress.entries
    if progress.held:
        done.held[author] = progress.held
    done.scans_in += attachments_read(machine, [author])
    done.acks += acks_read(machine, here, author)
    if progress.segments or progress.news:
        acks_write(machine, here, author)


def acks_write(machine: Machine, here: Here, author: str) -> None:
    """The author's folder from us says how far we are in its streams."""
    if author not in machine.plan.writes:
        return
    acks = acks_for(author, here=here, made_at_ms=physical_ms())
    if not acks.streams:
        return
    spool.file_replace(machine.folder_out(author), ACKS, machine.identity.signer.wrap(ACKS_KIND, acks))
    machine.announce(author, ACKS)


def acks_read(machine: Machine, here: Here, author: str) -> bool:
    """What the author says of our streams to it stands in our rows; a forged or damaged file changes nothing.

    A revoked node is believed in this: that it has read that it is revoked.
    """
    card = machine.cards(author)
    if card is None:
        return False
    return sum(_acks_take(machine, here, card, folder) for folder in machine.folders_in(author)) > 0


def _acks_take(machine: Machine, here: Here, card: NodeCard, folder: Path) -> bool:
    path = folder / ACKS
    try:
        stat = path.lstat()
        stamp, key = (stat.st_mtime_ns, stat.st_size), (str(folder), ACKS)
        if machine.seen.get(key) == stamp:
            return False
        acks = acks_open(spool.file_read(path, _ACKS_LIMIT, folder=folder), card.verify_key)
    except FileNotFoundError:
        return False
    except (JournalError, ValueError, spool.SpoolError) as error:
        _log.warning("acks_refused", author=card.node, reason=repr(error))
        return False
    machine.seen[key] = stamp
    if acks.reader == card.node:
        acks_apply(acks, here=here)
    return acks.reader == card.node
