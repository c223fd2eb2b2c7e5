"""Every kind of entry about a case, and the service that writes it: what the tests of refusals go through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as replace_actor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from msgspec.structs import replace

from core.domain.cases import lifecycle as life
from core.domain.cases import models, services
from core.domain.cases import state as s
from core.domain.cases.state import CaseState
from core.domain.cases.writing import act_on, states_write
from core.domain.journal import bodies as b
from core.domain.journal.clock import Instant, instant_of
from core.domain.journal.models import Entry, OutboxItem
from core.domain.journal.place import Here
from core.domain.staff.actors import Actor
from tests import place
from tests.domain.build import APPROVER, CITIZEN, CLERK, REVIEWER, USCC
from tests.samples import BODIES

HEAD = replace_actor(APPROVER, code="head1")
SUPERVISOR = Actor(code="sup1", name="监察员", roles=frozenset({"supervisor"}))
NOBODY = Actor(code="nobody", name="")
RATING = UUID(int=77)


def on(day: str, hour: int = 9, minute: int = 0) -> Instant:
    """This hour of China's clock on this day."""
    moment = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return instant_of(moment + timedelta(hours=hour - 8, minutes=minute))


@dataclass(frozen=True)
class Way:
    """`call` writes the entry for `actor`; `needs` is what the case holds when it may; it happens at `where`."""

    actor: Actor
    call: Callable[[UUID, Actor], Any]
    needs: dict[str, Any] = field(default_factory=dict)
    where: Here = place.HALL


def appended(kind: str) -> Way:
    """A kind that other acts write as one of their steps: through the one door they all go through."""

    def call(key: UUID, actor: Actor) -> CaseState:
        with transaction.atomic():
            return act_on(key, actor).append(BODIES[kind])

    return Way(CLERK, call)


def stage(code: str, **more: Any) -> s.StageState:
    return s.StageState(code=code, name=code, departments=(USCC,), opened_at=1, **more)


PASSED = s.Opinion(verdict="pass", by="rev9", at=2, node="core")
RUNNING: dict[str, Any] = {
    "accepted_at": on("2026-11-02"), "legal": b.LimitValue(value=2000, unit="working_day"),
    "promised": b.LimitValue(value=1000, unit="working_day"),
}  # fmt: skip
LOW = s.RatingFact(score=1, at=3, by="applicant", reasons=("slow",))

