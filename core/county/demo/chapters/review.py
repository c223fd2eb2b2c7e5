"""并联审批 and 联合踏勘: two departments at once, one of which returns the case; then one visit, one opinion."""

from __future__ import annotations

from ..scene import AGENT, HOUSE, Scene, Told, day_words
from ..telling import On, Story
from ..world import TOWN

DRAWING = "M06"
FARMING, LAND = "11430321DEM0000733", "11430321DEM000057D"


def parallel_and_joint(scene: Scene) -> Story:
    """A farmhouse: one department passes it, the other wants the drawing anew; both look at the place together."""
    case = scene.take_in(AGENT, HOUSE, (30, 60), "S1", **{f"m_{DRAWING}": "received"})
    scene.tell("农村宅基地建房,村里受理,县农业农村局、县自然资源局并联审查")
    yield scene.is_in(case, "accepted")
    scene.opinion(case, FARMING, text="符合一户一宅")
    why = "设计方案未标注四至,请补充后重新提交"
    scene.opinion(case, LAND, verdict="return", returned=DRAWING, text=why)
    scene.tell("农业农村局通过;自然资源局退回:设计方案未标注四至")
    yield scene.shows(AGENT, case, "未标注四至")
    scene.bring(AGENT, case, DRAWING, "已标注四至")
    scene.tell("申请人在村里补交设计方案")
    yield scene.county_has(case, "the new drawing", lambda state: len(state.materials[DRAWING]) == 2)
    scene.opinion(case, LAND, text="四至清楚,符合规划")
    yield from _joint(scene, case)
    scene.county_passes_all(case)
    scene.county_decides(case, scene.number("农宅"))
    yield scene.shows(AGENT, case, "潭农宅")
    scene.hand_out(AGENT, case)
    scene.tell("批准建房,送达宅基地批准书")
    yield scene.is_in(case, "delivered")


def _joint(scene: Scene, case: Told) -> Story:
    """The land office, which leads, calls everybody to the place; that day they leave one opinion."""
    day = scene.working_day(2)
    appointment = {"day": day.isoformat(), "place": "赤湖村三组申请宅基地现场", "time": "10:00", "text": "请申请人到场"}
    scene.officer("reviewer", LAND).act(TOWN, case.id, "appoint", appointment)
    scene.tell(f"约定{day_words(day)}上午10时联合踏勘")
    yield On(day)
    scene.opinion(case, LAND, text="联合踏勘:四至无争议,同意")
    scene.tell("两部门一次到场、一份意见")
