"""The thread of one act: a trace id that is born with a request, a job, a round or a command, and stays with the
entries it writes, through every segment, into the rows of every machine that applies them.

It is an operator's aid and nothing more: no rule looks at it, and no state of a case contains it. No Django here.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

#: 16 hexadecimal digits. What came from another machine is not one until it was looked at.
TRACE_ID: Final = re.compile(r"[0-9a-f]{16}\Z")


@dataclass
class Trace:
    """What goes on now: `id`, whether it is a page's request, and what it has written so far."""

    id: str
    request: bool = False
    #: The number of the case that was written to last; "" before.
    case: str = ""
    entries: int = 0


_current: ContextVar[Trace | None] = ContextVar("yizhan_trace", default=None)
#: Of a process that never began one: a command is one act.
_process: list[Trace] = []
# A web server's worker is another process than the one it was forked from.
os.register_at_fork(after_in_child=_process.clear)


@contextmanager
def trace_begin(*, request: bool = False) -> Iterator[Trace]:
    """Within the block everything belongs to a new trace; its id is this machine's own, whatever anybody sent."""
    begun = Trace(id=secrets.token_hex(8), request=request)
    token = _current.set(begun)
    try:
        yield begun
    finally:
        _current.reset(token)


def trace_now() -> Trace:
    """The trace of what goes on now; outside every block the process's own, which lasts as long as it does."""
    current = _current.get()
    if current is not None:
        return current
    if not _process:
        _process.append(Trace(id=secrets.token_hex(8)))
    return _process[0]


def trace_wrote(case: str) -> None:
    """The trace now has written one more entry, to the case of this number. A process that began none remembers none:
    it may write to thousands."""
    now = _current.get()
    if now is not None:
        now.case, now.entries = case, now.entries + 1


def trace_is_valid(text: str) -> bool:
    """Whether it may be shown and logged as it is: an entry of a hostile node may carry anything."""
    return TRACE_ID.match(text) is not None


def traces_valid(texts: Iterable[str], *, limit: int = 16) -> list[str]:
    """The different valid ones, in their order, the first `limit`."""
    return list(dict.fromkeys(text for text in texts if trace_is_valid(text)))[:limit]
