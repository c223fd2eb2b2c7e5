"""What a lost machine never sent, read from the numbers that did arrive."""

from datetime import date

import pytest

from core.domain.cases.numbering import UnknownNumbers, case_number, numbers_unknown

POINT = "430321100200-01"
DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)


def numbers(day: date, *serials: int) -> list[str]:
    return [case_number(service_point=POINT, day=day, serial=serial) for serial in serials]


@pytest.mark.parametrize(("serials", "missing"), [
    ((1, 2, 3), []),
    ((1, 3), [(2, 2)]),
    ((4,), [(1, 3)]),
    ((2, 5, 6, 9), [(1, 1), (3, 4), (7, 8)]),
    ((1, 2, 1001, 1003), [(1002, 1002)]),
    ((999, 1000, 1001), [(1, 998)]),
])  # fmt: skip
def test_numbers_between_known_ones_are_missing_and_a_new_machine_begins_its_own_row(serials, missing):
    assert [(one.first, one.last) for one in numbers_unknown(numbers(DAY, *serials))] == missing


def test_after_the_last_number_of_a_machine_that_is_gone_nobody_knows():
    known = numbers(DAY, 1, 2) + numbers(NEXT, 1, 3, 1001)
    assert numbers_unknown(known, epochs_ended=[1]) == [
        UnknownNumbers(NEXT, 2, 2), UnknownNumbers(NEXT, 4, None)
    ]  # fmt: skip


def test_a_machine_nothing_was_heard_of_and_text_that_is_no_number_say_nothing():
    assert numbers_unknown(["", "not a number", *numbers(DAY, 1)], epochs_ended=[2]) == []
