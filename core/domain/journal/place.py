"""Where this process stands: which node it is, for which service point it works, whom it can send to.

settings.HERE names the function that knows: on a node its enrolled identity, on the core the current tenant's hall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

CORE: Final = "core"


class NotEnrolled(Exception):
    """This machine has no card yet: it may show pages but write nothing."""


@dataclass(frozen=True)
class Here:
    """`node` is "core" or "<division>-<station>"; `peers` are the nodes this one shares a folder with.

    `service_point` is the window cases are opened at; on the core it is the hall's own station "00".
    """

    node: str
    epoch: int
    tenant: str
    service_point: str
    division: str
    level: str
    name: str
    peers: frozenset[str] = frozenset()
    #: Nodes that are sent nothing about cases any more (the core's: those it has revoked).
    absent: frozenset[str] = frozenset()

    def audiences(self, parties: frozenset[str]) -> list[str]:
        """Who is sent an entry of a case with these parties: the core always, others where there is a link."""
        if self.node == CORE:
            return sorted(parties - {CORE} - self.absent)
        return sorted(({CORE} | parties) & (self.peers | {CORE}) - {self.node})


def here() -> Here:
    """Raises NotEnrolled on a node without a card."""
    return cast("Callable[[], Here]", import_string(settings.HERE))()
