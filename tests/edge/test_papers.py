"""Official papers at a counter: which a case has, who issues them, what stands on them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from core.counter.papers import ALL, Numbered, Paper, paper_of, papers_available
from core.domain.cases import services
from core.domain.cases.intake import Handed, case_take_in
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Grant, Item, Material, PaperTemplate, Record
from core.domain.catalogue.services import release_apply
from core.domain.journal.bodies import Party
from core.domain.journal.clock import instant, physical_ms, today
from core.domain.journal.models import Entry
from core.domain.staff.services import membership_grant, user_create
from tests import place
from tests.domain import build
from tests.edge.counter_desk import PASSWORD, desk, records

__all__ = ["desk"]
LICENCE = "ITEM-LICENCE"
ENTRUSTED = "ITEM-ENTRUSTED"
DUE = today() + timedelta(days=1)
OTHER = Party(name="湘潭县云湖桥食品有限公司", kind="organisation", id_type="other", id_number="X-1")


def parts() -> list[Record]:
    materials = (
        Material(code="M01", name="申请表"),
        Material(code="M02", name="卫生检测报告", deferrable=True),
        Material(code="M03", name="无违法记录证明", pledgeable=True, pledge_text="三年内无违法记录。"),
    )
    return [
        *records(),
        _item(LICENCE, "公共场所卫生许可", item_type="01", materials=materials),
        _item(ENTRUSTED, "残疾人证办理", item_type="07"),
        Grant(code="P1", item_code=LICENCE, mode="direct", powers=build.ALL, level="town", below=build.COUNTY),
        Grant(code="P2", item_code=ENTRUSTED, mode="entrusted", powers=build.ALL, level="town", below=build.COUNTY),
    ]  # fmt: skip


def _item(code: str, name: str, **more: Any) -> Item:
    return build.item(code, name, "promised", complaint="12345", consultation="0731-57880000", **more)


@pytest.fixture
def town(desk: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The town's window, with a clerk logged in."""
    build.stand(monkeypatch, place.TOWN)
    release_apply(build.release(2, parts()))
    user_create(code="clerk1", name="窗口人员", password=PASSWORD)
    membership_grant(user_code="clerk1", role="clerk", tenant_code=place.TOWN.tenant)
    client = Client()
    assert client.post("/login/", {"username": "clerk1", "password": PASSWORD}).status_code == 302
    return client


def accepted(item: str = LICENCE, **more: object) -> CaseState:
    materials = {
        "M01": Handed(how="received"), "M02": Handed(how="deferred", due=DUE, text="检测中"),
        "M03": Handed(how="pledged", text="三年内无违法记录。"),
    }  # fmt: skip
    fields = {"materials": materials if item == LICENCE else {"M01": Handed(how="received")}} | more
    return services.case_submit(application=build.application(item, **fields), actor=build.CLERK)


def reviewed(item: str = ENTRUSTED) -> CaseState:
    state = accepted(item)
    for _ in ("S1", "S2"):
        state = services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    return state


def decided(*, granted: bool, item: str = ENTRUSTED) -> CaseState:
    return services.case_decide(
        case_id=reviewed(item).id, actor=build.APPROVER, granted=granted, result_number="潭残〔2026〕7号",
        text="" if granted else "户籍不在本县。",
    )  # fmt: skip


def made(name: str, state: CaseState, which: int = 0) -> Paper:
    paper = paper_of(name, state, here=place.TOWN, today=today(), which=which)
    assert paper is not None
    return paper


def words(paper: Paper) -> str:
    lines = [
        "/".join(f"{line.name}|{line.note}" for line in block.lines) if isinstance(block, Numbered) else block.text
        for block in paper.blocks
    ]
    return "\n".join([*lines, paper.appeal])


def shown(client: Client, state: CaseState, name: str, query: str = "") -> str:
    answer = client.get(f"/cases/{state.id}/papers/{name}/{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())))


def test_a_case_has_only_the_papers_of_what_was_done_with_it(town: Client) -> None:
    assert papers_available(accepted()) == ("receipt", "deferral", "pledge")
    assert papers_available(decided(granted=True)) == ("receipt", "decision")


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("receipt", "deferral", "pledge")])
def test_a_paper_the_case_does_not_have_leads_back_to_the_case(town: Client, name: str) -> None:
    state, before = accepted(), Entry.objects.count()
    answer = town.get(f"/cases/{state.id}/papers/{name}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{state.id}/")
    assert Entry.objects.count() == before


def test_a_paper_of_no_known_kind_is_not_found(town: Client) -> None:
    assert town.get(f"/cases/{accepted().id}/papers/certificate/").status_code == 404


