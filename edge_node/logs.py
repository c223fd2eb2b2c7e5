"""What the log lines of a node say of where they were written (core/logs.py)."""

from __future__ import annotations

from collections.abc import Mapping

from .identity import card_remembered, identity


def place() -> Mapping[str, str]:
    """This machine and its tenant, once the process has looked at its card; asks no database."""
    card = card_remembered()
    return {"tenant": card.tenant, "node": card.node} if card else {}


def case_key() -> bytes:
    """The county's root public key, as this machine was enrolled with it. Raises NotEnrolled, NodeReplaced."""
    return identity().root_key