WAYS: dict[str, Way] = {
    "case.opened": appended("case.opened"),
    "material.received": Way(CLERK, lambda key, who: services.material_receive(
        case_id=key, actor=who, material="M01", how="original")),
    "material.deferred": appended("material.deferred"),
    "material.pledged": appended("material.pledged"),
    "case.submitted": appended("case.submitted"),
    "case.accepted": Way(REVIEWER, lambda key, who: services.case_accept(case_id=key, actor=who)),
    "case.refused": Way(REVIEWER, lambda key, who: services.case_refuse(
        case_id=key, actor=who, reason="不属于本机关职权")),
    "supplement.requested": Way(REVIEWER, lambda key, who: services.supplement_request(
        case_id=key, actor=who, lacking=("照片",))),
    "supplement.received": Way(REVIEWER, lambda key, who: services.supplement_receive(case_id=key, actor=who)),
    "case.lapsed": Way(CLERK, lambda key, who: services.case_lapse(case_id=key, actor=who), needs={
        "supplement": s.Supplement(lacking=("M01",), at=1, by="clerk1", due=date(2026, 1, 5))}),
    "stage.opened": Way(REVIEWER, lambda key, who: services.stage_open_next(case_id=key, actor=who)),
    "appointment.set": Way(REVIEWER, lambda key, who: services.appointment_set(
        case_id=key, actor=who, day=date(2026, 12, 1), place="某村"),
        needs={"stages": (stage("S1", joint="site_inspection"),)}),
    "opinion.recorded": Way(REVIEWER, lambda key, who: services.opinion_record(
        case_id=key, actor=who, verdict="pass")),
    "clock.stopped": Way(REVIEWER, lambda key, who: services.clock_stop(
        case_id=key, actor=who, procedure="hearing", text="听证", expected_days=7)),
    "clock.resumed": Way(REVIEWER, lambda key, who: services.clock_resume(case_id=key, actor=who), needs={
        "stops": (s.Stop(procedure="hearing", from_at=2),), "resume_to": life.ACCEPTED}),
    "extension.requested": Way(REVIEWER, lambda key, who: services.extension_request(
        case_id=key, actor=who, days=10, reason="案情复杂"), needs=RUNNING),
    "extension.declined": Way(HEAD, lambda key, who: services.extension_decline(
        case_id=key, actor=who, reason="可以按期办结"),
        needs={"extension_asked": s.ExtensionAsked(days=10, reason="案情复杂", at=4, by="rev1")}),
    "deadline.extended": Way(HEAD, lambda key, who: services.deadline_extend(case_id=key, actor=who), needs={
        **RUNNING, "extension_asked": s.ExtensionAsked(days=10, reason="案情复杂", at=4, by="rev1")}),
    "case.decided": Way(HEAD, lambda key, who: services.case_decide(case_id=key, actor=who, granted=True), needs={
        "stages": (stage("S1", opinions={USCC: PASSED}), stage("S2", opinions={USCC: PASSED}))}),
    "case.completed": appended("case.completed"),
    "result.delivered": Way(CLERK, lambda key, who: services.result_deliver(
        case_id=key, actor=who, how="window", receiver="陈秀英", receiver_id=CITIZEN)),
    "case.withdrawn": Way(CLERK, lambda key, who: services.case_withdraw(case_id=key, actor=who, reason="撤回")),
    "case.terminated": Way(HEAD, lambda key, who: services.case_terminate(case_id=key, actor=who, reason="终止")),
    "case.forwarded": Way(CLERK, lambda key, who: services.case_forward(case_id=key, actor=who),
        needs={"custodian": place.VILLAGE.node}, where=place.VILLAGE),
    "custody.taken": Way(SUPERVISOR, lambda key, who: services.custody_take(
        case_id=key, actor=who, reason="设备丢失"), needs={"custodian": place.VILLAGE.node}),
    "case.rated": Way(services.APPLICANT, lambda key, who: services.case_rate(case_id=key, actor=who, score=5)),
    "rating.followed": Way(SUPERVISOR, lambda key, who: services.rating_follow(
        case_id=key, actor=who, rating=RATING, step="contacted", text="已电话回访"),
        needs={"ratings": {RATING.hex: LOW}}),
    "case.urged": Way(SUPERVISOR, lambda key, who: services.case_urge(
        case_id=key, actor=who, level="supervision", text="请尽快办理")),
    "note.added": Way(CLERK, lambda key, who: services.note_add(case_id=key, actor=who, text="电话已通知")),
}  # fmt: skip


#: Without which no case stands there.
HOLDS: dict[str, dict[str, Any]] = {
    life.AWAITING_SUPPLEMENT: WAYS["case.lapsed"].needs,
    life.SUSPENDED: WAYS["clock.resumed"].needs,
    life.COMPLETED: {"completed_at": 5, "decision": s.Decision(
        granted=True, department=USCC, by="head1", at=5, node="core")},
}  # fmt: skip


def case_in(state: CaseState, status: str, **more: Any) -> CaseState:
    """The case as if it stood in this status."""
    changed = replace(state, status=status, **(HOLDS.get(status, {}) | more))
    states_write([changed])
    return changed


def everything() -> tuple[list[Any], ...]:
    """All that an act could have changed: the cases with their state hashes, the journal, the outboxes."""
    tables = (models.Case, models.SerialCounter, models.ParkedEntry, models.Flag, models.DraftIntake, Entry, OutboxItem)
    return tuple(list(table.objects.order_by("pk").values()) for table in tables)


def refused(call: Callable[[], object], *errors: type[Exception]) -> Exception:
    """What the call raised; nothing was changed and nothing journalled."""
    before = everything()
    with pytest.raises(errors) as refusal:
        call()
    assert everything() == before
    return refusal.value
