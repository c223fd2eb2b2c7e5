"""容缺受理: accepted although something is missing, which then comes in time, or does not."""

from __future__ import annotations

from ..scene import AGENT, ALLOWANCE, OLD_AGE_CARD, OTHER_AGENT, Scene, day_after, day_words
from ..telling import On, Story

ALLOWANCE_PHOTO, CARD_PHOTO = "M07", "M03"


def made_good(scene: Scene) -> Story:
    """The photograph follows within its days: only then is the allowance granted, and handed out."""
    due = scene.working_day(5)
    owed = {f"m_{ALLOWANCE_PHOTO}": "deferred", f"m_{ALLOWANCE_PHOTO}_due": due.isoformat()}
    case = scene.take_in(AGENT, ALLOWANCE, (81, 96), "S2", **owed)
    scene.tell(f"高龄津贴缺照片,申请人签署承诺书,{day_words(due)}前补交,容缺受理")
    yield scene.county_has(case, "accepted", lambda state: state.status == "accepted")
    scene.county_passes_all(case)
    scene.tell("县民政局审查通过;照片未到,不得准予")
    yield On(scene.working_day(3))
    scene.bring(AGENT, case, ALLOWANCE_PHOTO, "承诺期限内补交")
    scene.tell("申请人按承诺补交照片")
    yield scene.county_has(case, "the photograph", lambda state: ALLOWANCE_PHOTO in state.materials)
    scene.county_decides(case, scene.number("民津"))
    yield scene.shows(AGENT, case, "民津")
    scene.hand_out(AGENT, case)
    scene.tell("容缺材料补齐,准予并送达")
    yield scene.is_in(case, "delivered")


def not_made_good(scene: Scene) -> Story:
    """The day of the promise goes by; the village ends the case and gives its reason in writing."""
    due = scene.working_day(3)
    owed = {f"m_{CARD_PHOTO}": "deferred", f"m_{CARD_PHOTO}_due": due.isoformat()}
    case = scene.take_in(OTHER_AGENT, OLD_AGE_CARD, (66, 90), "S1", **owed)
    scene.tell(f"老年人优待证缺照片,承诺{day_words(due)}前补交,容缺受理,暂不办结")
    yield scene.is_in(case, "accepted")
    yield On(day_after(due))
    values = {"cause": "deferral_missed", "reason": f"申请人未在承诺期限{day_words(due)}前补交照片,经提醒仍未补交"}
    scene.window(OTHER_AGENT).act(case.id, "terminate", values)
    scene.tell("承诺期限已过仍未补交,出具终止办理通知书并载明理由")
    yield scene.is_in(case, "terminated")
