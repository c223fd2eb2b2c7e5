"""Intake at a village's counter: every outcome of the one button, and what it refuses."""

from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.domain.cases.models import Case, DraftIntake
from core.domain.cases.selectors import case_state
from core.domain.catalogue.services import release_apply
from core.domain.journal.models import Entry
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
    assert sorted(errors) == ["agent_id", "agent_name", "f_bank", "id_number", "name", "phone", "situation"]


def test_a_deferred_material_needs_a_date_within_the_limit(desk):
    handed = {"situation": "S1", "m_M02": "deferred", "m_M02_due": "2999-01-01"}
    assert "m_M02" in send(desk, RICH, **handed).context["form"].errors
    assert Entry.objects.count() == 0


def test_pledge_and_certificate_stand_for_a_material(desk):
    send(desk, RICH, situation="S2", m_M01="certificate", m_M02="electronic", m_M03="pledged", m_M03_text="已签")
    state = only_case()
    assert state.pledges["M03"].text == "已签"
    assert [fact.how for fact in state.materials["M01"].values()] == ["certificate"]


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
