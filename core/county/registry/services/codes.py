"""One-time codes: 12 characters nobody confuses when they are read out, kept as a hash only."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import CodeExpired, CodeUnknown, CodeUsed, TooManyAttempts
from ..models import EnrolmentCode, FailedAttempt
from ..selectors import service_point_get

#: Crockford's base 32: no I, L, O, U. 12 characters are 60 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 12, 4
ONLINE = timedelta(minutes=10)
BY_FILE = timedelta(days=7)
#: Wrong codes within ATTEMPT_WINDOW: from one address, and from all together.
ATTEMPT_WINDOW = timedelta(minutes=10)
ATTEMPTS_AN_ADDRESS, ATTEMPTS_ALL = 10, 200


@dataclass(frozen=True)
class IssuedCode:
    """`text` is shown once and kept nowhere."""

    text: str
    row: EnrolmentCode


def enrolment_code_issue(*, service_point: str, by: str, at: datetime, by_file: bool = False) -> IssuedCode:
    """A new code for the service point, good for 10 minutes online or 7 days by file; older unused ones are void.

    Raises ServicePointUnknown, ServicePointInactive.
    """
    point = service_point_get(service_point)
    EnrolmentCode.objects.filter(service_point=point.code, used_at=None).delete()
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    row = EnrolmentCode.objects.create(
        code_sha256=code_hash(text), service_point=point.code, by_file=by_file, created_at=at, created_by=by,
        expires_at=at + (BY_FILE if by_file else ONLINE),
    )  # fmt: skip
    return IssuedCode(text="-".join(text[i : i + GROUP] for i in range(0, LENGTH, GROUP)), row=row)


def code_hash(text: str) -> bytes:
    """The hash of a code as people type it: in any case, with or without hyphens, O for 0, I or L for 1."""
    plain = "".join(text.upper().split()).replace("-", "").translate(str.maketrans("OIL", "011"))
    return hashlib.sha256(b"yizhan/enrolment-code/1\0" + plain.encode()).digest()


def code_require(text: str, *, verify_key: bytes, at: datetime) -> EnrolmentCode:
    """The code, locked. Raises CodeUnknown, CodeExpired, CodeUsed (unless by the machine that asks again)."""
    row = EnrolmentCode.objects.select_for_update().filter(code_sha256=code_hash(text)).first()
    if row is None:
        raise CodeUnknown
    if row.used_at is not None and bytes(row.used_by_key) != verify_key:
        raise CodeUsed(row.used_at)
    if at > row.expires_at:
        raise CodeExpired(row.expires_at)
    return row


def attempt_require(*, address: str, at: datetime) -> None:
    """Raises TooManyAttempts where too many wrong codes came from the address, or from everywhere, of late."""
    recent = FailedAttempt.objects.filter(at__gt=at - ATTEMPT_WINDOW)
    if recent.filter(address=address).count() >= ATTEMPTS_AN_ADDRESS or recent.count() >= ATTEMPTS_ALL:
        raise TooManyAttempts(minutes=int(ATTEMPT_WINDOW.total_seconds() // 60))


def attempt_note(*, address: str, at: datetime) -> None:
    """The wrong code counts; those out of the window are forgotten."""
    FailedAttempt.objects.filter(at__lte=at - ATTEMPT_WINDOW).delete()
    FailedAttempt.objects.create(address=address, at=at)
