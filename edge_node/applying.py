"""What the county and the neighbours send a node: entries of cases, and entries about the node itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog

from core.domain.cases.bulk import entries_apply
from core.domain.cases.lifecycle import RULES
from core.domain.cases.models import Flag
from core.domain.catalogue.services import release_confirm
from core.domain.journal import bodies as b
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import Entry, StreamName
from core.domain.journal.place import CORE
from core.domain.journal.policy import policy_set
from core.domain.journal.selectors import entry_ids_known
from core.domain.journal.services import clock_anchor, entries_store
from core.domain.staff.services import staff_apply, staff_revoke

from .enrolment import cards_apply

_log = structlog.get_logger(__name__)
#: The node has nothing more to do with the case.
RELEASED = "released"


def apply(stream: StreamName, entries: list[Entry]) -> None:
    """The entries are applied, in the reader's transaction; what is about the node only from the county."""
    entries_apply(entries)
    about_us = [entry for entry in entries if entry.kind not in RULES]
    if not about_us:
        return
    if stream.author != CORE:
        _log.warning("node_entries_refused", author=stream.author, count=len(about_us))
        return
    known = entry_ids_known(entry.id for entry in about_us)
    entries_store(about_us)
    for entry in about_us:
        if entry.id not in known and type(entry.body) in _HANDLERS:
            _HANDLERS[type(entry.body)](entry, entry.body)


def _staff_granted(entry: Entry, body: b.StaffGranted) -> None:
    staff_apply(body)


def _staff_revoked(entry: Entry, body: b.StaffRevoked) -> None:
    staff_revoke(code=body.code)


def _policy_set(entry: Entry, body: b.PolicySet) -> None:
    if not policy_set(body.name, body.value):
        _log.warning("policy_unknown", policy=body.name)


def _cards_changed(entry: Entry, body: b.CardsChanged) -> None:
    cards_apply(body.cards)


def _time_anchored(entry: Entry, body: b.TimeAnchored) -> None:
    clock_anchor(county_ms=body.ms, here_ms=physical_ms())
    release_confirm(number=body.release, at_ms=body.ms)


def _entry_flagged(entry: Entry, body: b.EntryFlagged) -> None:
    _flag(body.entry, body.flagged_case, body.flag, body.detail)


def _case_released(entry: Entry, body: b.CaseReleased) -> None:
    _flag(entry.id, body.released_case, RELEASED, body.reason)


def _flag(entry_id: UUID, case_id: UUID | None, reason: str, detail: str) -> None:
    """The case's page shows what the county does not agree with."""
    facts = {"case_id": case_id, "author": CORE, "reason": reason[:32], "detail": detail, "applied": True}
    Flag.objects.update_or_create(entry_id=entry_id, defaults=facts | {"flagged_at_ms": physical_ms()})


_HANDLERS: dict[type, Callable[[Entry, Any], None]] = {
    b.StaffGranted: _staff_granted,
    b.StaffRevoked: _staff_revoked,
    b.PolicySet: _policy_set,
    b.CardsChanged: _cards_changed,
    b.TimeAnchored: _time_anchored,
    b.EntryFlagged: _entry_flagged,
    b.CaseReleased: _case_released,
}
