"""Reminders, urging 催办 and supervision 督办: they change nothing in the case but who must answer."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from ...journal import bodies as b
from ...journal.clock import Instant
from ...staff.actors import Actor
from ..intake import role_require
from ..state import CaseState, Urging
from ..writing import act_on
from .powers import ROLES_ACCEPT, words_require

#: Who may write each level; a supervision 督办 must be answered.
LEVEL_ROLES: Final[dict[str, tuple[str, ...]]] = {
    "reminder": (*ROLES_ACCEPT, "supervisor", "county_admin"),
    "urging": (*ROLES_ACCEPT, "supervisor", "county_admin"),
    "supervision": ("supervisor",),
}


@transaction.atomic
def case_urge(
    *, case_id: UUID, actor: Actor, level: str, text: str, department: str = "", due: date | None = None,
    at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """Whoever must move the case is told so; with `due`, an answer is wanted by that day. `level` is a key of
    LEVEL_ROLES. Raises ReasonMissing."""
    act = act_on(case_id, actor, at=at, needs_custody=False)
    role_require(actor, *LEVEL_ROLES[level])
    text = words_require(text, "urge")
    return act.append(b.CaseUrged(level=level, text=text, department=department, due=due))  # type: ignore[arg-type]


def urgings_unanswered(state: CaseState) -> dict[UUID, Urging]:
    """Urgings and supervisions nobody has answered, by entry; reminders want no answer. Oldest first."""
    answered = {note.answers for note in state.notes.values()}
    found = [(UUID(key), one) for key, one in state.urgings.items() if one.level != "reminder"]
    return {key: one for key, one in sorted(found, key=lambda pair: pair[1].at) if key not in answered}