def test_the_receipt_of_an_accepted_licence_cites_its_article_and_both_limits(town: Client) -> None:
    state = accepted()
    paper = made("receipt", state)
    assert paper.title == "受理通知书"
    assert "根据《中华人民共和国行政许可法》第三十二条第一款第五项，决定予以受理。" in words(paper)
    facts = {fact.label: fact.value for fact in paper.facts}
    assert len(facts) == 5
    page = shown(town, state, "receipt")
    assert "卫生检测报告" in page
    assert paper.document_number in page


def test_the_number_of_a_paper_is_made_of_the_cases_own(town: Client) -> None:
    state = accepted()
    number = state.number
    serial = f"{number[:14]}{number[16:24]}"
    year = number[14:16]
    assert made("receipt", state).document_number == f"易俗河镇便民服务中心受字〔20{year}〕{serial}号"
    assert made("deferral", state).document_number == f"易俗河镇便民服务中心容字〔20{year}〕{serial}号"


def test_all_deferred_materials_stand_on_one_commitment_with_their_days(town: Client) -> None:
    paper = made("deferral", accepted())
    day = f"{DUE.year}年{DUE.month}月{DUE.day}日"
    lists = [block for block in paper.blocks if isinstance(block, Numbered)]
    assert [(line.name, day in line.note, "检测中" in line.note) for line in lists[0].lines] == [
        ("卫生检测报告", True, True)
    ]
    assert "本人郑重承诺" in words(paper)
    assert not paper.sealed
    assert paper.addressee == "易俗河镇便民服务中心"


def test_a_pledge_is_printed_with_the_text_that_was_signed(town: Client) -> None:
    state = accepted(applicant=OTHER)
    assert "无违法记录证明|三年内无违法记录。" in words(made("pledge", state))
    assert f"本单位（{OTHER.name}）已经知晓" in words(made("pledge", state))


def test_a_refusal_says_why_and_how_to_appeal_and_to_whom(town: Client) -> None:
    state = _submitted()
    state = services.case_refuse(case_id=state.id, actor=build.CLERK, reason="不属于本机关职权范围。")
    paper = made("refusal", state)
    assert "不属于本机关职权范围。" in words(paper)
    assert "六十日内，依法向湘潭县人民政府申请行政复议" in words(paper)
    assert "六个月内" in words(paper)
    assert town.get(f"/cases/{state.id}/result/").context["paper"] == paper


def test_a_supplement_notice_lists_all_that_is_missing_with_its_day(town: Client) -> None:
    taken = case_take_in(application=build.application(ENTRUSTED, materials={}), actor=build.CLERK, allow_missing=True)
    state = services.supplement_request(case_id=taken.id, actor=build.CLERK, lacking=("M01",))
    paper = made("supplement", state)
    assert state.supplement is not None and state.supplement.due is not None
    due = state.supplement.due
    assert "身份证|" in words(paper)
    assert f"请于{due.year}年{due.month}月{due.day}日以前（含当日）补正。" in words(paper)
    assert "许可" not in words(paper)
    assert "yz-paper-80" in town.get(f"/cases/{state.id}/supplement/?paper=80").content.decode()


def test_each_special_procedure_has_its_own_notice(town: Client) -> None:
    state = accepted(ENTRUSTED)
    for procedure, days in (("hearing", 15), ("testing", 7)):
        services.clock_stop(
            case_id=state.id, actor=build.REVIEWER, procedure=procedure, text=f"{procedure}事由。", expected_days=days
        )
        state = services.clock_resume(case_id=state.id, actor=build.REVIEWER)
    first, last = made("special_procedure", state, 1), made("special_procedure", state)
    assert "所需时间预计为15日" in words(first)
    assert "hearing事由。" in words(first)
    assert "所需时间预计为7日" in words(last)
    assert last.document_number == first.document_number.removesuffix("号") + "-2号"
    assert made("special_procedure", state, 2) == last
    assert paper_of("special_procedure", state, here=place.TOWN, today=today(), which=3) is None
    assert len(made("receipt", state).facts) == 7


def test_an_extension_names_its_days_its_reason_and_the_new_last_day(town: Client) -> None:
    state = accepted(ENTRUSTED)
    services.extension_request(case_id=state.id, actor=build.REVIEWER, days=10, reason="需要跨县核查。")
    state = services.deadline_extend(case_id=state.id, actor=build.APPROVER)
    text = words(made("extension", state))
    assert "需要跨县核查。" in text
    assert "办理期限延长10个工作日，延长后的法定办结日期为" in text


