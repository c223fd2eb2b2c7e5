"""Who this machine is to every other one: its name, its keys, its card. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.journal.chain import Signer
from core.domain.journal.format import NodeCard


@dataclass(frozen=True)
class Identity:
    """A machine that may write: `node` is "core" or a node id; its private keys never leave it.

    `age_identity` opens what is sealed to `card.recipient`; `root_key` (32 bytes) verifies every card of the county.
    """

    node: str
    signer: Signer = field(repr=False)
    age_identity: str = field(repr=False)
    card: NodeCard
    signed_card: bytes = field(repr=False)
    root_key: bytes
