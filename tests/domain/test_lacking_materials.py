"""What happens at the counter when materials are missing: one notice, deferral within the limit, no way round."""

from datetime import date, timedelta

import pytest

from core.domain.cases import models, services
from core.domain.cases.errors import CertificateMissing, DeferralTooLate, MaterialNotAllowed, MaterialsMissing
from core.domain.cases.intake import Handed
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Material, Record
from core.domain.catalogue.services import release_apply
from core.domain.journal.clock import instant_date
from core.domain.journal.models import Entry
from core.domain.journal.services import clock_now
from tests.domain import build
from tests.domain.build import AGENT, application

pytestmark = pytest.mark.django_db

LENIENT = "ITEM-LENIENT"


@pytest.fixture
def lenient(db: None) -> None:
    materials = (
        Material(code="M01", name="身份证", certificate="居民身份证"),
        Material(code="M02", name="证明", pledgeable=True),
        Material(code="M03", name="照片", deferrable=True),
    )
    parts: list[Record] = [*build.records(), build.item(LENIENT, "容缺事项", "promised", materials=materials)]
    release_apply(build.release(parts=parts))


def today() -> date:
    return instant_date(clock_now())


def test_one_notice_lists_everything_that_is_missing_and_the_case_waits_here(catalogue):
    state = services.case_submit(
        application=application(build.ALLOWANCE, materials={}), actor=AGENT, lacking_allowed=True
    )
    assert (state.status, state.custodian) == ("awaiting_supplement", "430321100200-01")
    assert state.supplement is not None and state.supplement.lacking == ("M01",)
    assert state.accepted_at is None


def test_nothing_is_asked_for_where_nothing_is_missing(catalogue):
    state = services.case_submit(application=application(build.CARD), actor=AGENT, lacking_allowed=True)
    assert (state.status, state.supplement) == ("completed", None)


def test_a_supplement_that_is_complete_goes_on_as_intake_would_have(catalogue):
    state = services.case_submit(
        application=application(build.ALLOWANCE, materials={}), actor=AGENT, lacking_allowed=True
    )
    services.material_receive(case_id=state.id, actor=AGENT, material="M01", how="received")
    state = services.supplement_complete(case_id=state.id, actor=AGENT)
    assert (state.status, state.custodian) == ("accepted", "core")
    assert state.supplement is not None and state.supplement.answered_at == state.submitted_at


def test_a_supplement_that_still_lacks_something_is_refused(catalogue):
    state = services.case_submit(application=application(build.CARD, materials={}), actor=AGENT, lacking_allowed=True)
    before = Entry.objects.count()
    with pytest.raises(MaterialsMissing) as refusal:
        services.supplement_complete(case_id=state.id, actor=AGENT)
    assert refusal.value.materials == ("身份证",)
    assert Entry.objects.count() == before


def test_a_material_may_be_deferred_until_the_promised_limit_and_no_longer(lenient):
    day = today()
    calendar_end = work_calendar().working_day_after(day, 10)
    given = {"M01": Handed(how="received"), "M02": Handed(how="received")}
    late = given | {"M03": Handed(how="deferred", due=calendar_end + timedelta(days=1))}
    with pytest.raises(DeferralTooLate) as refusal:
        services.case_submit(application=application(LENIENT, materials=late), actor=AGENT)
    assert refusal.value.latest == calendar_end
    assert Entry.objects.count() == models.Case.objects.count() == 0
    last = given | {"M03": Handed(how="deferred", due=calendar_end, text="十日内补交")}
    state = services.case_submit(application=application(LENIENT, materials=last), actor=AGENT)
    assert state.deferrals["M03"].due == calendar_end


@pytest.mark.parametrize(("code", "how"), [("M01", "pledged"), ("M02", "certificate"), ("M03", "pledged")])
def test_a_material_is_not_replaced_in_a_way_the_item_does_not_name(lenient, code, how):
    with pytest.raises(MaterialNotAllowed):
        services.case_submit(application=application(LENIENT, materials={code: Handed(how=how)}), actor=AGENT)
    assert Entry.objects.count() == 0


def test_pledge_and_certificate_stand_for_a_material_where_the_item_names_them(lenient):
    handed = {"M01": Handed(how="certificate", certificate="湘字001"), "M02": Handed(how="pledged", text="本人承诺"),
              "M03": Handed(how="received")}  # fmt: skip
    state = services.case_submit(application=application(LENIENT, materials=handed), actor=AGENT)
    assert state.status == "submitted"
    assert state.pledges["M02"].text == "本人承诺"
    assert [fact.certificate for fact in state.materials["M01"].values()] == ["湘字001"]


def test_a_certificate_without_its_number_stands_for_nothing_and_nothing_is_journalled(lenient):
    handed = {"M01": Handed(how="certificate", certificate=" "), "M02": Handed(how="received"),
              "M03": Handed(how="received")}  # fmt: skip
    with pytest.raises(CertificateMissing) as refusal:
        services.case_submit(application=application(LENIENT, materials=handed), actor=AGENT)
    assert refusal.value.material == "身份证"
    assert Entry.objects.count() == models.Case.objects.count() == 0
