"""Under which addresses others call this machine's Syncthing. No Django here."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

#: Listening on these means on every interface: no address anybody else could call.
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})


def sync_addresses(listen: str, given: Iterable[str] = ()) -> tuple[str, ...]:
    """What goes on the card: the addresses given, else the one listened on ("tcp://10.1.2.3:22000").

    Where it listens everywhere and none is given, its host name stands there: the operator gives a better one.
    """
    named = tuple(given)
    if named:
        return named
    parts = urlsplit(listen)
    if (parts.hostname or "") not in EVERYWHERE:
        return (listen,)
    return (f"{parts.scheme}://{socket.gethostname()}:{parts.port or 22000}",)
