"""Handing the result out 送达, to somebody who has shown who they are (行政许可法 Art. 44: within 10 days)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from ...journal import bodies as b
from ...journal.clock import Instant
from ...staff.actors import Actor
from ..errors import ReceiverUnproven
from ..intake import role_require
from ..lifecycle import require_allowed
from ..state import CaseState
from ..writing import act_on
from .powers import ROLES_ACCEPT

#: At the window; the village agent brings it; by mail; in a locker; electronically.
WAYS: Final = ("window", "agent", "mail", "locker", "electronic")
#: Somebody stands there and shows a document.
IN_PERSON: Final = ("window", "agent")


@transaction.atomic
def result_deliver(
    *, case_id: UUID, actor: Actor, how: str, receiver: str, receiver_id: str = "", tracking: str = "",
    authorisation: str = "", at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """The applicant has the result. `how` is one of WAYS; `tracking` is the mail's or the locker's number.

    In person the receiver is the applicant or the person acting for them by the number on their document; anybody
    else shows an authorisation. Raises ReceiverUnproven. Source: 行政许可法 Art. 44.
    """
    act = act_on(case_id, actor, at=at)
    role_require(actor, *ROLES_ACCEPT)
    require_allowed("result.delivered", act.case.status)
    if how not in WAYS:
        raise ValueError(how)
    _receiver_require(act.case, how, receiver.strip(), receiver_id.strip(), tracking.strip(), authorisation.strip())
    return act.append(b.ResultDelivered(
        how=how, receiver=receiver.strip(), receiver_id=receiver_id.strip(), tracking=tracking.strip(),
        authorisation=authorisation.strip(),
    ))  # fmt: skip


def _receiver_require(
    state: CaseState, how: str, receiver: str, receiver_id: str, tracking: str, authorisation: str
) -> None:
    if not receiver:
        raise ReceiverUnproven(reason="name")
    if how in ("mail", "locker") and not tracking:
        raise ReceiverUnproven(reason="tracking")
    if how not in IN_PERSON:
        return
    if not receiver_id:
        raise ReceiverUnproven(reason="id_number")
    known = {state.applicant.id_number} | ({state.agent.id_number} if state.agent else set())
    if receiver_id.upper() not in {number.upper() for number in known if number} and not authorisation:
        raise ReceiverUnproven(reason="authorisation")
