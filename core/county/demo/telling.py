"""Many cases live side by side, as in a county: each story goes on until it waits, for others or for a later day.

When all of them wait for a later day, that day comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date

from .processes import DemoFailed

#: How often what is waited for is looked at (seconds), and how long nothing at all may happen.
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 240.0


@dataclass(frozen=True)
class On:
    """The story goes on when this day has come."""

    day: date


@dataclass(frozen=True)
class Until:
    """The story goes on when this is so."""

    what: str
    ready: Callable[[], bool]


Story = Generator[On | Until]


def tell_all(stories: dict[str, Story], *, today: Callable[[], date], day_comes: Callable[[date], None]) -> None:
    """Every story is told to its end; `day_comes` moves the county's clock. Raises DemoFailed where one is stuck."""
    waiting = {name: _next(story) for name, story in stories.items()}
    moved_at = time.monotonic()
    while any(step is not None for step in waiting.values()):
        ready = [name for name, step in waiting.items() if step is not None and _is_ready(step, today())]
        for name in ready:
            waiting[name] = _next(stories[name])
        if ready:
            moved_at = time.monotonic()
            continue
        left = {name: step for name, step in waiting.items() if step is not None}
        days = [step.day for step in left.values() if isinstance(step, On)]
        if len(days) == len(left):
            day_comes(min(days))
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE_SECONDS:
            stuck = [f"{name}: {step.what}" for name, step in left.items() if isinstance(step, Until)]
            raise DemoFailed(f"not within {PATIENCE_SECONDS:.0f} s: {'; '.join(stuck)}")
        else:
            time.sleep(LOOK_SECONDS)


def _next(story: Story) -> On | Until | None:
    return next(story, None)


def _is_ready(step: On | Until, today: date) -> bool:
    return today >= step.day if isinstance(step, On) else step.ready()
