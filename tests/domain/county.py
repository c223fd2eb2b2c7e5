"""A case at the county, brought to where a test needs it: taken in on Monday 2 November 2026, at nine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from core.domain.cases import services
from core.domain.cases.intake import Handed
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Limit, Material, Record, Stage
from core.domain.catalogue.services import release_apply
from core.domain.staff.actors import Actor
from tests.domain import build
from tests.domain.acts import HEAD, on, refused
from tests.domain.build import CLERK, REVIEWER, USCC, application

OTHER = "11430321DEM0000221"
JOINT, DEFERRING, AT_ONCE, HOURLY = "ITEM-JOINT", "ITEM-DEFERRING", "ITEM-AT-ONCE", "ITEM-HOURLY"
#: November 2026 has no holiday.
TAKEN = on("2026-11-02")
MATERIALS = (
    Material(code="M01", name="身份证"),
    Material(code="M02", name="照片", necessity="optional", certificate="照片档案"),
    Material(code="M03", name="体检表", deferrable=True),
)
M03_OWED = {"M01": Handed(how="received"), "M03": Handed(how="deferred", due=date(2026, 11, 10), text="十日内补交")}


def catalogue() -> None:
    """The domain tests' catalogue, with items whose procedure is longer."""
    flow = (
        Stage(code="S1", name="联合踏勘", departments=(USCC, OTHER), joint="site_inspection"),
        Stage(code="S2", name="审核", departments=(USCC, OTHER)),
    )
    parts: list[Record] = [
        *build.records(),
        build.item(JOINT, "联合踏勘事项", "promised", flow=flow),
        build.item(DEFERRING, "容缺事项", "promised", materials=MATERIALS),
        build.item(AT_ONCE, "当场办结事项", "immediate", materials=MATERIALS, flow=()),
        build.item(HOURLY, "七十小时事项", "promised", materials=MATERIALS,
                   promised_limit=Limit(value=70, unit="hour")),
    ]  # fmt: skip
    release_apply(build.release(parts=parts))


def submitted(code: str = build.ALLOWANCE, **more: Any) -> CaseState:
    return services.case_submit(application=application(code, **more), actor=CLERK, at=TAKEN)


def accepted(code: str = build.ALLOWANCE, **more: Any) -> CaseState:
    return services.case_accept(case_id=submitted(code, **more).id, actor=REVIEWER, at=TAKEN)


def reviewed(code: str = build.ALLOWANCE, **more: Any) -> CaseState:
    """Both stages are passed, by the reviewer."""
    state = accepted(code, **more)
    for _ in range(2):
        state = opine(state)
    return state


def opine(state: CaseState, verdict: str = "pass", **more: Any) -> CaseState:
    given: dict[str, Any] = {"actor": REVIEWER, "at": TAKEN, **more}
    return services.opinion_record(case_id=state.id, verdict=verdict, **given)


def decide(state: CaseState, granted: bool = True, **more: Any) -> CaseState:
    return services.case_decide(case_id=state.id, granted=granted, **({"actor": HEAD} | more))


def is_refused(call: Callable[[], object], error: Exception) -> None:
    assert refused(call, type(error)) == error


def extend(case: UUID, days: int = 10, *, at: int = TAKEN) -> CaseState:
    return services.extension_request(case_id=case, actor=REVIEWER, days=days, reason="案情复杂", at=at)


def approve(case: UUID, *, at: int = TAKEN, actor: Actor = HEAD) -> CaseState:
    return services.deadline_extend(case_id=case, actor=actor, at=at)


def asked(code: str = build.ALLOWANCE) -> UUID:
    return extend(accepted(code).id).id


def rate(case: UUID, score: int = 1, **more: Any) -> CaseState:
    return services.case_rate(case_id=case, score=score, **({"reasons": ("slow",)} | more))


def rated_low() -> tuple[UUID, UUID]:
    state = rate(submitted().id)
    return state.id, UUID(next(iter(state.ratings)))


def objected() -> CaseState:
    """The first stage had an objection, the last one passed."""
    return opine(opine(accepted(), "object", text="距离不足"))
