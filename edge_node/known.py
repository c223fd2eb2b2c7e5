"""What this node knows of a case number (settings.CASE_KNOWN), for the page that checks a paper."""

from __future__ import annotations

from core.counter.verifying import COUNTY, HERE, UNKNOWN, Known
from core.domain.cases.models import Case
from core.domain.journal.place import CORE
from core.domain.journal.selectors import entries_of_case, entry_reached

from .identity import card_of, standing


def case_known(number: str, node: str) -> Known:
    """The county has a case when it wrote in it, or has confirmed this node's last entry of it.

    `node` is the machine that signed. Raises NotEnrolled, NodeReplaced.
    """
    card = card_of(node) if node else None
    revoked = card is not None and card.revoked
    row = Case.objects.filter(number=number).values_list("pk", "status").first()
    if row is None:
        return Known(where=UNKNOWN, revoked=revoked)
    case_id, status = row
    where = standing()
    entries = entries_of_case(case_id)
    own = [entry for entry in entries if entry.author == where.node]
    reached = any(entry.author == CORE for entry in entries) or any(
        entry_reached(entry.id, CORE, here=where) for entry in own
    )
    return Known(where=COUNTY if reached else HERE, status=status, revoked=revoked)
