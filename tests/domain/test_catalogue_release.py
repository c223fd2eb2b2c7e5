"""Releases: whole or as a change, all of one or nothing of it; what a case pinned stays readable."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from core.domain.catalogue import models, selectors
from core.domain.catalogue.authority import Allowed, Denied
from core.domain.catalogue.documents import CalendarYear, PaperTemplate, Record, RecordKey, ReleaseBody, kind_of
from core.domain.catalogue.selectors import ItemUnknown
from core.domain.catalogue.services import ReleaseMismatch, catalogue_hash, release_apply, release_confirm
from core.domain.journal.clock import physical_ms
from tests import place
from tests.domain import build
from tests.domain.build import ALLOWANCE, CARD, COUNTY, records, release

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 21)


def changed() -> list[Record]:
    """The catalogue a year later: one item changed, one gone with its grant, one new, another calendar."""
    parts = [one for one in records() if one.key not in (CARD, "G1", "2026")]
    parts = [replace(one, name="高龄老人津贴", version=2) if one.key == ALLOWANCE else one for one in parts]
    return [*parts, build.item("ITEM-NEW", "失业登记", "promised"), build.item("ITEM-MORE", "就业登记", "promised"),
            CalendarYear(year=2027, days_off=(date(2027, 1, 1),), make_up_days=())]  # fmt: skip


def delta(number: int = 2, previous: int = 1, **more) -> ReleaseBody:
    """The change from records() to changed()."""
    old = {(kind_of(one), one.key): one for one in records()}
    new = {(kind_of(one), one.key): one for one in changed()}
    fields: dict[str, Any] = {
        "number": number, "county": COUNTY, "made_at_ms": physical_ms(), "previous": previous,
        "state_sha256": catalogue_hash(changed()),
        "records": [one for key, one in new.items() if old.get(key) != one],
        "removed": [RecordKey(kind=kind, key=key) for kind, key in sorted(old.keys() - new.keys())],
    }  # fmt: skip
    return ReleaseBody(**(fields | more))


TABLES = (models.Division, models.Department, models.Item, models.ItemVersion, models.Grant, models.CalendarYear,
          models.PaperTemplate, models.RecordDigest, models.AppliedRelease)  # fmt: skip


def everything() -> list[Any]:
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


def contents() -> list[Any]:
    """What the catalogue says, without what it says about itself."""
    plain = [list(table.objects.order_by("pk").values()) for table in (models.Division, models.Department, models.Grant,
             models.CalendarYear, models.PaperTemplate)]  # fmt: skip
    items = list(models.Item.objects.filter(withdrawn=False).order_by("pk").values())
    return [*plain, items, sorted(models.RecordDigest.objects.values_list("kind", "key"))]


def authority(code: str):
    where = selectors.place_of(place.VILLAGE.division, "village")
    return selectors.item_authority(selectors.item_get(code), place=where, on=ON)


def test_a_whole_release_is_the_catalogue():
    assert selectors.release_number() == 0
    release_apply(release())
    applied = selectors.release_current()
    assert applied is not None and (applied.number, applied.items) == (1, 4)
    assert selectors.item_get(ALLOWANCE).name == "高龄津贴"
    assert [hit.item_code for hit in selectors.item_search("gljt")] == [ALLOWANCE]
    assert isinstance(authority(ALLOWANCE), Allowed)


def test_a_delta_makes_the_same_catalogue_as_the_whole_release():
    release_apply(release())
    release_apply(delta())
    by_delta = contents()
    for table in TABLES:
        table.objects.all().delete()
    release_apply(release(2, changed()))
    assert contents() == by_delta


def test_a_whole_release_takes_out_what_it_does_not_hold():
    release_apply(release())
    release_apply(release(2, changed()))
    assert models.Item.objects.get(item_code=CARD).withdrawn
    assert not models.Grant.objects.filter(code="G1").exists()
    assert [one.year for one in selectors.calendar_years()] == [2027]


@pytest.mark.parametrize("second", [delta, lambda: release(2, changed())])
def test_an_item_that_is_gone_is_withdrawn_and_stays_readable_for_its_cases(second):
    release_apply(release())
    release_apply(second())
    assert selectors.item_get(CARD, 1).name == "老年人优待证办理"
    assert selectors.item_search("老年") == []
    withdrawn = authority(CARD)
    assert isinstance(withdrawn, Denied) and (withdrawn.reason, withdrawn.fallback) == ("withdrawn", "nothing")


def test_a_changed_item_has_a_new_version_and_keeps_the_old():
    release_apply(release())
    release_apply(delta())
    assert (selectors.item_get(ALLOWANCE).name, selectors.item_get(ALLOWANCE).version) == ("高龄老人津贴", 2)
    assert selectors.item_get(ALLOWANCE, 1).name == "高龄津贴"
    found = selectors.items_get([(ALLOWANCE, 1), (ALLOWANCE, 2), (CARD, 1), (CARD, 9)])
    assert set(found) == {(ALLOWANCE, 1), (ALLOWANCE, 2), (CARD, 1)}


def test_an_item_that_comes_back_is_in_force_again():
    release_apply(release())
    release_apply(delta())
    release_apply(release(3, records()))
    assert [one.item_code for one in selectors.item_search("老年人优待证")] == [CARD]
    assert selectors.item_get(ALLOWANCE).version == 1


def test_applying_the_release_in_force_again_changes_nothing():
    release_apply(release())
    before = everything()
    release_apply(release())
    assert everything() == before


def mismatched(body: ReleaseBody) -> ReleaseMismatch:
    """The release is refused and nothing has changed."""
    before = everything()
    with pytest.raises(ReleaseMismatch) as refused:
        release_apply(body)
    assert everything() == before
    return refused.value


def test_a_delta_for_another_base_changes_nothing():
    assert mismatched(delta()).found == 0
    release_apply(release())
    error = mismatched(delta(number=9, previous=8))
    assert (error.number, error.found) == (9, 1)


def test_an_older_release_changes_nothing():
    release_apply(release(5))
    assert mismatched(release(4)).found == 5


@pytest.mark.parametrize("body", [
    lambda: delta(state_sha256=bytes(32)), lambda: delta(removed=[]), lambda: delta(records=[]),
    lambda: replace(release(2, changed()), state_sha256=bytes(32)),
    lambda: replace(release(2, changed()), records=changed()[:-1]),
])  # fmt: skip
def test_a_catalogue_whose_sum_differs_changes_nothing(body):
    release_apply(release())
    assert mismatched(body()).detail == "the catalogue's sum differs"


def test_a_version_that_says_something_else_now_changes_nothing():
    release_apply(release())
    parts = [replace(one, name="另一事项") if one.key == ALLOWANCE else one for one in records()]
    assert mismatched(release(2, parts)).detail == f"another version 1 of {ALLOWANCE}"


def test_an_unknown_item_or_version_is_no_item():
    release_apply(release())
    for code, version in (("NO-SUCH", None), ("NO-SUCH", 1), (ALLOWANCE, 7)):
        with pytest.raises(ItemUnknown):
            selectors.item_get(code, version)


def test_the_countys_own_release_never_grows_old(settings):
    release_apply(replace(release(), made_at_ms=physical_ms() - 31 * selectors.MS_A_DAY))
    settings.POLICIES_FROM_COUNTY = False
    assert selectors.release_age_days() == 0
    assert isinstance(authority(ALLOWANCE), Allowed)


def test_a_release_grows_old_on_a_node(settings):
    release_apply(replace(release(), made_at_ms=physical_ms() - 31 * selectors.MS_A_DAY))
    settings.POLICIES_FROM_COUNTY = True
    settings.CATALOGUE_MAX_AGE_DAYS = 30
    assert selectors.release_age_days() == 31
    stale = authority(ALLOWANCE)
    assert isinstance(stale, Denied) and (stale.reason, stale.fallback) == ("catalogue_stale", "forward")


def test_a_release_the_county_still_confirms_does_not_grow_old(settings):
    now = physical_ms()
    release_apply(replace(release(), made_at_ms=now - 31 * selectors.MS_A_DAY))
    settings.POLICIES_FROM_COUNTY = True
    release_confirm(number=2, at_ms=now)
    assert selectors.release_age_days(now) == 31
    release_confirm(number=1, at_ms=now - selectors.MS_A_DAY)
    assert selectors.release_age_days(now) == 1
    release_confirm(number=1, at_ms=now - 5 * selectors.MS_A_DAY)
    assert selectors.release_age_days(now) == 1


def test_the_sum_does_not_depend_on_the_order_of_records():
    assert catalogue_hash(records()) == catalogue_hash(records()[::-1])
    assert catalogue_hash(records()) != catalogue_hash(changed())


# --- paper templates ---------------------------------------------------------------------------------------------

GENERAL = PaperTemplate(paper="refusal", title="不予受理通知书", paragraphs=("不予受理。",))
OWN = PaperTemplate(paper="refusal", item_code=ALLOWANCE, title="高龄津贴不予受理通知书")


def with_papers(number: int, *papers: PaperTemplate, previous: int = 0, **more) -> ReleaseBody:
    """A whole release of records() and these paper templates; with `previous` only the templates travel."""
    whole = [*records(), *papers]
    return ReleaseBody(
        number=number, county=COUNTY, made_at_ms=physical_ms(), previous=previous, state_sha256=catalogue_hash(whole),
        records=list(papers) if previous else whole, **more,
    )  # fmt: skip


def test_an_items_own_paper_goes_before_the_countys_general_one():
    release_apply(with_papers(1, GENERAL, OWN))
    assert selectors.paper_template("refusal", ALLOWANCE) == OWN
    assert selectors.paper_template("refusal", CARD) == GENERAL
    assert selectors.paper_template("refusal", "") == GENERAL
    assert selectors.paper_template("receipt", ALLOWANCE) is None


def test_a_paper_taken_out_by_a_delta_gives_way_to_the_general_one():
    release_apply(with_papers(1, GENERAL, OWN))
    body = with_papers(2, GENERAL, previous=1, removed=[RecordKey("paper", f"refusal/{ALLOWANCE}")])
    release_apply(body)
    assert selectors.paper_template("refusal", ALLOWANCE) == GENERAL


def test_a_whole_release_without_papers_leaves_none():
    release_apply(with_papers(1, GENERAL, OWN))
    release_apply(with_papers(2))
    assert not models.PaperTemplate.objects.exists()
    assert selectors.paper_template("refusal", ALLOWANCE) is None


def test_a_changed_paper_replaces_its_words():
    release_apply(with_papers(1, GENERAL))
    other = replace(GENERAL, title="不予受理决定书")
    release_apply(with_papers(2, other, previous=1))
    assert selectors.paper_template("refusal", "") == other


def test_the_longest_item_code_fits_with_the_longest_kind_of_paper():
    one = PaperTemplate(paper="special_procedure", item_code="X" * 80)
    release_apply(with_papers(1, one))
    assert len(one.key) == 98
    assert selectors.paper_template("special_procedure", "X" * 80) == one
