"""What this process tells systemd (sd_notify(3)): that it is ready, and that it is alive. No Django here."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """systemd has been told, e.g. "READY=1" or "WATCHDOG=1"; False where nobody listens (no unit of Type=notify).

    Raises nothing: a service must not end because its supervisor could not be told that it is well.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    # "@" stands for the zero byte of an abstract socket.
    target = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.connect(target)
            sender.sendall(state.encode())
    except OSError:
        return False
    return True


def watchdog_seconds() -> float:
    """Half of what the watchdog waits for a word of this process; 0.0 where there is no watchdog."""
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
