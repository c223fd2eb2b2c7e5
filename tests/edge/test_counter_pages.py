"""The counter's pages: who may see them, search, papers, the case page and its acts."""

import json
from typing import Any

import pytest
import segno
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.domain.cases import services
from core.domain.cases.intake import Handed
from core.domain.cases.models import Case
from core.domain.cases.receipt import receipt_verify
from core.domain.cases.selectors import case_state
from core.domain.journal.clock import physical_ms
from core.domain.journal.models import Entry
from tests import place
from tests.domain import build
from tests.edge.counter_desk import NOBODY, PASSWORD, RICH, desk, identity

__all__ = ["desk"]


@pytest.fixture
def finished(desk):
    """A case that was finished on the spot and waits to be handed out."""
    return services.case_submit(application=build.application(build.CARD), actor=build.AGENT)


def words(desk: Client, path: str) -> str:
    answer = desk.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_stranger_is_sent_to_the_login_page(desk):
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/")


def test_an_account_without_a_role_here_is_told_so(desk):
    other = Client()
    assert other.post("/login/", {"username": NOBODY, "password": PASSWORD}).status_code == 302
    answer = other.get("/")
    assert answer.status_code == 403
    assert f"Your account has no role for this page at {place.VILLAGE.name}." in answer.content.decode()


def test_a_wrong_password_says_so_and_five_of_them_lock_the_account(desk):
    stranger = Client()
    for _ in range(4):
        answer = stranger.post("/login/", {"username": NOBODY, "password": "wrong"})
        assert "This staff code and password do not belong together." in answer.content.decode()
    answer = stranger.post("/login/", {"username": NOBODY, "password": "wrong"})
    assert answer.status_code == 429
    assert "Wait 15 minutes and try again." in answer.content.decode()


def test_a_machine_that_is_not_enrolled_says_how_to_enrol(desk, monkeypatch):
    build.stand(monkeypatch, None)
    answer = desk.get("/")
    assert answer.status_code == 503
    assert "This machine is not enrolled yet" in answer.content.decode()


