"""Every case here once more, a locked batch at a time: how tables that are derived from cases are derived anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from .models import Case
from .state import CaseState, state_decode

BATCH: Final = 500


def cases_walk(cases: QuerySet[Case], reflect: Callable[[Sequence[CaseState]], None]) -> int:
    """`reflect` was called with the states of all of `cases`, each batch in a transaction of its own; returns how many
    there were.

    A few statements a batch. Cases may go on being written meanwhile; safe to repeat.
    """
    done = 0
    last: UUID | None = None
    while True:
        with transaction.atomic():
            # In key order and locked, so that no act slips in between the state read and the row written.
            chunk = cases if last is None else cases.filter(pk__gt=last)
            locked = chunk.order_by("pk").select_for_update()[:BATCH].values_list("pk", "state")
            states = {key: state_decode(bytes(wire)) for key, wire in locked}
            reflect(list(states.values()))
        done += len(states)
        if len(states) < BATCH:
            return done
        last = max(states)
