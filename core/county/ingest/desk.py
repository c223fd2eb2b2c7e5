"""What people at the county do about disputes: settle them with a note, take a case from a machine that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.county.workqueue.services import access_record
from core.county.workqueue.watch import watch_of
from core.domain.cases.models import Flag
from core.domain.cases.selectors import case_state
from core.domain.cases.services import custody_take
from core.domain.cases.state import CaseState
from core.domain.cases.writing import flag_resolve
from core.domain.staff.actors import Actor
from tenants.models import Tenant
from tenants.schemas import tenant_entered

from .selectors import Holder, cases_at, holder_of
from .troubles import flag_settled, stranded_mirror

#: Why somebody could enter a case from here; stands in the audit.
BY_SUPERVISION = "supervision"
#: So many cases are taken over in one go; the page offers the rest again.
TAKE_AT_ONCE = 200


class NotWatched(Exception):
    """The person does not watch over this tenant, or there is no such tenant."""


@dataclass
class CustodianWorking(Exception):
    """The machine that has the case is neither revoked nor silent: it may be writing in the case at this moment."""

    holder: Holder


@dataclass(frozen=True)
class Visit:
    """Somebody in a tenant's schema, and what the audit says of them."""

    tenant: Tenant
    actor: Actor
    address: str | None
    at: datetime

    def record(self, case_id: UUID | None, act: str) -> None:
        """The audit says that they looked at this case, or what they did to it."""
        if case_id is not None:
            access_record(
                staff_code=self.actor.code, tenant_code=self.tenant.code, case_id=case_id, act=act,
                reason=BY_SUPERVISION, address=self.address, at=self.at,
            )  # fmt: skip


@contextmanager
def tenant_visit(*, actor: Actor, tenant_code: str, address: str | None, at: datetime) -> Iterator[Visit]:
    """Inside the block the connection stands in the tenant's schema. Raises NotWatched, SchemaMissing."""
    watch = watch_of(actor)
    tenant = Tenant.objects.filter(code=tenant_code).first()
    if watch is None or tenant is None or not watch.enters(tenant_code):
        raise NotWatched(tenant_code)
    with tenant_entered(tenant):
        yield Visit(tenant=tenant, actor=actor, address=address, at=at)


@transaction.atomic
def flag_settle(visit: Visit, *, entry_id: UUID, note: str) -> Flag | None:
    """The dispute is off the desk with this note; its entries and the case stay as they are. None: it was before."""
    flag = flag_resolve(entry_id=entry_id, resolution=note)
    if flag is not None:
        flag_settled(entry_id=entry_id, by=visit.actor.code, at=visit.at)
        visit.record(flag.case_id, "conflict-settle")
    return flag


@transaction.atomic
def custody_take_over(visit: Visit, *, case_id: UUID, reason: str) -> CaseState:
    """The case is the county's, and everybody concerned is told. Raises CaseUnknown, CustodianWorking, and
    IllegalTransition for a case that has ended; then nothing was changed."""
    holder = holder_of(case_state(case_id).custodian, at=visit.at)
    if not holder.takeable:
        raise CustodianWorking(holder)
    state = custody_take(case_id=case_id, actor=visit.actor, reason=reason)
    visit.record(case_id, "custody-take")
    stranded_mirror()
    return state


def custody_take_all(visit: Visit, *, node: str, reason: str) -> int:
    """The first TAKE_AT_ONCE open cases of this node are the county's; returns how many. Raises CustodianWorking."""
    holder = holder_of(node, at=visit.at)
    if not holder.takeable:
        raise CustodianWorking(holder)
    taken = cases_at(node)[:TAKE_AT_ONCE]
    with transaction.atomic():
        for case in taken:
            custody_take(case_id=case.pk, actor=visit.actor, reason=reason)
            visit.record(case.pk, "custody-take")
        stranded_mirror()
    return len(taken)
