"""Hybrid logical time: wall-clock order that never goes backwards."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.domain.journal import clock

MS = st.integers(min_value=0, max_value=1 << 45)


def test_an_instant_holds_milliseconds_and_a_counter():
    assert clock.instant(1000, 5) == 1000 * 65536 + 5
    assert clock.instant_ms(clock.instant(1000, 5)) == 1000


def test_the_clock_moves_on_with_the_wall():
    assert clock.tick(clock.instant(1000, 7), 1001) == clock.instant(1001)


def test_a_wall_clock_that_stands_or_jumps_back_only_counts_up():
    last = clock.instant(1000)
    assert clock.tick(last, 1000) == clock.instant(1000, 1)
    assert clock.tick(last, 5) == clock.instant(1000, 1)


def test_a_full_counter_runs_over_into_the_next_millisecond():
    assert clock.tick(clock.instant(1000, 65535), 1000) == clock.instant(1001)


@given(st.lists(MS, max_size=50))
def test_ticks_only_grow_whatever_the_wall_says(walls):
    last = 0
    for wall in walls:
        following = clock.tick(last, wall)
        assert following > last
        assert clock.instant_ms(following) >= wall
        last = following


def test_days_are_chinas_days():
    at = clock.instant_of(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC))
    assert clock.instant_date(at) == date(2026, 11, 20)
    later = clock.instant_of(datetime(2026, 11, 20, 16, 0, tzinfo=UTC))
    assert clock.instant_date(later) == date(2026, 11, 21)
    assert f"{clock.instant_datetime(later):%Y-%m-%d %H:%M %z}" == "2026-11-21 00:00 +0800"


def test_the_last_instant_a_segment_may_carry_is_still_a_date():
    assert clock.instant_date((1 << 62) - 1).year == 4199


def test_the_wall_clock_is_read_in_milliseconds():
    assert abs(clock.physical_ms() - datetime.now(UTC).timestamp() * 1000) < 60_000
