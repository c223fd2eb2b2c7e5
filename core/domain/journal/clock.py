"""Hybrid logical time: one 63-bit integer, milliseconds since 1970 (UTC) times 65,536 plus a counter.

It orders like wall-clock time and never goes backwards on one machine, whatever its battery-backed clock does
(Kulkarni et al., Logical Physical Clocks, 2014). No Django here.
"""

from __future__ import annotations

import os
import time
from datetime import date, datetime, timedelta, timezone

Instant = int

COUNTER_BITS = 16
#: China keeps one time zone without daylight saving; a node needs no zone database for it.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
_CHINA_MS = 8 * 3600 * 1000
_DAY_MS = 24 * 3600 * 1000
_FIRST_DAY = date(1970, 1, 1).toordinal()
#: Names a file with a number of milliseconds by which every clock of a training county (演练) is ahead. Never set on a
#: machine that serves people: the pages say that the times are not real.
TRAINING_CLOCK = "YIZHAN_TRAINING_CLOCK"


def instant(ms: int, counter: int = 0) -> Instant:
    return (ms << COUNTER_BITS) | counter


def instant_ms(at: Instant) -> int:
    return at >> COUNTER_BITS


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime."""
    return instant(int(moment.timestamp() * 1000))


def instant_datetime(at: Instant) -> datetime:
    """The instant as China's wall-clock time (aware)."""
    return datetime.fromtimestamp(instant_ms(at) / 1000, CHINA)


def instant_date(at: Instant) -> date:
    """The calendar day in China on which the instant falls."""
    return date.fromordinal(_FIRST_DAY + (instant_ms(at) + _CHINA_MS) // _DAY_MS)


def physical_ms() -> int:
    """This machine's wall clock (ms since 1970, UTC); in a training county ahead of it."""
    now = time.time_ns() // 1_000_000
    training = os.environ.get(TRAINING_CLOCK)
    return now + training_shift_ms(training) if training else now


def training_shift_ms(path: str) -> int:
    """By how much the training clock is ahead; 0 where the file is not there yet."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def today() -> date:
    """The calendar day in China."""
    return instant_date(instant(physical_ms()))


def tick(last: Instant, now_ms: int) -> Instant:
    """The next instant after `last`: the wall clock where it moved on, else the counter."""
    now = instant(now_ms)
    return now if now > last else last + 1
