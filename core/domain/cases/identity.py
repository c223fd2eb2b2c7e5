"""Identity numbers: citizen ID (GB 11643) and unified social credit code (GB 32100). No Django here.

Region prefixes are not judged: real old cards carry codes that have been retired since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError


@dataclass
class InvalidIdentity(Exception):
    """`reason`: length, format, date, check."""

    number: str
    reason: str


_USCC_REASONS: dict[type[Exception], str] = {InvalidLength: "length", InvalidChecksum: "check"}


@dataclass(frozen=True)
class Citizen:
    number: str
    birth: date
    #: "M" or "F": the parity of the 17th digit.
    sex: str

    def age_on(self, day: date) -> int:
        """Completed years on `day`."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


def citizen_id_parse(text: str) -> Citizen:
    """Raises InvalidIdentity: 18 characters, a real date of birth, ISO 7064 MOD 11-2 check character."""
    # People copy it in groups, in capitals or not, and in full-width digits.
    number = ric.compact(text.replace(" ", "")).upper()
    if len(number) != 18:
        raise InvalidIdentity(number=number, reason="length")
    if not number.isascii() or not number[:-1].isdigit() or not (number[-1].isdigit() or number[-1] == "X"):
        raise InvalidIdentity(number=number, reason="format")
    try:
        birth = ric.get_birth_date(number)
    except ValidationError as error:
        raise InvalidIdentity(number=number, reason="date") from error
    if ric.calc_check_digit(number) != number[-1]:
        raise InvalidIdentity(number=number, reason="check")
    return Citizen(number=number, birth=birth, sex="M" if int(number[16]) % 2 else "F")


def uscc_check(text: str) -> str:
    """The compact code. Raises InvalidIdentity."""
    try:
        return str(uscc.validate(text))
    except ValidationError as error:
        raise InvalidIdentity(number=text, reason=_USCC_REASONS.get(type(error), "format")) from error
