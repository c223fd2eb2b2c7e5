"""Deciding 决定: granted or denied, by somebody who did not review it, with what was to follow in hand."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from ...catalogue.authority import DECIDE
from ...catalogue.documents import Item
from ...journal import bodies as b
from ...journal.clock import Instant
from ...journal.selectors import entries_of_case
from ...staff.actors import Actor
from ..errors import DeferralOpen, NoReview, SamePerson
from ..intake import role_require
from ..lifecycle import ACCEPTED, require_allowed
from ..state import CaseState
from ..writing import Act, act_on
from .materials import deferrals_open, material_words
from .powers import ROLES_DECIDE, case_item, entitled_require, roles_deciding, words_require
from .review import stages_left


@transaction.atomic
def case_decide(
    *, case_id: UUID, actor: Actor, granted: bool, text: str = "", basis: str = "", result_number: str = "",
    at: Instant | None = None,
) -> CaseState:  # fmt: skip
    """Decide and complete the case; if another service point opened it, custody goes there to hand the result out.

    Two-post rule 一审一核: who gave an opinion may not decide, except for immediate items. A denial, and a grant over
    an objection, is reasoned. Raises SamePerson, NoReview, NotDevolved, DeferralOpen (nothing is granted before what
    was to follow is in), ReasonMissing. Source: 行政许可法 Art. 38, 42.
    """
    act = act_on(case_id, actor, at=at)
    item = case_item(act.case)
    immediate, deciding = item.kind == "immediate", roles_deciding(item)
    role_require(actor, *deciding)
    entitled_require(item, act, DECIDE, roles=deciding)
    require_allowed("case.decided", act.case.status)
    if not immediate:
        _reviewed_by_another(act, item)
    _words_check(act.case, granted=granted, text=text)
    if granted and (owed := deferrals_open(act.case)):
        raise DeferralOpen(materials=material_words(item, owed))
    decide(act, item, granted=granted, text=text, basis=basis, result_number=result_number)
    return _hand_back(act)


def _words_check(state: CaseState, *, granted: bool, text: str) -> None:
    if not granted:
        words_require(text, "deny")
    elif any(one.verdict == "object" for stage in state.stages for one in stage.opinions.values()):
        words_require(text, "overrule")


def _reviewed_by_another(act: Act, item: Item) -> None:
    if act.case.status == ACCEPTED or stages_left(act.case, item):
        raise NoReview(item_code=item.item_code)
    # From the journal: of a department's opinions the state keeps the last, and who wrote the first reviewed as well.
    entries = entries_of_case(act.case.id)
    if any(isinstance(one.body, b.OpinionRecorded) and one.actor == act.actor.code for one in entries):
        raise SamePerson(actor=act.actor.code)


def decide(act: Act, item: Item, *, granted: bool, text: str = "", basis: str = "", result_number: str = "") -> None:
    """The case is decided and its result stands ready; in the act that is under way."""
    act.append(b.CaseDecided(
        granted=granted, department=item.department, text=text, basis=basis, result_number=result_number,
        instead_of=act.actor.stands_in_for(ROLES_DECIDE, item.department),
    ))  # fmt: skip
    act.append(b.CaseCompleted())


def _hand_back(act: Act) -> CaseState:
    state = act.case
    if state.opened_by == act.here.node:
        return state
    return act.append(b.CaseForwarded(to=state.opened_by, power="deliver"))
