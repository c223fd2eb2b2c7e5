"""Where a machine is reached by SSH, by which key it is believed, and in which ring it stands."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Final

from django.db import transaction

from ..errors import AddressInvalid
from ..models import SshAddress
from ..selectors import service_point_get

#: A name or an address, and nothing a shell or ssh would read as an option.
HOST: Final = re.compile(r"[0-9A-Za-z]([0-9A-Za-z.:-]*[0-9A-Za-z])?")
USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
KEY: Final = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})")
RINGS: Final = (0, 1, 2)


@transaction.atomic
def address_set(*, service_point: str, by: str, at: datetime, **values: str | int) -> tuple[SshAddress, bool]:
    """The named values (ssh_host, ssh_port, ssh_user, ssh_host_key, ring) are these, the others as they were; whether
    that changed anything.

    Raises ServicePointUnknown, ServicePointInactive, AddressInvalid; then nothing was changed.
    """
    service_point_get(service_point)
    for name, value in values.items():
        _require(name, value)
    row = SshAddress.objects.select_for_update().filter(pk=service_point).first()
    fresh = row is None
    row = row or SshAddress(service_point=service_point)
    changed = fresh or any(getattr(row, name) != value for name, value in values.items())
    if changed:
        for name, value in values.items():
            setattr(row, name, value)
        row.changed_at, row.changed_by = at, by
        row.save(force_insert=fresh)
    return row, changed


def _require(name: str, value: str | int) -> None:
    if not _fits(name, value):
        raise AddressInvalid(field=name, value=str(value))


def _fits(name: str, value: str | int) -> bool:
    match name, value:
        case "ssh_host", str():
            return not value or (HOST.fullmatch(value) is not None and len(value) <= 255)
        case "ssh_port", int():
            return 1 <= value <= 65535
        case "ssh_user", str():
            return USER.fullmatch(value) is not None
        case "ssh_host_key", str():
            return not value or _is_key(value)
        case "ring", int():
            return value in RINGS
    return False


def _is_key(text: str) -> bool:
    """Whether it is a type and the key itself, which names the same type again."""
    found = KEY.fullmatch(text)
    if found is None:
        return False
    kind = found[1].encode()
    try:
        return base64.b64decode(found[2], validate=True).startswith(len(kind).to_bytes(4, "big") + kind)
    except binascii.Error:
        return False
