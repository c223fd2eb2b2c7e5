"""A machine that exchanges its journal: its identity, its places on the disk, its plan, its carrier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.journal.format import NodeCard
from core.domain.journal.reader import Apply, ReadDesk
from core.domain.journal.sealer import Desk
from core.transport import spool
from core.transport.carrier import Carrier

from .folders import CORE, Plan
from .identity import Identity

Cards = Callable[[str], NodeCard | None]


@dataclass
class Places:
    """Where a machine keeps what, below one base. All on one file system."""

    base: Path

    @property
    def folders(self) -> Path:
        return self.base / "folders"

    @property
    def staging(self) -> Path:
        return self.base / "staging"

    @property
    def archive(self) -> Path:
        """Verified segments of others, outside every synced folder."""
        return self.base / "archive"

    @property
    def quarantine(self) -> Path:
        return self.base / "quarantine"

    @property
    def inbox(self) -> Path:
        """What a courier brought, by folder; a synced folder is never written by its reader."""
        return self.base / "inbox"

    @property
    def blobs(self) -> Path:
        """Scans in the clear, by the SHA-256 of their bytes; never synced."""
        return self.base / "blobs"

    @property
    def sealed(self) -> Path:
        """Scans as they will travel, by the SHA-256 of the sealed bytes, until they were published."""
        return self.base / "sealed"

    def make(self) -> None:
        parts = (self.folders, self.staging, self.archive, self.quarantine, self.inbox, self.blobs, self.sealed)
        for place in parts:
            spool.directory_make(place)


@dataclass
class Machine:
    """`cards(node)` are the cards held here; `plan` and `carrier` change together when cards change."""

    identity: Identity
    places: Places
    cards: Cards
    plan: Plan
    carrier: Carrier
    seen: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def folder_out(self, audience: str) -> Path:
        """The folder this machine alone writes for this audience; it exists."""
        folder = self.places.folders / self.plan.writes[audience]
        spool.directory_make(folder)
        return folder

    def folders_in(self, author: str) -> list[Path]:
        """Where the author's files come in: the synced folder, then the courier's."""
        return self.ways_in(self.plan.reads[author])

    def ways_in(self, folder: str) -> list[Path]:
        """The synced folder of this name and the courier's; the latter may not exist."""
        return [self.places.folders / folder, self.places.inbox / folder]

    def recipients(self, audience: str) -> list[str]:
        """Who can open what is sealed for this audience; none while it has no card or no link.

        A revoked node is planned for until it has read that it is (plan_for_core). The county can open its own
        segments too: restored from a backup, it reads what it wrote since from those that still have it (returned.py).
        """
        card = self.cards(audience)
        if card is None or audience not in self.plan.writes:
            return []
        own = [self.identity.card.recipient] if self.identity.node == CORE else []
        return [card.recipient, *own]

    def announce(self, audience: str, name: str) -> None:
        self.carrier.announce(self.plan.writes[audience], name)

    def desk(self) -> Desk:
        return Desk(
            signer=self.identity.signer, card_serial=self.identity.card.serial, recipients=self.recipients,
            folder=self.folder_out, staging=self.places.staging, files=spool, announce=self.announce,
        )  # fmt: skip

    def read_desk(self, apply: Apply) -> ReadDesk:
        return ReadDesk(
            reader=self.identity.node, identity=self.identity.age_identity, card=self.cards,
            archive=self.places.archive, quarantine=self.places.quarantine, files=spool, apply=apply, seen=self.seen,
        )  # fmt: skip
