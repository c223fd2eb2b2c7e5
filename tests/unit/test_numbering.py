"""Case numbers: 25 digits that any station makes offline and anyone can check."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.cases.numbering import (
    CaseNumber,
    InvalidCaseNumber,
    SerialExhausted,
    case_number,
    case_number_parse,
    first_serial,
)

POINT, DAY = "430321100200-01", date(2026, 11, 21)


def test_a_number_is_division_station_day_serial_and_check_digit():
    number = case_number(service_point=POINT, day=DAY, serial=1)
    assert number == "430321100200" + "01" + "261121" + "0001" + number[-1]
    assert len(number) == 25
    assert case_number_parse(number) == CaseNumber(division="430321100200", station="01", day=DAY, serial=1)


def test_the_check_digit_is_iso_7064_mod_11_10():
    # ISO 7064 by hand: from 10, add the digit, mod 10 (0 becomes 10), times 2, mod 11; the check digit closes to 1.
    digits = "430321100200012611210001"
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    check = (1 - product) % 10
    assert case_number(service_point=POINT, day=DAY, serial=1) == f"{digits}{check}"


@given(st.integers(min_value=1, max_value=9999), st.dates(min_value=date(2020, 1, 1), max_value=date(2099, 12, 31)))
def test_every_number_parses_to_what_it_was_made_of(serial, day):
    number = case_number(service_point=POINT, day=day, serial=serial)
    assert case_number_parse(number) == CaseNumber(division="430321100200", station="01", day=day, serial=serial)


@given(st.integers(min_value=0, max_value=24), st.integers(min_value=1, max_value=9))
def test_one_wrong_digit_is_noticed(place, shift):
    number = case_number(service_point=POINT, day=DAY, serial=1234)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(InvalidCaseNumber):
        case_number_parse(wrong)


def test_spaces_between_the_groups_are_read_over():
    number = case_number(service_point=POINT, day=DAY, serial=1)
    assert case_number_parse(f" {number[:12]} {number[12:14]} {number[14:]} ").serial == 1


@pytest.mark.parametrize(
    "text", ["", "1", "4" * 24, "4" * 26, "abc", "４３０３２１１００２０００１２６１１２１０００１７"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidCaseNumber) as refused:
        case_number_parse(text)
    assert refused.value.text == text


def test_a_right_check_digit_on_a_day_that_never_was_is_refused():
    from stdnum.iso7064 import mod_11_10

    digits = "430321100200" + "01" + "260230" + "0001"
    with pytest.raises(InvalidCaseNumber):
        case_number_parse(digits + mod_11_10.calc_check_digit(digits))


@pytest.mark.parametrize("serial", [0, -1, 10000])
def test_a_station_has_9999_numbers_a_day(serial):
    with pytest.raises(SerialExhausted) as refused:
        case_number(service_point=POINT, day=DAY, serial=serial)
    assert (refused.value.service_point, refused.value.day) == (POINT, DAY)


def test_a_replaced_machine_starts_its_day_clear_of_the_numbers_the_lost_one_used():
    assert [first_serial(epoch) for epoch in (1, 2, 3, 10, 11)] == [1, 1001, 2001, 9001, 1]
