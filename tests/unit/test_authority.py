"""authority: what a counter may do with an item, by who owns it and who was granted what, where and when."""

from datetime import date

import pytest
from msgspec.structs import replace

from core.domain.catalogue.authority import ALL_POWERS, Allowed, Denied, Place, authority
from core.domain.catalogue.documents import Grant
from tests.domain import build

COUNTY, TOWN, VILLAGE = "430321000000", "430321100000", "430321100200"
AT_VILLAGE = Place(division=VILLAGE, level="village", above=(TOWN, COUNTY, "430300000000"))
AT_TOWN = Place(division=TOWN, level="town", above=(COUNTY, "430300000000"))
AT_COUNTY = Place(division=COUNTY, level="county", above=("430300000000",))
ITEM = build.item("I", "高龄津贴", "promised")
ON = date(2026, 11, 21)


def grant(**more):
    fields = {"code": "G", "item_code": "I", "mode": "direct", "powers": ("accept", "review", "decide"),
              "level": "village", "below": COUNTY}  # fmt: skip
    return Grant(**(fields | more))


def ask(*grants, place=AT_VILLAGE, item=ITEM, on=ON, **more):
    return authority(item=item, grants=grants, place=place, owner_division=COUNTY, on=on, **more)


def test_the_owner_has_all_powers_at_its_seat_and_nowhere_else():
    assert ask(place=AT_COUNTY) == Allowed(powers=ALL_POWERS)
    assert ask(place=AT_VILLAGE) == Denied(reason="not_devolved", fallback="forward", department=ITEM.department)


@pytest.mark.parametrize(("mode", "powers"), [
    ("direct", ALL_POWERS), ("entrusted", ALL_POWERS), ("front_loaded", frozenset({"accept"})),
])  # fmt: skip
def test_a_grant_gives_its_powers_and_a_front_loaded_one_only_acceptance(mode, powers):
    one = grant(mode=mode)
    assert ask(one) == Allowed(powers=powers, grant=one)


def test_a_front_loaded_grant_without_acceptance_gives_nothing():
    assert ask(grant(mode="front_loaded", powers=("decide",))) == Denied("not_devolved", "forward", ITEM.department)


@pytest.mark.parametrize(("more", "place", "covered"), [
    ({"level": "village", "below": COUNTY}, AT_VILLAGE, True),
    ({"level": "village", "below": COUNTY}, AT_TOWN, False),
    ({"level": "village", "below": TOWN}, AT_VILLAGE, True),
    ({"level": "village", "below": "430321101000"}, AT_VILLAGE, False),
    ({"level": "town", "below": COUNTY}, AT_TOWN, True),
    ({"level": "", "below": "", "divisions": (VILLAGE,)}, AT_VILLAGE, True),
    ({"level": "", "below": "", "divisions": (TOWN,)}, AT_VILLAGE, False),
    ({"level": "", "below": ""}, AT_VILLAGE, False),
    ({"item_code": "ANOTHER"}, AT_VILLAGE, False),
])  # fmt: skip
def test_a_grant_covers_the_divisions_it_names_or_a_level_below_one(more, place, covered):
    assert isinstance(ask(grant(**more), place=place), Allowed) is covered


@pytest.mark.parametrize(("on", "covered"), [
    (date(2026, 10, 31), False), (date(2026, 11, 1), True), (date(2026, 11, 30), True), (date(2026, 12, 1), False),
])  # fmt: skip
def test_a_grant_holds_from_its_first_day_to_its_last(on, covered):
    one = grant(valid_from=date(2026, 11, 1), valid_to=date(2026, 11, 30))
    assert isinstance(ask(one, on=on), Allowed) is covered


def test_powers_of_several_grants_add_up_and_the_one_that_gives_most_is_named():
    small = grant(code="A", powers=("accept",))
    large = grant(code="B", powers=("review", "decide"))
    assert ask(small, large) == Allowed(powers=ALL_POWERS, grant=large)


@pytest.mark.parametrize(("dates", "reason"), [
    ({"valid_to": date(2026, 11, 20)}, "withdrawn"), ({"valid_from": date(2026, 11, 22)}, "not_yet_valid"),
])  # fmt: skip
def test_an_item_that_is_not_in_force_can_be_handled_nowhere(dates, reason):
    item = replace(ITEM, **dates)
    for place in (AT_VILLAGE, AT_COUNTY):
        assert ask(grant(), place=place, item=item) == Denied(reason, "nothing", ITEM.department)


def test_a_withdrawn_item_can_be_handled_nowhere():
    assert ask(grant(), withdrawn=True) == Denied("withdrawn", "nothing", ITEM.department)
    assert ask(place=AT_COUNTY, withdrawn=True) == Denied("withdrawn", "nothing", ITEM.department)


def test_an_old_catalogue_accepts_nothing_and_forwards():
    assert isinstance(ask(grant(), catalogue_age_days=30, catalogue_max_age_days=30), Allowed)
    stale = ask(grant(), catalogue_age_days=31, catalogue_max_age_days=30)
    assert stale == Denied("catalogue_stale", "forward", ITEM.department)
    assert isinstance(ask(grant(), catalogue_age_days=999, catalogue_max_age_days=0), Allowed)
