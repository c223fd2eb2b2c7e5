"""Judging what nodes did: was it theirs to do? What was not is recorded all the same, and flagged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from core.county.registry.selectors import card_of
from core.domain.cases.state import CaseState
from core.domain.catalogue.authority import ACCEPT, DECIDE, REVIEW, Allowed, Place
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import ItemUnknown, item_authority, item_get, place_of
from core.domain.journal.clock import instant_date
from core.domain.journal.format import Entry
from core.domain.journal.place import CORE

NO_AUTHORITY: Final = "no_authority"
UNKNOWN_ITEM: Final = "unknown_item"
#: The power each act needs.
POWERS: Final = {
    "case.accepted": ACCEPT, "case.refused": ACCEPT, "opinion.recorded": REVIEW, "case.decided": DECIDE,
}  # fmt: skip


@dataclass
class Judge:
    """One batch's judge: the catalogue is asked once for each (item, place, day), never once an entry."""

    items: dict[tuple[str, int], Item | None] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    powers: dict[tuple[str, int, str, date], frozenset[str]] = field(default_factory=dict)

    def __call__(self, state: CaseState, entry: Entry) -> str:
        """Why the entry was not its author's to write ("" where it was)."""
        if entry.author == CORE:
            return ""
        if entry.kind == "case.opened":
            return "" if self._item(state) else UNKNOWN_ITEM
        power = POWERS.get(entry.kind)
        if power is None or power in self._powers(state, entry):
            return ""
        return NO_AUTHORITY

    def _item(self, state: CaseState) -> Item | None:
        key = (state.item_code, state.item_version)
        if key not in self.items:
            try:
                self.items[key] = item_get(*key)
            except ItemUnknown:
                self.items[key] = None
        return self.items[key]

    def _powers(self, state: CaseState, entry: Entry) -> frozenset[str]:
        key = (state.item_code, state.item_version, entry.author, instant_date(entry.at))
        if key not in self.powers:
            item = self._item(state)
            allowed = item_authority(item, place=self._place(entry.author), on=key[3]) if item else None
            self.powers[key] = allowed.powers if isinstance(allowed, Allowed) else frozenset()
        return self.powers[key]

    def _place(self, node: str) -> Place:
        if node not in self.places:
            card = card_of(node)
            division = node.partition("-")[0]
            self.places[node] = place_of(division, card.level if card else "")
        return self.places[node]
