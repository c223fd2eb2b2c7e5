"""Intake at a village's counter: every outcome of the one button, and what it refuses."""

from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.counter.timeline import day_words
from core.domain.cases import services
from core.domain.cases.models import Case, DraftIntake
from core.domain.cases.selectors import case_state
from core.domain.catalogue.documents import Material
from core.domain.catalogue.services import release_apply
from core.domain.journal.clock import today
from core.domain.journal.models import Entry
from tests import place
from tests.domain import build
from tests.edge.counter_desk import RICH, desk, records, rich_item, typed

__all__ = ["desk"]
DRAFT = UUID("01900000-0000-7000-8000-000000000001")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def send(desk: Client, item_code: str, **more: object):
    return desk.post(f"/intake/{item_code}/", {**typed(), **more})


def only_case():
    return case_state(Case.objects.get().pk)


def test_an_immediate_devolved_item_is_finished_and_leads_to_its_receipt(desk):
    answer = send(desk, build.CARD)
    state = only_case()
    assert answer.status_code == 302
    assert answer["Location"] == f"/cases/{state.id}/receipt/"
    assert (state.status, state.applicant.name, state.applicant.id_number) == ("completed", "陈秀英", build.CITIZEN)


def test_a_front_loaded_item_is_accepted_here_and_passed_on(desk):
    send(desk, build.ALLOWANCE)
    assert (only_case().status, only_case().custodian) == ("accepted", "core")


def test_an_item_that_is_not_devolved_is_taken_in_and_passed_on(desk):
    page = desk.get(f"/intake/{build.PERMIT}/").content.decode()
    assert "This item is not devolved to this village; take it in and pass it on to 民政局." in page
    send(desk, build.PERMIT)
    assert (only_case().status, only_case().custodian) == ("submitted", "core")


def test_missing_materials_lead_to_one_notice_when_the_button_says_so(desk):
    answer = send(desk, build.CARD, m_M01="", outcome="supplement")
    state = only_case()
    assert answer["Location"] == f"/cases/{state.id}/supplement/"
    assert state.status == "awaiting_supplement"
    assert "身份证" in desk.get(answer["Location"]).content.decode()


def test_missing_materials_write_nothing_when_the_button_said_accept(desk):
    answer = send(desk, build.CARD, m_M01="", outcome="finish")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Still missing: 身份证. Mark them below, or issue a supplement notice that lists them all." in page
    assert 'value="陈秀英"' in page
    assert Entry.objects.count() == Case.objects.count() == 0


def test_a_wrong_identity_number_is_named_next_to_its_field_and_all_that_was_typed_is_kept(desk):
    wrong = build.CITIZEN[:-1] + "1"
    answer = send(desk, build.CARD, id_number=wrong, phone="13800000000")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The last character does not fit the others: please compare with the card" in page
    for kept in (wrong, "陈秀英", "13800000000", "621700000000"):
        assert f'value="{kept}"' in page
    assert Entry.objects.count() == 0
    assert DraftIntake.objects.get().data["values"]["name"] == "陈秀英"


def test_all_problems_are_told_at_once(desk):
    answer = send(desk, RICH, id_number="", name="", f_bank="12", phone="1", agent_id="1")
    errors = answer.context["form"].errors
    assert sorted(errors) == [
        "agent_id",
        "agent_kind",
        "agent_name",
        "f_bank",
        "id_number",
        "name",
        "phone",
        "situation",
    ]


def test_a_deferred_material_needs_a_date_within_the_limit(desk):
    handed = {"situation": "S1", "m_M02": "deferred", "m_M02_due": "2999-01-01"}
    assert "m_M02" in send(desk, RICH, **handed).context["form"].errors
    assert Entry.objects.count() == 0


def test_pledge_and_certificate_stand_for_a_material(desk):
    handed = {"m_M01": "certificate", "m_M01_cert": "湘字001", "m_M02": "electronic", "m_M03": "pledged"}
    send(desk, RICH, situation="S2", m_M03_text="原件在档", **handed)
    state = only_case()
    assert state.pledges["M03"].text.startswith("I was told what “遗失声明” is to prove. I pledge that I meet it")
    assert state.pledges["M03"].text.endswith("I answer for it by law. · 原件在档")
    assert [(fact.how, fact.certificate) for fact in state.materials["M01"].values()] == [("certificate", "湘字001")]


