"""Reading cases: lists, one case with all that its page shows, hashes to compare copies by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from ..catalogue.selectors import item_get
from ..journal.bodies import CaseOpened
from ..journal.clock import instant_date
from ..journal.format import Entry
from ..journal.selectors import entries_of_case
from . import models
from .deadlines import Ledger, case_ledgers
from .errors import CaseUnknown
from .numbering import UnknownNumbers, numbers_unknown
from .state import CaseState, state_decode
from .writing import work_calendar

#: Nobody reads further back through one person's results.
MAX_CERTIFICATES = 50


def case_state(case_id: UUID) -> CaseState:
    """Raises CaseUnknown."""
    wire = models.Case.objects.filter(pk=case_id).values_list("state", flat=True).first()
    if wire is None:
        raise CaseUnknown(case_id=str(case_id))
    return state_decode(bytes(wire))


def case_numbers_unknown(service_point: str, *, epochs_ended: Iterable[int] = ()) -> list[UnknownNumbers]:
    """Case numbers of a service point nobody here has heard of, by day: what a lost machine never sent."""
    station = service_point.replace("-", "")
    numbers = models.Case.objects.filter(number__startswith=station).values_list("number", flat=True)
    return numbers_unknown(numbers, epochs_ended=epochs_ended)


def case_list(*, clerk: str = "", text: str = "", open_only: bool = False) -> QuerySet[models.Case]:
    """Cases, those due first; `text` finds by number, applicant's name or id number."""
    cases = models.Case.objects.defer("state")
    if clerk:
        cases = cases.filter(clerk=clerk)
    if open_only:
        cases = cases.filter(is_open=True)
    if text := text.strip():
        cases = cases.filter(Q(number__startswith=text) | Q(applicant_id=text) | Q(applicant_name__startswith=text))
    order = ("promised_due", "-updated_at")
    return cases.order_by(*order) if open_only else cases.order_by("-is_open", *order)


@dataclass(frozen=True)
class Certificate:
    """What an earlier case of the applicant ended in, as far as it is known here."""

    number: str
    name: str
    issued_on: date
    case_number: str
    item_code: str


def certificates_of(applicant_id: str) -> list[Certificate]:
    """Results with a number that were granted to whoever has this document, newest first: a material they prove need
    not be brought again (免提交)."""
    cases = models.Case.objects.filter(applicant_id=applicant_id, status__in=("completed", "delivered"))
    found = []
    for wire in cases.order_by("-updated_at").values_list("state", flat=True)[:MAX_CERTIFICATES]:
        state = state_decode(bytes(wire))
        if state.decision is None or not state.decision.granted or not state.decision.result_number:
            continue
        result = item_get(state.item_code, state.item_version).result
        found.append(Certificate(
            number=state.decision.result_number, name=result.name if result else "",
            issued_on=instant_date(state.decision.at), case_number=state.number, item_code=state.item_code,
        ))  # fmt: skip
    return found


def case_list_to_deliver(node: str) -> QuerySet[models.Case]:
    """Completed cases this node is to hand out."""
    # A completed case is an open one; saying so lets the index on is_open find it.
    cases = models.Case.objects.defer("state").filter(is_open=True, status="completed", custodian=node)
    return cases.order_by("updated_at")


def case_ledger(state: CaseState, *, today: date) -> dict[str, Ledger]:
    """The case's ledgers by the calendar in force here."""
    return case_ledgers(state, today=today, calendar=work_calendar())


def case_timeline(case_id: UUID) -> list[Entry]:
    """The case's entries that count, in the order they happened. Refused ones are on the conflict desk."""
    refused = set(models.Flag.objects.filter(case_id=case_id, applied=False).values_list("entry_id", flat=True))
    entries = [e for e in entries_of_case(case_id) if e.id not in refused]
    return sorted(entries, key=lambda entry: (not isinstance(entry.body, CaseOpened), entry.at))


def case_flags(case_id: UUID) -> list[models.Flag]:
    return list(models.Flag.objects.filter(case_id=case_id).order_by("flagged_at_ms"))


def hashes() -> Iterator[tuple[str, str]]:
    """(case id, state hash in hex) of every case here."""
    for case_id, digest in models.Case.objects.order_by("pk").values_list("pk", "state_hash").iterator():
        yield str(case_id), bytes(digest).hex()


def counts_today(day: date, service_point: str) -> dict[str, int]:
    """Today's numbers of a counter: opened, open in all, waiting to be handed out."""
    cases = models.Case.objects.filter(service_point=service_point)
    return {
        "opened": cases.filter(opened_on=day).count(),
        "open": cases.filter(is_open=True).count(),
        "to_deliver": cases.filter(is_open=True, status="completed").count(),
    }
