"""不予受理 and 撤回: a refusal with its reason, and an application the applicant takes back."""

from __future__ import annotations

from ..scene import AGENT, CLERK, HYGIENE, OLD_AGE_CARD, Scene
from ..telling import Story
from ..world import TOWN


def refused(scene: Scene) -> Story:
    """The county refuses what is not for it to give, in writing."""
    case = scene.take_in(CLERK, HYGIENE, (25, 60), "S1")
    yield scene.is_in(case, "submitted")
    values = {"reason": "所经营场所不属于公共场所卫生许可范围", "basis": "《行政许可法》第三十二条第一款第一项"}
    scene.officer("reviewer", case.item.department).act(TOWN, case.id, "refuse", values)
    scene.tell("县卫健局出具不予受理通知书,载明理由和救济途径")
    yield scene.is_in(case, "refused")
    yield scene.everybody_knows()


def withdrawn(scene: Scene) -> Story:
    """The applicant changes their mind while the photograph is still to follow."""
    owed = {"m_M03": "deferred", "m_M03_due": scene.working_day(5).isoformat()}
    case = scene.take_in(AGENT, OLD_AGE_CARD, (66, 90), "S1", **owed)
    scene.window(AGENT).act(case.id, "withdraw", {"reason": "申请人随子女迁居外省,自愿撤回"})
    scene.tell("申请人书面撤回老年人优待证申请")
    yield scene.is_in(case, "withdrawn")
