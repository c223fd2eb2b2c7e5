"""The county's table of ratings follows the cases; a rating is taken from a citizen's phone, a low one followed up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.counter.rating import Given, firsts, rating_give, visit_of
from core.county.known import tenant_of_number
from core.county.registry.keys import core_identity
from core.county.workqueue.services import access_record
from core.county.workqueue.watch import watch_of
from core.domain.cases import services as cases
from core.domain.cases.deadlines import amber_day
from core.domain.cases.errors import CaseUnknown
from core.domain.cases.models import Case
from core.domain.cases.receipt import Receipt, receipt_from_token
from core.domain.cases.selectors import case_state
from core.domain.cases.services.rating import SCORES
from core.domain.cases.state import CaseState
from core.domain.cases.walking import cases_walk
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import items_get
from core.domain.journal import clock
from core.domain.journal.clock import instant_date, instant_datetime
from core.domain.journal.models import Entry
from core.domain.journal.place import NotEnrolled
from core.domain.journal.policy import policy
from core.domain.journal.rows import rows_insert
from core.domain.staff.actors import Actor
from tenants.connection import connection
from tenants.models import Tenant
from tenants.place import tenant_current
from tenants.schemas import tenant_entered

from .models import Rating
from .selectors import OPEN

COLUMNS = (
    "tenant_code", "case_id", "entry_id", "number", "item_code", "item_name", "service_point", "score", "reasons",
    "text", "rated_at", "rated_on", "visit", "second_of", "counted", "due", "amber_on", "contacted_at", "settled_at",
    "settled_on", "outcome", "second_score",
)  # fmt: skip
UNIQUE = ("tenant_code", "entry_id")
UPDATED = tuple(name for name in COLUMNS if name not in UNIQUE)
REBUILD_CHUNK = 500
#: Why somebody could enter a case from here; stands in the audit.
BY_SUPERVISION = "supervision"

Row = tuple[Any, ...]


def ratings_reflect(states: Sequence[CaseState]) -> None:
    """The table holds exactly the ratings of these cases of the connection's tenant.

    Call in the transaction that changed them; cases without a rating cost nothing, and the number of statements does
    not depend on how many there are.
    """
    rated = [state for state in states if state.ratings]
    if not rated:
        return
    tenant = tenant_current()
    if tenant is None:
        raise NotEnrolled
    rows = _rows(tenant.code, rated)
    _forget(tenant.code, [state.id for state in rated], keep=[row[2] for row in rows])
    rows_insert(Rating, COLUMNS, rows, unique=UNIQUE, update=UPDATED)


def _forget(tenant_code: str, case_ids: Sequence[UUID], *, keep: Sequence[UUID]) -> None:
    """Of these cases no rating is left but those in `keep`."""
    table = connection.ops.quote_name(Rating._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE tenant_code = %s AND case_id = ANY(%s::uuid[])"
            " AND NOT entry_id = ANY(%s::uuid[])",
            [tenant_code, list(case_ids), list(keep)],
        )


def _rows(tenant_code: str, states: Sequence[CaseState]) -> list[Row]:
    calendar, days = work_calendar(), policy("rating_follow_up_days")
    items = items_get((state.item_code, state.item_version) for state in states)
    rows: list[Row] = []
    for state in states:
        item = items.get((state.item_code, state.item_version))
        low = {one.rating_id.hex: one for one in cases.followings(state, days=days, calendar=calendar)}
        counted = firsts(state)
        for key, one in state.ratings.items():
            if one.score not in SCORES:
                continue
            follow, name = low.get(key), (item.name if item else state.item_code)[:200]
            amber = amber_day(instant_date(one.at), days, calendar=calendar) if follow else None
            rows.append((
                tenant_code, state.id, UUID(key), state.number, state.item_code, name, state.service_point, one.score,
                _plain(" ".join(one.reasons))[:200], _plain(one.text), instant_datetime(one.at), instant_date(one.at),
                visit_of(one), one.second_of, key in counted, *_follow_columns(follow, amber),
            ))  # fmt: skip
    return rows


def _follow_columns(follow: cases.Following | None, amber: Any) -> Row:
    if follow is None:
        return (None, None, None, None, None, "", None)
    contacted, settled = follow.contacted, follow.settled
    return (
        follow.due, amber, instant_datetime(contacted.at) if contacted else None,
        instant_datetime(settled.at) if settled else None, instant_date(settled.at) if settled else None,
        _plain(settled.text) if settled else "", follow.second.score if follow.second else None,
    )  # fmt: skip


def _plain(text: str) -> str:
    """The text without what PostgreSQL cannot hold: one machine's slip must not stop a whole batch."""
    return text.replace("\0", "")


