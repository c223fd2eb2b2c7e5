"""补正: one notice lists everything that is missing; it is answered, or its day goes by."""

from __future__ import annotations

from core.domain.journal.clock import today

from ..scene import AGENT, OTHER_AGENT, RELIEF, TOWN_APPROVER, TOWN_REVIEWER, Scene, day_after, day_words
from ..telling import On, Story

PROOF, CARD = "M05", "M02"
SUPPLEMENT_DAYS = 5


def answered(scene: Scene) -> Story:
    """The proof comes two days later: the case is handed in anew, the town decides, the village hands it out."""
    case = scene.take_in(AGENT, RELIEF, (30, 80), outcome="supplement", **{f"m_{PROOF}": ""})
    scene.tell("临时救助缺困难证明,当场出具一次性补正告知书")
    yield scene.is_in(case, "awaiting_supplement")
    yield On(scene.working_day(2))
    scene.bring(AGENT, case, PROOF, "补正材料")
    scene.window(AGENT).act(case.id, "complete_supplement", {})
    scene.tell("申请人补齐材料,村里受理,转镇里决定")
    reviewer, approver = scene.window(TOWN_REVIEWER), scene.window(TOWN_APPROVER)
    yield scene.shows(TOWN_REVIEWER, case)
    for _ in case.item.flow:
        reviewer.act(case.id, "opinion", {"verdict": "pass", "text": "入户调查属实"})
    approver.act(case.id, "decide", {"granted": "yes", "result_number": scene.number("易政救")})
    yield scene.shows(AGENT, case, "易政救")
    scene.hand_out(AGENT, case)
    scene.tell("镇里准予,村里送达")
    yield scene.is_in(case, "delivered")


def lapsed(scene: Scene) -> Story:
    """Nothing comes; on the day after the last one the village closes the application."""
    case = scene.take_in(OTHER_AGENT, RELIEF, (30, 80), outcome="supplement", **{f"m_{PROOF}": "", f"m_{CARD}": ""})
    due = scene.calendar().working_day_after(today(), SUPPLEMENT_DAYS)
    scene.tell(f"临时救助缺两份材料,补正期限至{day_words(due)}")
    yield scene.is_in(case, "awaiting_supplement")
    yield On(day_after(due))
    scene.window(OTHER_AGENT).act(case.id, "lapse", {"reason": "逾期未补正"})
    scene.tell("期限已过未补正,视为放弃申请,办结归档")
    yield scene.is_in(case, "lapsed")
