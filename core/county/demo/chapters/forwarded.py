"""收件并转 and 好差评: a village's case is decided at the county, brought home by the agent, and rated."""

from __future__ import annotations

from uuid import UUID

from ..day import console_path, counter_path
from ..scene import ALLOWANCE, HYGIENE, OTHER_AGENT, SUPERVISOR, Scene, Told
from ..telling import Story
from ..world import TOWN


def brought_home(scene: Scene) -> Story:
    """The village may not even accept it: the county accepts and decides, the agent brings the licence home."""
    case = scene.take_in(OTHER_AGENT, HYGIENE, (25, 60), "S2")
    scene.tell("公共场所卫生许可未下放到村,收件并转县卫健局")
    yield scene.is_in(case, "submitted")
    scene.county_accepts(case)
    scene.county_passes_all(case)
    scene.county_decides(case, scene.number("卫公"))
    scene.tell("县卫健局受理、审查、决定,办件转回村里送达")
    yield scene.shows(OTHER_AGENT, case, "潭卫公")
    scene.hand_out(OTHER_AGENT, case, how="agent")
    scene.tell("代办员刘建国送证上门,核验身份后签收")
    yield scene.is_in(case, "delivered")


def rated_badly(scene: Scene) -> Story:
    """A rating of 1 at the counter; the county speaks with the applicant, says what came of it, and is rated again."""
    case = scene.take_in(OTHER_AGENT, ALLOWANCE, (81, 96), "S2")
    yield scene.is_in(case, "accepted")
    scene.county_passes_all(case)
    scene.county_decides(case, scene.number("民津"))
    yield scene.shows(OTHER_AGENT, case, "潭民津")
    scene.hand_out(OTHER_AGENT, case)
    _rate(scene, case, {"score": "1", "reason": ["many_visits"], "text": "跑了两趟才办成"})
    scene.tell("申请人在窗口评价:非常不满意(跑了两趟)")
    yield scene.county_has(case, "the rating", lambda state: bool(state.ratings))
    _follow(scene, case, "已电话联系申请人,核实为一次性告知不到位")
    scene.tell("县政务服务中心5个工作日内联系申请人核实")
    yield scene.everybody_knows()
    _rate(scene, case, {"score": "5", "reason": ["friendly"], "text": "工作人员上门说明,问题解决了"})
    yield scene.county_has(case, "the second rating", lambda state: len(state.ratings) == 2)
    _follow(scene, case, "已向申请人致歉,组织窗口人员培训一次性告知")
    scene.tell("整改完毕,申请人二次评价:非常满意")
    yield scene.everybody_knows()


def _rate(scene: Scene, case: Told, given: dict[str, str | list[str]]) -> None:
    """The screen is turned round, and the applicant rates."""
    scene.window(OTHER_AGENT).browser.fill(counter_path("rate", case.id), given, has="score")


def _follow(scene: Scene, case: Told, text: str) -> None:
    """The next step of the follow-up at the county: first the contact, then what came of it."""
    low = min(scene.state(case).ratings.items(), key=lambda pair: pair[1].at)[0]
    scene.console(SUPERVISOR).fill(console_path("ratings:rating", TOWN, str(UUID(low))), {"text": text}, has="text")
