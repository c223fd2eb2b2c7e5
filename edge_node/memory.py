"""How a node's processes treat the memory of a small machine. No Django here."""

from __future__ import annotations

import ctypes
from typing import Final

# glibc's names for mallopt(3).
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
BLOCK_BYTES: Final = 128 * 1024


def memory_modest() -> None:
    """Large blocks go back to the system when they are freed, and threads share two heaps.

    By itself glibc raises the threshold to the largest block it saw freed, up to 32 MB: after a few logins, whose
    hashes take 19 MB each, a web process of four threads kept 40 MB for good. Elsewhere (musl) nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, BLOCK_BYTES)
        mallopt(M_ARENA_MAX, 2)
