"""The life of a case as data: states, what each entry needs and what it leads to. No Django here.

Source: 行政许可法 (2019) Art. 32, 42-45; shared design, "Life of a case". The fold never asks this table whether
an act was allowed (a node's act is a fact); services ask before they write, ingest asks to flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DRAFT: Final = "draft"  #: Being filled in at a counter; the applicant has handed nothing in yet.
SUBMITTED: Final = "submitted"  #: Handed in; whoever has custody must accept, refuse or ask for what is missing.
AWAITING_SUPPLEMENT: Final = "awaiting_supplement"  #: The applicant's turn; one notice lists all that is missing.
ACCEPTED: Final = "accepted"  #: The clocks run from the day of acceptance (day 0).
REFUSED: Final = "refused"  #: Not accepted, with a written reason; the end.
LAPSED: Final = "lapsed"  #: The applicant did not supply what was missing; the end.
UNDER_REVIEW: Final = "under_review"  #: A stage is open; departments give opinions.
SUSPENDED: Final = "suspended"  #: A special procedure stops the clock (Art. 45).
DECIDED: Final = "decided"  #: Granted or denied; the paper is not made out yet.
COMPLETED: Final = "completed"  #: The result stands ready for the applicant.
DELIVERED: Final = "delivered"  #: The applicant has the result; the end.
WITHDRAWN: Final = "withdrawn"  #: The applicant took the application back; the end.
TERMINATED: Final = "terminated"  #: Ended for a reason that lies outside a decision; the end.

STATES: Final = (
    DRAFT, SUBMITTED, AWAITING_SUPPLEMENT, ACCEPTED, REFUSED, LAPSED, UNDER_REVIEW, SUSPENDED, DECIDED, COMPLETED,
    DELIVERED, WITHDRAWN, TERMINATED,
)  # fmt: skip
CLOSED: Final = frozenset({REFUSED, LAPSED, DELIVERED, WITHDRAWN, TERMINATED})
#: Nothing is decided yet: the applicant may still withdraw, the authority may still terminate.
UNDECIDED: Final = frozenset({DRAFT, SUBMITTED, AWAITING_SUPPLEMENT, ACCEPTED, UNDER_REVIEW, SUSPENDED})
OPEN: Final = UNDECIDED | {DECIDED, COMPLETED}

TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    DRAFT: frozenset({SUBMITTED, WITHDRAWN, TERMINATED}),
    SUBMITTED: frozenset({ACCEPTED, REFUSED, AWAITING_SUPPLEMENT, WITHDRAWN, TERMINATED}),
    AWAITING_SUPPLEMENT: frozenset({SUBMITTED, LAPSED, WITHDRAWN, TERMINATED}),
    ACCEPTED: frozenset({UNDER_REVIEW, SUSPENDED, DECIDED, WITHDRAWN, TERMINATED}),
    UNDER_REVIEW: frozenset({UNDER_REVIEW, SUSPENDED, DECIDED, WITHDRAWN, TERMINATED}),
    SUSPENDED: frozenset({ACCEPTED, UNDER_REVIEW, WITHDRAWN, TERMINATED}),
    DECIDED: frozenset({COMPLETED}),
    COMPLETED: frozenset({DELIVERED}),
    REFUSED: frozenset(),
    LAPSED: frozenset(),
    DELIVERED: frozenset(),
    WITHDRAWN: frozenset(),
    TERMINATED: frozenset(),
}


@dataclass(frozen=True)
class Rule:
    """An entry may be written in the states `allowed` and leads to `to` (None: the state stays)."""

    allowed: frozenset[str]
    to: str | None = None


_HAND_IN: Final = UNDECIDED | {DECIDED, COMPLETED}
RULES: Final[dict[str, Rule]] = {
    "case.opened": Rule(frozenset(), DRAFT),
    "material.received": Rule(_HAND_IN),
    "material.deferred": Rule(frozenset({DRAFT, SUBMITTED})),
    "material.pledged": Rule(frozenset({DRAFT, SUBMITTED, AWAITING_SUPPLEMENT})),
    "case.submitted": Rule(frozenset({DRAFT}), SUBMITTED),
    "case.accepted": Rule(frozenset({SUBMITTED}), ACCEPTED),
    "case.refused": Rule(frozenset({SUBMITTED}), REFUSED),
    "supplement.requested": Rule(frozenset({SUBMITTED}), AWAITING_SUPPLEMENT),
    "supplement.received": Rule(frozenset({AWAITING_SUPPLEMENT}), SUBMITTED),
    "case.lapsed": Rule(frozenset({AWAITING_SUPPLEMENT}), LAPSED),
    "stage.opened": Rule(frozenset({ACCEPTED, UNDER_REVIEW}), UNDER_REVIEW),
    "appointment.set": Rule(frozenset({UNDER_REVIEW})),
    "opinion.recorded": Rule(frozenset({UNDER_REVIEW})),
    "clock.stopped": Rule(frozenset({ACCEPTED, UNDER_REVIEW}), SUSPENDED),
    # Back to where it was: the fold keeps the state the clock was stopped in.
    "clock.resumed": Rule(frozenset({SUSPENDED})),
    "extension.requested": Rule(frozenset({ACCEPTED, UNDER_REVIEW, SUSPENDED})),
    "extension.declined": Rule(frozenset({ACCEPTED, UNDER_REVIEW, SUSPENDED})),
    "deadline.extended": Rule(frozenset({ACCEPTED, UNDER_REVIEW, SUSPENDED})),
    # ACCEPTED > DECIDED is the one act of an immediate item; case_decide checks that it is one.
    "case.decided": Rule(frozenset({ACCEPTED, UNDER_REVIEW}), DECIDED),
    "case.completed": Rule(frozenset({DECIDED}), COMPLETED),
    "result.delivered": Rule(frozenset({COMPLETED}), DELIVERED),
    "case.withdrawn": Rule(UNDECIDED, WITHDRAWN),
    "case.terminated": Rule(UNDECIDED, TERMINATED),
    "case.forwarded": Rule(OPEN - {DRAFT}),
    "custody.taken": Rule(OPEN),
    "case.rated": Rule(frozenset(STATES) - {DRAFT}),
    "rating.followed": Rule(frozenset(STATES) - {DRAFT}),
    "case.urged": Rule(OPEN - {DRAFT}),
    "note.added": Rule(frozenset(STATES)),
}


@dataclass
class IllegalTransition(Exception):
    """The entry may not be written in this state; nothing was changed and nothing journalled."""

    kind: str
    status: str


def require_allowed(kind: str, status: str) -> None:
    """Raises IllegalTransition unless an entry of this kind may be written while the case is in `status`."""
    if status not in RULES[kind].allowed:
        raise IllegalTransition(kind=kind, status=status)
