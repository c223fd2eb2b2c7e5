"""催办, 督办, 替岗 and 邮寄: nobody moves a case, until somebody does so in another's place; then it goes by mail."""

from __future__ import annotations

from core.county.registry.substitutes import away_today
from core.domain.cases.services import urgings_unanswered
from core.domain.journal.clock import today

from ..day import console_path
from ..scene import AGENT, ALLOWANCE, HYGIENE, SUPERVISOR, Scene, day_words
from ..telling import On, Story
from ..world import TOWN


def urged_and_supervised(scene: Scene) -> Story:
    """The village urges, the supervisor writes; the department answers and decides."""
    case = scene.take_in(AGENT, ALLOWANCE, (81, 96), "S2")
    yield scene.is_in(case, "accepted")
    yield On(scene.working_day(2))
    department = case.item.department
    scene.window(AGENT).act(case.id, "urge", {"level": "urging", "text": "老人行动不便,请尽快审查"})
    scene.tell("村里催办")
    yield scene.county_has(case, "urged", lambda state: len(state.urgings) == 1)
    answer_by = scene.working_day(2)
    word = {"level": "supervision", "text": "请两个工作日内书面说明", "department": department}
    scene.colleague(SUPERVISOR).act(TOWN, case.id, "urge", word | {"due": answer_by.isoformat()})
    scene.tell(f"监察员督办,要求{day_words(answer_by)}前答复")
    for urging in urgings_unanswered(scene.state(case)):
        reply = {"urging": str(urging), "text": "已安排入户核实,今日完成审查"}
        scene.officer("reviewer", department).act(TOWN, case.id, "answer", reply)
    scene.county_passes_all(case)
    scene.county_decides(case, scene.number("民津"))
    scene.tell("部门答复督办并办结")
    yield scene.shows(AGENT, case, "潭民津")
    scene.hand_out(AGENT, case, how="mail", tracking="EMS1234567890CN")
    scene.tell("邮寄送达,登记运单号")
    yield scene.is_in(case, "delivered")


def decided_in_anothers_place(scene: Scene) -> Story:
    """The approver is away: the county appoints somebody in their place, who decides, and whose paper says so."""
    case = scene.take_in(AGENT, HYGIENE, (25, 60), "S3")
    yield scene.is_in(case, "submitted")
    substitute = _appointed(scene, case.item.department)
    scene.county_accepts(case)
    scene.county_passes_all(case)
    scene.county_decides(case, scene.number("卫公"), by=substitute)
    scene.tell("替岗人员作出决定,决定书注明代行")
    yield scene.shows(AGENT, case, "潭卫公")
    scene.hand_out(AGENT, case)
    yield scene.is_in(case, "delivered")


def _appointed(scene: Scene, department: str) -> str:
    """The code of whoever stands in for the department's approver, by the administrator's word if nobody does yet."""
    away = scene.officer_code("approver", department)
    if there := away_today([away]).get(away):
        return there[0].substitute
    substitute = next(one.code for one in scene.stage.officers if one.role == "approver" and one.code != away)
    until = scene.working_day(5)
    days = {"substitute": substitute, "since": today().isoformat(), "until": until.isoformat()}
    browser, path = scene.console("admin"), console_path("registry:staff", away)
    posts = browser.get(path).form(has="substitute").choices["posts"]
    browser.fill(path, days | {"posts": posts}, has="substitute")
    scene.tell(f"卫健局首席代表请假至{day_words(until)},管理员指定替岗人员")
    return substitute