def test_the_applicant_signs_the_items_own_pledge_where_it_has_one(desk):
    pledge = Material(code="M01", name="无违法证明", pledgeable=True, pledge_text="本人承诺无违法记录。")
    release_apply(build.release(number=2, parts=[*records()[:-1], rich_item(version=2, materials=(pledge,))]))
    assert "本人承诺无违法记录。" in desk.get(f"/intake/{RICH}/").content.decode()
    send(desk, RICH, situation="S1", m_M01="pledged")
    assert only_case().pledges["M01"].text == "本人承诺无违法记录。"


def test_a_certificate_without_its_number_is_named_at_its_material_and_nothing_is_taken_in(desk):
    answer = send(desk, RICH, situation="S1", m_M01="certificate", m_M02="received")
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"m_M01": "Choose the certificate, or type its number."}
    assert Entry.objects.count() == Case.objects.count() == 0


def granted_before(number: str) -> None:
    """The applicant holds a certificate of an earlier case."""
    state = services.case_submit(application=build.application(build.HOUSE), actor=build.CLERK)
    for _ in range(2):
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    services.case_decide(case_id=state.id, actor=build.APPROVER, granted=True, result_number=number)


def test_the_applicants_certificates_known_here_are_offered_with_number_and_day(desk, monkeypatch):
    build.stand(monkeypatch, place.TOWN)
    granted_before("易民〔2026〕7号")
    build.stand(monkeypatch, place.VILLAGE)
    part = desk.post(f"/intake/{RICH}/certificates/", typed(id_number=build.CITIZEN)).content.decode()
    assert 'name="m_M01_pick" value="易民〔2026〕7号"' in part
    assert day_words(today()) in part
    unknown = desk.post(f"/intake/{RICH}/certificates/", typed(id_number="110105")).content.decode()
    assert "No certificate of this applicant is known here" in unknown


def test_a_certificate_that_was_chosen_stands_for_the_material(desk):
    send(desk, RICH, situation="S1", m_M01="certificate", m_M01_pick="易民〔2026〕7号", m_M02="received")
    (fact,) = only_case().materials["M01"].values()
    assert (fact.how, fact.certificate) == ("certificate", "易民〔2026〕7号")


def lenient_card() -> None:
    """The card's material may follow later, from release 2 on."""
    materials = (Material(code="M01", name="身份证", deferrable=True),)
    card = build.item(build.CARD, "老年人优待证办理", "immediate", materials=materials, version=2)
    others = [one for one in records() if one.key != build.CARD]
    release_apply(build.release(number=2, parts=[*others, card]))


def test_with_a_material_to_follow_the_button_says_accept_and_the_case_is_not_finished(desk):
    lenient_card()
    due = today().isoformat()
    panel = desk.post(f"/intake/{build.CARD}/draft/", typed(m_M01="deferred", m_M01_due=due))
    assert (panel.context["outcome"], panel.context["button"]) == ("accept", "accept_deferred")
    assert "Accept, something follows" in panel.content.decode()
    send(desk, build.CARD, m_M01="deferred", m_M01_due=due)
    state = only_case()
    assert (state.status, state.decision) == ("accepted", None)
    assert state.deferrals["M01"].commitment == (
        f"I will hand in “身份证” by {day_words(today())}. I know that nothing is granted before it is in, and that my"
        " application may be ended if it is not in by then."
    )


def test_who_acts_for_the_applicant_gives_name_number_and_what_authorises_them(desk):
    answer = send(desk, build.CARD, agent_phone="13800000000")
    assert answer.context["form"].errors == {
        "agent_name": "Please write the name of the person acting for the applicant.",
        "agent_id": "Please type the identity number of the person acting for the applicant.",
        "agent_kind": "Please choose what authorises them to act for the applicant.",
    }
    assert Entry.objects.count() == Case.objects.count() == 0


