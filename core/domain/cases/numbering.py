"""Case numbers: 12-digit division + 2-digit station + yyMMdd + 4-digit serial + check digit = 25 digits.

Minted offline by whoever opens the case and unique by construction: a station numbers its own cases. The check
digit is ISO 7064 MOD 11,10 (python-stdnum). No Django here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

MAX_SERIAL: Final = 9999
#: A machine that replaces a lost one starts its day this much higher for each epoch, clear of numbers it cannot know.
EPOCH_STRIDE: Final = 1000


@dataclass
class InvalidCaseNumber(Exception):
    text: str


@dataclass
class SerialExhausted(Exception):
    """A station opened more than 9,999 cases in a day."""

    service_point: str
    day: date


@dataclass(frozen=True)
class CaseNumber:
    division: str
    station: str
    day: date
    serial: int


def first_serial(epoch: int) -> int:
    """The first serial of a day for a node in this epoch (1 for the first machine of a service point)."""
    return ((epoch - 1) % 10) * EPOCH_STRIDE + 1


def case_number(*, service_point: str, day: date, serial: int) -> str:
    """The 25 digits. `service_point` is "<12-digit division>-<2-digit station>". Raises SerialExhausted."""
    if not 1 <= serial <= MAX_SERIAL:
        raise SerialExhausted(service_point=service_point, day=day)
    division, _, station = service_point.partition("-")
    digits = f"{division}{station}{day:%y%m%d}{serial:04d}"
    return digits + mod_11_10.calc_check_digit(digits)


def case_number_parse(text: str) -> CaseNumber:
    """Raises InvalidCaseNumber where the length, the date or the check digit is wrong."""
    digits = text.strip().replace(" ", "")
    try:
        if len(digits) != 25 or not (digits.isascii() and digits.isdigit()):
            raise ValueError(text)
        mod_11_10.validate(digits)
        day = date(2000 + int(digits[14:16]), int(digits[16:18]), int(digits[18:20]))
    except (ValueError, ValidationError) as error:
        raise InvalidCaseNumber(text=text) from error
    return CaseNumber(division=digits[:12], station=digits[12:14], day=day, serial=int(digits[20:24]))


@dataclass(frozen=True, order=True)
class UnknownNumbers:
    """Serials of a day whose cases nobody here has heard of; `last` None: nobody knows how far they go."""

    day: date
    first: int
    last: int | None


def numbers_unknown(numbers: Iterable[str], *, epochs_ended: Iterable[int] = ()) -> list[UnknownNumbers]:
    """What is missing among a station's case numbers: between those that are known, and after the last one of each
    machine that is gone (`epochs_ended`), because it may have gone on. Text that is no case number is passed over."""
    days: dict[date, dict[int, list[int]]] = {}
    for text in numbers:
        try:
            number = case_number_parse(text)
        except InvalidCaseNumber:
            continue
        machine = (number.serial - 1) // EPOCH_STRIDE
        days.setdefault(number.day, {}).setdefault(machine, []).append(number.serial)
    missing = [gap for day, machines in days.items() for gap in _gaps(day, machines)]
    for epoch in epochs_ended:
        machine = (first_serial(epoch) - 1) // EPOCH_STRIDE
        last_day = max((day for day, machines in days.items() if machine in machines), default=None)
        if last_day is not None:
            missing.append(UnknownNumbers(last_day, max(days[last_day][machine]) + 1, None))
    return sorted(missing, key=lambda one: (one.day, one.first))


def _gaps(day: date, machines: dict[int, list[int]]) -> Iterator[UnknownNumbers]:
    for machine, serials in machines.items():
        expected = machine * EPOCH_STRIDE + 1
        for serial in sorted(set(serials)):
            if serial > expected:
                yield UnknownNumbers(day, expected, serial - 1)
            expected = serial + 1