@pytest.mark.parametrize("end", ["withdrawn", "terminated"])
def test_an_end_without_a_decision_is_notified_with_its_reason(town: Client, end: str) -> None:
    state = accepted(ENTRUSTED)
    if end == "withdrawn":
        state = services.case_withdraw(case_id=state.id, actor=build.CLERK, reason="已在外地办理")
    else:
        state = services.case_terminate(
            case_id=state.id, actor=build.APPROVER, reason="申请人已去世", cause="applicant_gone"
        )
    paper = made("termination", state)
    assert paper.title == "终止办理通知书"
    assert ("已在外地办理" if end == "withdrawn" else "申请人已去世") in words(paper)


def test_a_lapsed_application_is_notified_as_ended(town: Client) -> None:
    taken = case_take_in(application=build.application(ENTRUSTED, materials={}), actor=build.CLERK, allow_missing=True)
    services.supplement_request(case_id=taken.id, actor=build.CLERK, lacking=("M01",))
    later = instant(physical_ms() + 90 * 24 * 3600 * 1000)
    state = services.case_lapse(case_id=taken.id, actor=build.CLERK, reason="多次电话联系未果", at=later)
    assert papers_available(state) == ("receipt", "supplement", "termination")
    assert "多次电话联系未果" in words(made("termination", state))


def test_a_grant_that_is_no_licence_is_not_called_one(town: Client) -> None:
    state = decided(granted=True)
    paper = made("decision", state)
    assert (paper.kind, paper.title) == ("decision_granted", "准予行政确认决定书")
    assert "许可" not in words(paper)
    assert paper.appeal == ""
    assert "潭残〔2026〕7号" not in words(paper)  # the item has no result with a name


def test_a_denial_is_reasoned_and_names_both_ways_to_appeal(town: Client) -> None:
    paper = made("decision", decided(granted=False))
    assert paper.title == "不予行政确认决定书"
    assert "户籍不在本县。" in words(paper)
    assert "行政复议" in paper.appeal
    assert "行政诉讼" in paper.appeal


def test_where_the_power_was_entrusted_the_owner_issues(town: Client) -> None:
    paper = made("decision", decided(granted=True))
    assert (paper.office, paper.through) == ("湘潭县民政局", "易俗河镇便民服务中心")
    assert paper.document_number.startswith("民政局准字〔20")


def test_where_the_power_was_devolved_directly_the_place_issues_in_its_own_name(town: Client) -> None:
    paper = made("receipt", accepted())
    assert (paper.office, paper.through) == ("易俗河镇便民服务中心", "")


def test_a_delivery_record_says_who_received_what_with_the_middle_of_the_number_hidden(town: Client) -> None:
    state = decided(granted=True)
    state = services.result_deliver(
        case_id=state.id, actor=build.CLERK, how="window", receiver="陈秀英", receiver_id=build.CITIZEN
    )
    values = [fact.value for fact in made("delivery", state).facts]
    assert "陈秀英 1101**********002X" in values
    assert build.CITIZEN not in shown(town, state, "delivery")
    assert "yz-paper-80" in town.get(f"/cases/{state.id}/delivery/?paper=80").content.decode()


def test_the_countys_own_words_take_the_place_of_ours_and_stay_plain_text(town: Client) -> None:
    template = PaperTemplate(
        paper="termination", title="终止通知<b>", paragraphs=("{applicant}:{reason}", "{nmae}"), basis="{law}"
    )
    release_apply(build.release(3, [*parts(), template]))
    state = accepted(ENTRUSTED)
    state = services.case_withdraw(case_id=state.id, actor=build.CLERK, reason="{case_number}<script>")
    page = town.get(f"/cases/{state.id}/papers/termination/").content.decode()
    assert "终止通知&lt;b&gt;" in page
    assert "{case_number}&lt;script&gt;" in page
    assert "{nmae}" in page


def test_an_items_own_words_come_before_those_for_all(town: Client) -> None:
    general = PaperTemplate(paper="receipt", title="通用", paragraphs=("甲",))
    release_apply(
        build.release(3, [*parts(), general, PaperTemplate(paper="receipt", item_code=LICENCE, title="专用")])
    )
    assert made("receipt", accepted()).title == "专用"
    assert made("receipt", accepted(ENTRUSTED)).title == "通用"


def test_what_is_only_taken_in_is_not_called_accepted(town: Client) -> None:
    paper = made("receipt", _submitted())
    assert paper.title == "申请材料收件凭证"
    assert "五个工作日内" in words(paper)


def _submitted() -> CaseState:
    """Handed in at the town, which has not answered yet."""
    return case_take_in(application=build.application(ENTRUSTED), actor=build.CLERK)