def test_an_agents_authorisation_is_kept_in_words_with_its_scan(desk):
    acting = {
        "agent_name": "陈小妹",
        "agent_id": build.CITIZEN.lower(),
        "agent_kind": "family",
        "agent_relation": "女儿",
    }
    files = {"file_agent_authorisation": SimpleUploadedFile("委托书.png", PNG, content_type="image/png")}
    listed = desk.post(f"/intake/{build.CARD}/scans/agent_authorisation/", {**typed(), **files}).content.decode()
    assert "委托书.png" in listed
    send(desk, build.CARD, **acting)
    state = only_case()
    agent = state.agent
    assert agent is not None
    assert (agent.name, agent.id_number, agent.authorisation) == ("陈小妹", build.CITIZEN, "family relationship · 女儿")
    (fact,) = state.materials["agent_authorisation"].values()
    assert [ref.name for ref in fact.attachments] == ["委托书.png"]
    page = desk.get(f"/cases/{state.id}/").content.decode()
    assert "Authorisation of the person acting for the applicant" in page


@pytest.mark.parametrize("name", ["agent_id", "receiver_id"])
def test_other_peoples_numbers_are_checked_as_they_are_typed_too(desk, name):
    told = desk.get(f"/intake/identity/?of={name}", {"of": name, name: build.CITIZEN}).content.decode()
    assert "31 December 1949" in told


def test_the_panel_and_the_guide_say_who_handles_it_where_and_why(desk):
    def route(item_code: str) -> list[tuple[str, str, str]]:
        guide, panel = desk.get(f"/items/{item_code}/"), desk.get(f"/intake/{item_code}/")
        assert guide.context["route"] == panel.context["route"]
        return [(line.place, line.does, line.why) for line in guide.context["route"]]

    village = place.VILLAGE.name
    assert route(build.CARD) == [(village, "accept, review, decide", "devolved directly")]
    assert route(build.ALLOWANCE) == [
        (village, "accept", "service moved forward: accept and check"),
        ("County: 民政局", "review, decide", "the department that owns the item"),
    ]
    assert route(build.HOUSE) == [
        (village, "accept", "service moved forward: accept and check"),
        ("易俗河镇", "review, decide", "devolved directly"),
    ]
    assert route(build.PERMIT) == [
        (village, "takes it in and passes it on", "This item is not devolved to this village."),
        ("County: 民政局", "accept, review, decide", "the department that owns the item"),
    ]


def test_materials_of_another_situation_are_left_out(desk):
    send(desk, RICH, situation="S1", m_M02="received", m_M03="pledged")
    assert only_case().pledges == {}


def test_the_form_is_saved_as_it_is_typed_and_can_be_taken_up_again(desk):
    answer = desk.post(f"/intake/{build.CARD}/draft/", typed(name="陈"))
    assert answer["HX-Replace-Url"] == f"/intake/{build.CARD}/?draft={DRAFT}"
    assert 'value="陈"' in desk.get(answer["HX-Replace-Url"]).content.decode()
    assert "Begun and not handed in" in desk.get("/").content.decode()


def test_the_draft_is_gone_once_the_application_is_taken_in(desk):
    desk.post(f"/intake/{build.CARD}/draft/", typed())
    send(desk, build.CARD)
    assert DraftIntake.objects.count() == 0


def test_a_draft_can_be_discarded(desk):
    desk.post(f"/intake/{build.CARD}/draft/", typed())
    desk.post(f"/intake/{build.CARD}/drop/", {"draft": str(DRAFT)})
    assert DraftIntake.objects.count() == 0


def test_the_same_form_sent_twice_is_one_application(desk):
    first, second = send(desk, build.CARD), send(desk, build.CARD)
    assert first["Location"] == second["Location"]
    assert Case.objects.count() == 1


def test_the_panel_says_what_the_button_will_do(desk):
    def button(**more: str):
        return desk.post(f"/intake/{build.CARD}/draft/", typed(**more)).context["outcome"]

    assert button() == "finish"
    assert button(m_M01="") == "supplement"


