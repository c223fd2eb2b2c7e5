"""Where the core stands (settings.HERE): the hall of the tenant it serves at this moment."""

from __future__ import annotations

from dataclasses import replace

from core.domain.journal.place import Here
from tenants import place

from .keys import core_epoch
from .selectors import nodes_revoked


def here() -> Here:
    """Raises NotEnrolled in the public schema, where no case is written."""
    return replace(place.here(), epoch=core_epoch(), absent=nodes_revoked())
