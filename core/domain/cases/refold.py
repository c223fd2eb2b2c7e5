"""Every case once more from its own entries: is what stands here what they add up to?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from ..journal.format import Entry
from ..journal.models import Entry as EntryRow
from ..journal.selectors import entries_of_cases
from .merge import replay
from .models import Case, Flag
from .state import CaseState, state_bytes, state_hash
from .writing import states_write

_BATCH = 200


@dataclass
class Refolded:
    """`cases` were folded anew; the numbers of those that stood here otherwise, or not at all, are `different`."""

    cases: int = 0
    different: list[str] = field(default_factory=list)
    written: int = 0


def cases_refold(*, write: bool = False) -> Refolded:
    """Every case of the journal is folded from its entries and compared with its row; `write`: the rows are these.

    Entries are never changed.
    """
    done = Refolded()
    for ids in _batches():
        with transaction.atomic():
            wrong = _compare(ids, done)
            if write:
                states_write(wrong)
                done.written += len(wrong)
    return done


def _batches() -> Iterator[list[UUID]]:
    ids = EntryRow.objects.exclude(case_id=None).order_by("case_id").values_list("case_id", flat=True).distinct()
    batch: list[UUID] = []
    for case_id in list(ids):
        assert case_id is not None
        batch.append(case_id)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _compare(ids: list[UUID], done: Refolded) -> list[CaseState]:
    refused = set(Flag.objects.filter(case_id__in=ids, applied=False).values_list("entry_id", flat=True))
    known = {pk: bytes(digest) for pk, digest in Case.objects.filter(pk__in=ids).values_list("pk", "state_hash")}
    by_case: dict[UUID, list[Entry]] = {}
    for entry in entries_of_cases(ids):
        if entry.case_id is not None:
            by_case.setdefault(entry.case_id, []).append(entry)
    wrong = []
    for case_id, entries in by_case.items():
        state = replay(entries, refused=refused).state
        done.cases += state is not None
        if state is not None and known.get(case_id) != state_hash(state_bytes(state)):
            done.different.append(state.number)
            wrong.append(state)
    return wrong
