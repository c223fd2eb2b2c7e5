"""Another calendar counts other days: the due days of what is open are worked out anew.

They are derived (行政许可法 Art. 42-45 and the State Council's yearly notice), so nothing is journalled.
"""

from __future__ import annotations

from functools import partial

from .models import Case
from .walking import cases_walk
from .writing import states_write, work_calendar


def cases_due_refresh() -> int:
    """The due days of every open case here, and what observers derive from them, follow the calendar in force; returns
    how many cases are open. Cases may go on being written meanwhile; safe to repeat."""
    return cases_walk(Case.objects.filter(is_open=True), partial(states_write, calendar=work_calendar()))
