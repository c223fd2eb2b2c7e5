"""Judging what nodes did: was it theirs to do? What was not is recorded all the same, and flagged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from core.county.registry.selectors import card_of
from core.domain.cases.models import Case
from core.domain.cases.numbering import InvalidCaseNumber, case_number_parse
from core.domain.cases.state import CaseState
from core.domain.catalogue.authority import ACCEPT, DECIDE, REVIEW, Allowed, Place
from core.domain.catalogue.selectors import authorities_of, items_get, place_of
from core.domain.journal.clock import instant_date
from core.domain.journal.format import Entry
from core.domain.journal.place import CORE

NO_AUTHORITY: Final = "no_authority"
UNKNOWN_ITEM: Final = "unknown_item"
NUMBER_REUSED: Final = "number_reused"
NUMBER_FOREIGN: Final = "number_foreign"
OPENED: Final = "case.opened"
#: The power each act needs.
POWERS: Final = {
    "case.accepted": ACCEPT, "case.refused": ACCEPT, "opinion.recorded": REVIEW, "case.decided": DECIDE,
    "appointment.set": REVIEW, "clock.stopped": REVIEW, "clock.resumed": REVIEW, "extension.requested": REVIEW,
    "extension.declined": DECIDE, "deadline.extended": DECIDE,
}  # fmt: skip


def judge(acts: Sequence[tuple[CaseState, Entry]]) -> list[tuple[Entry, str]]:
    """The entries that were not their author's to write, and why. The catalogue is asked once, not once an entry."""
    acts = [(state, entry) for state, entry in acts
            if entry.author != CORE and (entry.kind == OPENED or entry.kind in POWERS)]  # fmt: skip
    if not acts:
        return []
    reused = _numbers_reused([state for state, entry in acts if entry.kind == OPENED])
    items = items_get((state.item_code, state.item_version) for state, _ in acts)
    table = authorities_of(items.values())
    places = {author: _place(author) for author in {entry.author for _, entry in acts}}
    known: dict[tuple[str, int, str, date], frozenset[str]] = {}
    flags: list[tuple[Entry, str]] = []
    for state, entry in acts:
        item = items.get((state.item_code, state.item_version))
        if entry.kind == OPENED:
            if item is None:
                flags.append((entry, UNKNOWN_ITEM))
            elif state.id in reused:
                flags.append((entry, NUMBER_REUSED))
            elif not _numbered_by(entry.author, state.number):
                flags.append((entry, NUMBER_FOREIGN))
            continue
        key = (state.item_code, state.item_version, entry.author, instant_date(entry.at))
        if key not in known:
            allowed = table.authority(item, place=places[entry.author], on=key[3]) if item else None
            known[key] = allowed.powers if isinstance(allowed, Allowed) else frozenset()
        if POWERS[entry.kind] not in known[key]:
            flags.append((entry, NO_AUTHORITY))
    return flags


def _numbered_by(author: str, number: str) -> bool:
    """Whether the case number is one that this machine's service point may give out."""
    try:
        parts = case_number_parse(number)
    except InvalidCaseNumber:
        return False
    return f"{parts.division}-{parts.station}" == author


def _numbers_reused(opened: Sequence[CaseState]) -> set[UUID]:
    """Of cases that have just been opened, those whose number another case has: two machines with one identity."""
    mine = {state.number: state.id for state in opened}
    there = Case.objects.filter(number__in=list(mine)).values_list("number", "pk")
    return {mine[number] for number, pk in there if pk != mine[number]} if mine else set()


def _place(node: str) -> Place:
    card = card_of(node)
    return place_of(node.partition("-")[0], card.level if card else "")
