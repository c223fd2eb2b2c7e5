"""The county's key, by which this machine believes cards, bundles and orders, as root has pinned it at the enrolment.

The database belongs to the node's user; the pin does not. What proves the program itself is proven with the pin, so
that neither a lost nor an exchanged database lets another county's program in. `yizhan-enrol` writes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from .models import Enrolment

#: Where it is unless YIZHAN_COUNTY_KEY says otherwise: 64 hexadecimal digits, owned by root, readable by all.
PLACE: Final = Path("/etc/yizhan/county.key")


class PinDamaged(Exception):
    """The pinned key cannot be read; nothing is believed until somebody has put it right."""


def county_key_pinned() -> bytes | None:
    """The key root has pinned, 32 bytes; None where none is. Raises PinDamaged."""
    path = Path(os.environ.get("YIZHAN_COUNTY_KEY") or PLACE)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PinDamaged(f"{path}: {error}") from error
    if len(key) != 32:
        raise PinDamaged(f"{path}: {len(key)} bytes")
    return key


def county_key() -> bytes | None:
    """The pinned key, else the one of the enrolment; None on a machine that knows no county. Raises PinDamaged."""
    pinned = county_key_pinned()
    if pinned is not None:
        return pinned
    row = enrolment_read()
    return bytes(row.root_key) if row is not None else None


def county_key_asked() -> bytes:
    """As `county_key`, for a command. Raises CommandError: exit code 1 for a damaged pin, 2 for no county."""
    try:
        key = county_key()
    except (PinDamaged, DatabaseError) as error:
        raise CommandError(str(error), returncode=1) from error
    if key is None:
        raise CommandError("This machine is not enrolled.", returncode=2)
    return key


def enrolment_read() -> Enrolment | None:
    """The enrolment, None where there is no database: to look must not make one, which would be root's."""
    if not Path(settings.DATABASES["default"]["NAME"]).exists():
        return None
    return Enrolment.objects.first()
