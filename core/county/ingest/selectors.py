"""Reading for the county's desk of streams and conflicts: both sides of a dispute, what a revoked node still has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from core.counter import timeline
from core.county.registry.models import Node
from core.domain.cases.models import Case, Flag
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import department_names, items_get
from core.domain.journal.bodies import CustodyTaken
from core.domain.journal.format import Entry
from core.domain.journal.place import CORE
from core.domain.journal.selectors import entries_by_id, entries_of_case
from core.domain.staff.selectors import staff_names
from tenants.models import ServicePoint

#: A machine that said nothing for this long may be lost; its cases can be taken over without revoking it first.
LOST_AFTER: Final = timedelta(hours=24)
NUMBER_REUSED: Final = "number_reused"
#: How a custodian stands: only from the first three can a case be taken.
REVOKED, SILENT, UNKNOWN, WORKING, COUNTY = "revoked", "silent", "unknown", "working", "county"
TAKEABLE: Final = frozenset({REVOKED, SILENT, UNKNOWN})


@dataclass(frozen=True)
class Side:
    """One of the entries that claim a place in a case. `entry_id` says which; `counts`: the case is as it says."""

    entry_id: UUID
    rev: int
    release: int
    counts: bool
    step: timeline.Step


@dataclass(frozen=True)
class Holder:
    """Who has a case, and whether the county may take it from them (`standing`)."""

    node: str
    name: str
    standing: str
    revoked_at: datetime | None = None
    last_seen: datetime | None = None

    @property
    def takeable(self) -> bool:
        return self.standing in TAKEABLE


@dataclass(frozen=True)
class Dispute:
    """A flagged entry with everything its page shows; `state` None where the case is not known."""

    flag: Flag
    sides: tuple[Side, ...]
    state: CaseState | None
    item_name: str
    holder: Holder | None
    #: The other side is the county's takeover of the case.
    after_takeover: bool
    #: Other cases with this one's number, and where they were opened by node.
    twins: tuple[Case, ...] = ()
    places: dict[str, str] = field(default_factory=dict)


def dispute_read(entry_id: UUID, *, at: datetime) -> Dispute | None:
    """The flagged entry and, of a rev two entries claim, both, the one that counts first. In the tenant's schema."""
    flag = Flag.objects.filter(pk=entry_id).first()
    if flag is None:
        return None
    own = entries_by_id([entry_id])
    state = _state(flag.case_id)
    item = item_of(state) if state else None
    others = _rivals(own[0]) if own and own[0].rev and not flag.applied else []
    twins = _twins(state) if state and flag.reason == NUMBER_REUSED else []
    entries = [*others, *own]
    names = _names(entries, item)
    # One call an entry: the timeline would tell several materials of one go as one step.
    sides = [_side(entry, timeline.timeline([entry], names)[0], flag) for entry in entries]
    return Dispute(
        flag=flag, sides=tuple(sides), state=state, item_name=item.name if item else (state.item_code if state else ""),
        holder=holder_of(state.custodian, at=at) if state else None,
        after_takeover=any(isinstance(entry.body, CustodyTaken) for entry in others), twins=tuple(twins),
        places=names_of(twin.opened_by for twin in twins),
    )  # fmt: skip


def _twins(state: CaseState) -> list[Case]:
    found = Case.objects.defer("state").filter(number=state.number).exclude(pk=state.id)
    return list(found.order_by("opened_on", "pk"))


def _state(case_id: UUID | None) -> CaseState | None:
    known = case_id is not None and Case.objects.filter(pk=case_id).exists()
    return case_state(case_id) if known and case_id else None


def item_of(state: CaseState) -> Item | None:
    """The version of the item the case names; None where the county never published it."""
    key = (state.item_code, state.item_version)
    return items_get([key]).get(key)


def _rivals(entry: Entry) -> list[Entry]:
    """What stands in the case at the entry's rev, or, where the county took the case over before it, that takeover."""
    assert entry.case_id is not None
    refused = set(Flag.objects.filter(case_id=entry.case_id, applied=False).values_list("entry_id", flat=True))
    counting = [one for one in entries_of_case(entry.case_id) if one.rev and one.id not in refused]
    same = [one for one in counting if one.rev == entry.rev]
    if same:
        return same
    return [one for one in counting if isinstance(one.body, CustodyTaken) and one.rev < entry.rev][-1:]


def _side(entry: Entry, step: timeline.Step, flag: Flag) -> Side:
    counts = flag.applied if entry.id == flag.entry_id else True
    return Side(entry_id=entry.id, rev=entry.rev, release=entry.release, counts=counts, step=step)


def _names(entries: list[Entry], item: Item | None) -> timeline.Names:
    departments = {str(getattr(entry.body, "department", "")) for entry in entries} - {""}
    departments.update(code for entry in entries for code in getattr(entry.body, "departments", ()))
    nodes = {entry.author for entry in entries} | {str(getattr(entry.body, "to", "")) for entry in entries}
    return timeline.Names(
        staff=staff_names({entry.actor for entry in entries}), departments=department_names(departments),
        materials=timeline.material_names(item) if item else {}, holders=names_of(nodes - {""}),
    )  # fmt: skip


def names_of(nodes: Iterable[str]) -> dict[str, str]:
    """Names of the service points the nodes stand at, and of the county; the node's id where there is none."""
    wanted = set(nodes)
    names = {code: code for code in wanted}
    names |= dict(ServicePoint.objects.filter(code__in=wanted - {CORE}).values_list("code", "name"))
    return names | {CORE: _("the county")}


def holder_of(node: str, *, at: datetime) -> Holder:
    """How the node stands that has a case."""
    name = names_of([node])[node]
    if node == CORE:
        return Holder(node=node, name=name, standing=COUNTY)
    row = Node.objects.filter(pk=node).first()
    if row is None:
        return Holder(node=node, name=name, standing=UNKNOWN)
    silent = at - max(row.enrolled_at, row.last_seen or row.enrolled_at) > LOST_AFTER
    standing = REVOKED if row.revoked_at else SILENT if silent else WORKING
    return Holder(node=node, name=name, standing=standing, revoked_at=row.revoked_at, last_seen=row.last_seen)


def cases_at(node: str) -> list[Case]:
    """The open cases this node has, those due first. In the tenant's schema."""
    found = Case.objects.defer("state").filter(is_open=True, custodian=node)
    return list(found.order_by("promised_due", "pk"))
