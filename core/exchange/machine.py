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

from .folders import Plan
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
    def blobs(self) -> Path:
        """Scans in the clear, by the SHA-256 of their bytes; never synced."""
        return self.base / "blobs"

    @property
    def sealed(self) -> Path:
        """Scans as they will travel, by the SHA-256 of the sealed bytes, until they were published."""
        return self.base / "sealed"

    def make(self) -> None:
        for place in (self.folders, self.staging, self.archive, self.quarantine, self.blobs, self.sealed):
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

    def folder_in(self, author: str) -> Path:
        return self.places.folders / self.plan.reads[author]

    def recipients(self, audience: str) -> list[str]:
        """Who can open what is sealed for this audience; none while it has no valid card or no link."""
        card = self.cards(audience)
        return [card.recipient] if card and not card.revoked and audience in self.plan.writes else []

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