def ratings_rebuild(tenant: Tenant) -> int:
    """The table holds exactly the tenant's ratings, derived anew (after a restore, a changed calendar or limit);
    returns how many. Cases may go on being written meanwhile."""
    with tenant_context(tenant):
        rated = Entry.objects.filter(kind="case.rated", case_id__isnull=False).values("case_id")
        held = Case.objects.filter(pk__in=rated)
        with transaction.atomic():
            Rating.objects.filter(tenant_code=tenant.code).exclude(case_id__in=held.values("pk")).delete()
        cases_walk(held, ratings_reflect)
        return Rating.objects.filter(tenant_code=tenant.code).count()


@transaction.atomic
def follow_ups_redate() -> int:
    """Every open follow-up is due by the calendar and the limit in force now (settings.CALENDAR_OBSERVERS, and where
    the county sets the limit); returns how many days changed. Settled ones keep theirs."""
    calendar, days = work_calendar(), policy("rating_follow_up_days")
    moved = []
    for row in Rating.objects.select_for_update().filter(OPEN).order_by("pk"):
        due = calendar.working_day_after(row.rated_on, days)
        amber = amber_day(row.rated_on, days, calendar=calendar)
        if (row.due, row.amber_on) != (due, amber):
            row.due, row.amber_on = due, amber
            moved.append(row)
    Rating.objects.bulk_update(moved, ["due", "amber_on"], batch_size=REBUILD_CHUNK)
    return len(moved)


def ratings_forget_tenants() -> int:
    """No rating is left of a tenant that is not there any more; returns how many were."""
    return Rating.objects.exclude(tenant_code__in=Tenant.objects.values("code")).delete()[0]


@dataclass
class NotYetHere(Exception):
    """The receipt is genuine, and the county has not heard of its case: it is still on its way."""

    number: str


@dataclass(frozen=True)
class Rateable:
    """A case its receipt opened, while the connection stands in its tenant's schema."""

    tenant: Tenant
    state: CaseState
    item: Item


def receipt_open(token: str) -> Receipt:
    """The receipt a citizen's phone shows, proven by the county's root key. Raises ReceiptInvalid; asks no database."""
    return receipt_from_token(token, core_identity().root_key)


def tenant_of(receipt: Receipt) -> Tenant | None:
    """Whose case it is: the tenant of the card the county signed for that machine. The core signs for every counter:
    then the number says which one it was, and a hall's own window bears the hall's division."""
    if not receipt.card.tenant:
        return tenant_of_number(receipt.number)
    tenant: Tenant | None = Tenant.objects.filter(code=receipt.card.tenant).first()
    return tenant


@contextmanager
def receipt_enter(receipt: Receipt) -> Iterator[Rateable]:
    """Inside the block the connection stands in the case's tenant. Raises NotYetHere, SchemaMissing."""
    tenant = tenant_of(receipt)
    if tenant is None:
        raise NotYetHere(receipt.number)
    with tenant_entered(tenant):
        # A number can stand at two cases where a machine was copied: the older one is what the paper was printed for.
        case_id = Case.objects.filter(number=receipt.number).order_by("pk").values_list("pk", flat=True).first()
        if case_id is None:
            raise NotYetHere(receipt.number)
        state = case_state(case_id)
        yield Rateable(tenant=tenant, state=state, item=cases.case_item(state))


def receipt_rate(receipt: Receipt, given: Given) -> CaseState:
    """The applicant's rating stands in the case, written by the county. Raises NotYetHere, RatedAlready,
    RatingInvalid, IllegalTransition."""
    with receipt_enter(receipt) as open_:
        return rating_give(open_.state, given, today=clock.today())


@contextmanager
def rating_enter(*, actor: Actor, tenant_code: str, case_id: UUID, act: str, address: str | None) -> Iterator[Rateable]:
    """Inside the block the connection stands in the tenant's schema, and the audit says who came in about a rating.

    Raises CaseUnknown, and records nothing, for whoever does not watch over the tenant; SchemaMissing.
    """
    watch = watch_of(actor)
    tenant = Tenant.objects.filter(code=tenant_code).first()
    if watch is None or tenant is None or not watch.enters(tenant_code):
        raise CaseUnknown(case_id=str(case_id))
    with tenant_entered(tenant):
        state = case_state(case_id)
        access_record(
            staff_code=actor.code, tenant_code=tenant_code, case_id=case_id, act=act, reason=BY_SUPERVISION,
            address=address, at=timezone.now(),
        )  # fmt: skip
        yield Rateable(tenant=tenant, state=state, item=cases.case_item(state))


@transaction.atomic
def rating_step(*, actor: Actor, rating: Rating, step: str, text: str, address: str | None) -> CaseState:
    """A step of the follow-up stands in the case and in the audit, or neither does. Raises RatingInvalid,
    ReasonMissing, CaseUnknown."""
    with rating_enter(
        actor=actor, tenant_code=rating.tenant_code, case_id=rating.case_id, act=f"rating-{step}"[:40], address=address
    ):
        return cases.rating_follow(case_id=rating.case_id, actor=actor, rating=rating.entry_id, step=step, text=text)
