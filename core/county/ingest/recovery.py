"""After the county was restored from a backup: its own streams begin a new epoch, and everything is read again.

The cursors are what the backup says, so the core reads again what nodes still hold, and nodes give back what the core
itself wrote since (core/exchange/returned.py). Only the core's own numbers cannot go on: nodes have read some already
that say something else than what would be written under them now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django_tenants.utils import schema_context

from core.county.registry.keys import core_epoch, core_epoch_set, core_identity
from core.county.registry.models import Node, StaffAtNode
from core.county.registry.selectors import card_of
from core.county.registry.services import staff_send
from core.domain.journal.chain import acks_open
from core.domain.journal.errors import JournalError
from core.domain.journal.models import OutgoingStream
from core.domain.journal.place import CORE
from core.exchange.folders import ACKS
from core.exchange.machine import Machine
from core.exchange.requeue import outbox_requeue
from core.transport import spool
from tenants.models import Tenant

from .machine import machine_still

_ACKS_LIMIT = 1024 * 1024
_EPOCH = re.compile(r"e(\d{6})")


@dataclass
class Recovered:
    """`epoch` is the new one; `queued` entries wait again; `nodes` have to be heard of before all is known again."""

    epoch: int
    queued: int = 0
    nodes: list[str] = field(default_factory=list)


def recover(*, epoch: int = 0, by: str) -> Recovered:
    """The core writes in a new epoch, higher than any a node ever read; what nodes had not acknowledged waits again,
    and so do all accounts.

    `epoch` names it where the operator knows better (0: the next one). Repeating it costs another epoch and loses
    nothing. Raises ValueError for an epoch that is not higher.
    """
    machine = machine_still()
    ended = core_epoch()
    core_epoch_set(epoch or max([ended, *_epochs_seen(machine)]) + 1)
    done = Recovered(epoch=core_identity().card.epoch)
    for schema in Tenant.objects.exclude(schema_name="public").values_list("schema_name", flat=True):
        with schema_context(schema):
            for stream in OutgoingStream.objects.filter(author=CORE, epoch__lt=done.epoch):
                done.queued += outbox_requeue(author=CORE, epoch=stream.epoch, audience=stream.audience)
    # What the nodes hold of accounts is not what this database remembers to have sent.
    StaffAtNode.objects.all().delete()
    done.queued += staff_send(by=by)
    done.nodes = list(Node.objects.filter(revoked_at=None).order_by("node_id").values_list("node_id", flat=True))
    return done


def _epochs_seen(machine: Machine) -> Iterator[int]:
    """Epochs of the core that left a trace: in the folders it wrote, and in what nodes say they have read."""
    for folder in machine.plan.writes.values():
        place = machine.places.folders / folder
        names = [one.name for one in place.iterdir()] if place.is_dir() else []
        yield from (int(found[1]) for name in names if (found := _EPOCH.fullmatch(name)))
    for node in machine.plan.reads:
        yield from _epochs_acked(machine, node)


def _epochs_acked(machine: Machine, node: str) -> Iterator[int]:
    card = card_of(node)
    for folder in machine.folders_in(node):
        try:
            acks = acks_open(
                spool.file_read(folder / ACKS, _ACKS_LIMIT, folder=folder), card.verify_key if card else b""
            )
        except (FileNotFoundError, NotADirectoryError, JournalError, ValueError, spool.SpoolError):
            continue
        yield from (ack.stream.epoch for ack in acks.streams if ack.stream.author == CORE)
