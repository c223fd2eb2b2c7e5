"""Another calendar counts other days: the due days of what is open are worked out anew.

They are derived (行政许可法 Art. 42-45 and the State Council's yearly notice), so nothing is journalled.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from .models import Case
from .state import state_decode
from .writing import states_write, work_calendar

BATCH = 500


def cases_due_refresh() -> int:
    """The due days of every open case here, and what observers derive from them, follow the calendar in force; returns
    how many cases are open.

    A few statements a batch. Cases may go on being written meanwhile; safe to repeat.
    """
    calendar, done = work_calendar(), 0
    last: UUID | None = None
    while True:
        with transaction.atomic():
            known = Case.objects.filter(is_open=True)
            chunk = known if last is None else known.filter(pk__gt=last)
            # In key order and locked, so that no act slips in between the state read and the row written.
            locked = chunk.order_by("pk").select_for_update()[:BATCH].values_list("pk", "state")
            states = {key: state_decode(bytes(wire)) for key, wire in locked}
            states_write(list(states.values()), calendar=calendar)
        done += len(states)
        if len(states) < BATCH:
            return done
        last = max(states)