def test_an_item_that_changed_meanwhile_says_what_changed_and_keeps_what_was_typed(desk):
    new = rich_item(version=2, situations=(), fields=())
    release_apply(build.release(number=2, parts=[*records()[:-1], new]))
    answer = send(desk, RICH, item_version="1", m_M02="received")
    page = answer.content.decode()
    assert "The item was changed by catalogue release 2 since you began." in page
    assert "Form fields, no longer: 银行账号" in page
    assert 'name="item_version" value="2"' in page
    assert 'value="陈秀英"' in page
    assert Entry.objects.count() == 0


def test_an_item_that_was_withdrawn_meanwhile_is_refused_and_the_form_is_kept(desk):
    release_apply(build.release(number=2, parts=build.records()))
    answer = send(desk, RICH, situation="S1", m_M02="received")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This item was withdrawn and can no longer be applied for" in page
    assert 'value="陈秀英"' in page
    assert "btn-lg" not in page
    assert Entry.objects.count() == 0


def test_a_full_disk_is_noticed_before_anything_is_written(desk, settings):
    settings.DISK_FLOOR_BYTES = 1 << 60
    answer = send(desk, build.CARD)
    assert answer.status_code == 507
    assert "The disk of this machine is full, so nothing was taken in." in answer.content.decode()
    assert 'value="陈秀英"' in answer.content.decode()
    assert Entry.objects.count() == Case.objects.count() == DraftIntake.objects.count() == 0


def test_a_scan_is_kept_with_the_draft_and_comes_with_the_case(desk):
    files = {"file_M01": SimpleUploadedFile("card.png", PNG, content_type="image/png")}
    listed = desk.post(f"/intake/{build.CARD}/scans/M01/", {**typed(), **files}).content.decode()
    assert "card.png" in listed
    send(desk, build.CARD)
    (fact,) = only_case().materials["M01"].values()
    (ref,) = fact.attachments
    assert (ref.name, ref.media_type, ref.size) == ("card.png", "image/png", len(PNG))
    seen = desk.get(f"/cases/{only_case().id}/scans/{ref.sealed.hex()}/")
    assert (seen.status_code, seen["Content-Type"], seen.content) == (200, "image/png", PNG)


def test_a_scan_can_be_taken_off_again(desk):
    files = {"file_M01": SimpleUploadedFile("card.png", PNG)}
    desk.post(f"/intake/{build.CARD}/scans/M01/", {**typed(), **files})
    sealed = DraftIntake.objects.get().data["files"]["M01"][0]["sealed"]
    import base64

    desk.post(f"/intake/{build.CARD}/scans/M01/", {**typed(), "remove": base64.b64decode(sealed).hex()})
    assert DraftIntake.objects.get().data["files"]["M01"] == []


@pytest.mark.parametrize("data", [b"MZ\x90\x00 a program", b"<script>alert(1)</script>"])
def test_a_file_that_is_no_scan_is_refused_by_name(desk, data):
    files = {"file_M01": SimpleUploadedFile("scan.png", data, content_type="image/png")}
    answer = desk.post(f"/intake/{build.CARD}/scans/M01/", {**typed(), **files})
    assert "scan.png is not a picture or a PDF. Nothing was kept of it." in answer.content.decode()


def test_an_identity_number_is_checked_while_it_is_typed(desk):
    def told(number: str):
        return desk.get("/intake/identity/", {"id_number": number}).content.decode()

    assert "female" in told(build.CITIZEN) and "31 December 1949" in told(build.CITIZEN)
    assert "15 characters to go" in told("110")
    assert "The last character does not fit" in told(build.CITIZEN[:-1] + "1")


def test_another_persons_draft_is_not_shown(desk):
    DraftIntake.objects.create(
        id=DRAFT, item_code=build.CARD, clerk="somebody", service_point="x", saved_at_ms=1,
        data={"values": {"name": "秘密"}},
    )  # fmt: skip
    assert "秘密" not in desk.get(f"/intake/{build.CARD}/?draft={DRAFT}").content.decode()
    desk.post(f"/intake/{build.CARD}/draft/", typed())
    assert DraftIntake.objects.get().data == {"values": {"name": "秘密"}}