def test_the_language_is_chinese_until_somebody_chooses_another(desk, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    answer = desk.get("/", headers={"accept-language": "en"})
    assert answer["Content-Language"] == "zh-hans"
    desk.post("/language/", {"language": "en", "next": "/"})
    assert desk.get("/")["Content-Language"] == "en"


@pytest.mark.parametrize("text", ["高龄", "gljt", build.ALLOWANCE, "item-allowance"])
def test_an_item_is_found_by_name_initials_and_code(desk, text):
    assert [hit.code for hit in desk.get("/items/", {"q": text}).context["hits"]] == [build.ALLOWANCE]


def test_an_item_is_found_by_category_and_each_hit_says_what_this_counter_may_do(desk):
    hits = desk.get("/items/", {"category": "养老"}).context["hits"]
    assert [(hit.code, hit.outcome) for hit in hits] == [(RICH, "forward")]
    assert [hit.outcome for hit in desk.get("/items/", {"q": "老年"}).context["hits"]] == ["finish"]


def test_a_search_asks_the_database_as_often_for_many_hits_as_for_one(desk):
    def asked(text: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            hits = desk.get("/items/", {"q": text}).context["hits"]
        return len(hits), len(queries)

    (one, few), (many, all_of_them) = asked("gljt"), asked("item")
    assert (one, many) == (1, 5)
    assert few == all_of_them


def test_the_guide_says_who_decides_and_by_which_grant(desk):
    assert "This place may: accept (service moved forward: accept and check)." in words(
        desk, f"/items/{build.ALLOWANCE}/"
    )
    assert "accept, review, decide (devolved directly)" in words(desk, f"/items/{build.CARD}/")


def test_the_two_papers_to_take_home_list_every_material(desk):
    for paper in ("card", "notice"):
        assert "身份证" in words(desk, f"/items/{RICH}/{paper}/")
    assert "遗失声明" not in words(desk, f"/items/{RICH}/notice/?situation=S1")


def test_an_item_nobody_knows_is_a_page_in_words(desk):
    answer = desk.get("/items/NO-SUCH/")
    assert answer.status_code == 404
    assert "There is no such page here" in answer.content.decode()


def test_the_home_page_shows_today_my_cases_and_what_to_hand_out(desk, finished):
    page = desk.get("/")
    assert page.context["counts"] == {"opened": 1, "open": 1, "to_deliver": 1}
    assert [row.item_name for row in page.context["mine"]] == ["老年人优待证办理"]
    assert [row.waiting.applicant for row in page.context["hand_out"]] == ["陈秀英"]


def test_the_bar_tells_the_truth_about_the_network(desk, finished, settings, tmp_path):
    settings.NETWORK_STATE = tmp_path / "agent.json"
    assert "Sync program not running" in words(desk, "/network/")
    state = {"connected": [], "seen_ms": physical_ms(), "last_ack_ms": 0}
    settings.NETWORK_STATE.write_text(json.dumps(state))
    bar = words(desk, "/network/")
    assert "Offline" in bar and "6 entries waiting for the county" in bar and "Catalogue release 1" in bar
    settings.NETWORK_STATE.write_text(json.dumps({**state, "connected": ["core"], "last_ack_ms": 1795000000000}))
    assert "Online" in words(desk, "/network/") and "Last confirmed by the county 18 November 2026" in words(
        desk, "/network/"
    )


def test_a_receipt_carries_number_materials_and_a_code_that_verifies(desk, finished, monkeypatch):
    payloads, make = [], segno.make

    def seen(payload: str, **more: Any):
        payloads.append(payload)
        return make(payload, **more)

    monkeypatch.setattr(segno, "make", seen)
    page = words(desk, f"/cases/{finished.id}/receipt/")
    number = finished.number
    assert f"{number[:6]} {number[6:12]} {number[12:14]} {number[14:20]} {number[20:]}" in page
    assert "1101**********002X" in page and build.CITIZEN not in page
    assert "身份证" in page and "申请人材料已齐，无需补交。" in page and "<svg" in page
    receipt = receipt_verify(payloads[0], identity().root_key)
    assert (receipt.number, receipt.card.node) == (number, place.VILLAGE.node)
    assert "yz-paper-80" in words(desk, f"/cases/{finished.id}/receipt/?paper=80")


def test_a_receipt_lists_what_is_owed_and_every_day_of_the_limit(desk):
    handed = {"M01": Handed(how="received")}
    state = services.case_submit(application=build.application(build.ALLOWANCE, materials=handed), actor=build.AGENT)
    page = desk.get(f"/cases/{state.id}/receipt/")
    ledger = page.context["ledgers"]["promised"]["ledger"]
    assert (ledger.limit, ledger.days[-1].number) == (10, 10)
    assert page.context["owed"] == []


def test_the_case_page_says_where_the_case_is_and_whether_the_county_has_it(desk):
    state = services.case_submit(application=build.application(build.ALLOWANCE), actor=build.AGENT)
    page = words(desk, f"/cases/{state.id}/")
    assert "At the county, with 民政局." in page
    assert "Not yet confirmed; it is kept here and sent by itself." in page
    assert desk.get(f"/cases/{state.id}/").context["acts"] == ["material", "urge", "note"]


def test_the_timeline_tells_one_act_of_materials_in_one_line(desk, finished):
    steps = desk.get(f"/cases/{finished.id}/").context["steps"]
    assert [step.kind for step in steps] == [
        "case.completed", "case.decided", "case.accepted", "case.submitted", "material.received", "case.opened",
    ]  # fmt: skip


def act(desk: Client, state, name: str, **typed: object):
    return desk.post(f"/cases/{state.id}/acts/{name}/", typed)


def test_a_result_is_handed_out_with_the_receivers_identity_and_its_record_printed(desk, finished):
    answer = act(desk, finished, "deliver", how="window", receiver="陈秀英", receiver_id=build.CITIZEN)
    assert answer.status_code == 302
    delivery = case_state(finished.id).delivery
    assert delivery is not None and (delivery.receiver, delivery.receiver_id) == ("陈秀英", build.CITIZEN)
    assert "Record of delivery" in words(desk, f"/cases/{finished.id}/delivery/")
    assert "Notice of the decision: granted" in words(desk, f"/cases/{finished.id}/result/")


def test_a_delivery_to_a_wrong_identity_number_is_refused_and_what_was_typed_is_kept(desk, finished):
    before = Entry.objects.count()
    answer = act(desk, finished, "deliver", how="agent", receiver="王代办", receiver_id="123")
    assert answer.status_code == 422
    assert "The number must have 18 characters" in answer.content.decode()
    assert 'value="王代办"' in answer.content.decode()
    assert Entry.objects.count() == before


def test_a_case_elsewhere_cannot_be_moved_on_but_takes_notes_and_materials(desk):
    state = services.case_submit(application=build.application(build.ALLOWANCE), actor=build.AGENT)
    answer = act(desk, state, "withdraw", reason="不办了")
    assert answer.status_code == 422
    assert "The case is with the county now; only they can go on with it." in answer.content.decode()
    assert act(desk, state, "note", text="已电话告知").status_code == 302
    assert act(desk, state, "material", material="M02", how="copy", count="2").status_code == 302
    (fact,) = case_state(state.id).materials["M02"].values()
    assert (fact.how, fact.count) == ("copy", 2)


def test_a_supplement_is_brought_and_the_case_goes_on(desk):
    state = services.case_submit(
        application=build.application(build.ALLOWANCE, materials={}), actor=build.AGENT, lacking_allowed=True
    )
    assert "complete_supplement" not in desk.get(f"/cases/{state.id}/").context["acts"]
    act(desk, state, "material", material="M01", how="original", count="1")
    assert desk.get(f"/cases/{state.id}/").context["acts"][0] == "complete_supplement"
    act(desk, state, "complete_supplement")
    assert case_state(state.id).status == "accepted"


def test_an_act_nobody_knows_is_not_found(desk, finished):
    assert act(desk, finished, "explode").status_code == 404


def test_cases_are_found_by_number_name_and_identity_number(desk, finished):
    grouped = f"{finished.number[:6]} {finished.number[6:]}"
    for text in (finished.number, grouped, "陈秀", build.CITIZEN):
        rows = desk.get("/cases/", {"q": text}).context["rows"]
        assert [row.number for row in rows] == [finished.number]
    assert desk.get("/cases/", {"q": "没有"}).context["rows"] == []


def test_long_lists_come_in_pages_of_twenty(desk):
    for _ in range(21):
        services.case_submit(application=build.application(build.CARD), actor=build.AGENT)
    assert len(desk.get("/cases/").context["rows"]) == 20
    assert len(desk.get("/cases/?page=2").context["rows"]) == 1
    assert Case.objects.count() == 21


def test_a_full_disk_stops_acts_before_they_write(desk, finished, settings):
    settings.DISK_FLOOR_BYTES = 1 << 60
    before = Entry.objects.count()
    assert act(desk, finished, "note", text="x").status_code == 422
    assert Entry.objects.count() == before
