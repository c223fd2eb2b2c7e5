"""Identity numbers: checked by their own rules, never by whether we know the region."""

from datetime import date

import pytest

from core.domain.cases.identity import InvalidIdentity, citizen_id_parse, uscc_check


def test_a_citizen_number_tells_birth_and_sex():
    found = citizen_id_parse("11010519491231002X")
    assert (found.number, found.birth, found.sex) == ("11010519491231002X", date(1949, 12, 31), "F")


def test_it_is_read_as_people_type_it():
    assert citizen_id_parse(" 110105 19491231 002x ").number == "11010519491231002X"
    assert citizen_id_parse("110105194912３1002X").number == "11010519491231002X"


def test_age_is_in_completed_years():
    found = citizen_id_parse("11010519491231002X")
    assert found.age_on(date(2029, 12, 30)) == 79
    assert found.age_on(date(2029, 12, 31)) == 80


def test_a_region_nobody_knows_any_more_is_no_reason_to_refuse():
    # 999999 was never a region; the number is right by ISO 7064 MOD 11-2 all the same.
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    digits = "99999919491231001"
    check = "10X98765432"[sum(int(a) * w for a, w in zip(digits, weights, strict=True)) % 11]
    assert citizen_id_parse(digits + check).sex == "M"


@pytest.mark.parametrize(("number", "reason"), [
    ("", "length"),
    ("1101051949123100", "length"),
    ("11010519491231002XX", "length"),
    ("1101051949123100AX", "format"),
    ("11010519491231002Y", "format"),
    ("110105194912²1002X", "format"),
    ("11010519491331002X", "date"),
    ("11010519490230002X", "date"),
    ("110105194912310021", "check"),
    ("110105194912310120", "check"),
])  # fmt: skip
def test_a_wrong_citizen_number_says_what_is_wrong(number, reason):
    with pytest.raises(InvalidIdentity) as refused:
        citizen_id_parse(number)
    assert refused.value.reason == reason


def test_a_credit_code_comes_back_compact():
    assert uscc_check(" 9111 0000 6000 3734 1L ") == "91110000600037341L"


@pytest.mark.parametrize(("code", "reason"), [
    ("9111000060003734", "length"),
    ("911100006000373410", "check"),
    ("9111000060003734!L", "format"),
])  # fmt: skip
def test_a_wrong_credit_code_says_what_is_wrong(code, reason):
    with pytest.raises(InvalidIdentity) as refused:
        uscc_check(code)
    assert refused.value.reason == reason
