"""Setting a limit for the whole county: it counts here at once, and at each machine when it hears of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.county.ratings.services import follow_ups_redate
from core.domain.journal.bodies import PolicySet

from ..models import Node, PolicyValue
from ..policies import BY_NAME, policy_value
from .cards import entries_send


@transaction.atomic
def policy_change(*, name: str, value: int, by: str, at: datetime) -> bool:
    """The limit is `value`, and every node is on its way to hear of it; False where it was that already.

    Raises ValueError outside the kind's range, KeyError for a name that is no policy.
    """
    kind = BY_NAME[name]
    if not kind.least <= value <= kind.most:
        raise ValueError(value)
    if policy_value(name) == value:
        return False
    PolicyValue.objects.update_or_create(name=name, defaults={"value": value, "set_at": at, "set_by": by})
    if name == "rating_follow_up_days":
        follow_ups_redate()
    for node in Node.objects.filter(revoked_at=None).order_by("node_id"):
        entries_send(node, [PolicySet(name=name, value=str(value))], by=by)
    return True


def policies_send(node: Node, *, by: str) -> None:
    """A new machine is on its way to hear every limit the county has set."""
    rows = PolicyValue.objects.order_by("name").values_list("name", "value")
    entries_send(node, [PolicySet(name=name, value=str(value)) for name, value in rows], by=by)
