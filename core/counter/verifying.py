"""Whether a paper's code is genuine, and what is known here of its case: status words only, never a name.

The proof needs the county's root key and nothing else. What is known of the case, and of the machine's card, depends on
where it is asked: settings.CASE_KNOWN names the function that knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from core.domain.cases.numbering import InvalidCaseNumber, case_number_parse
from core.domain.cases.receipt import PREFIX, Receipt, ReceiptInvalid, receipt_from_token, receipt_verify
from core.domain.journal.format import NodeCard

#: Longer than any code of ours; nothing longer is looked at (characters).
MAX_PAYLOAD: Final = 4000

# What is known of a case (`Known.where`).
COUNTY: Final = "county"  #: the county has it
HERE: Final = "here"  #: this machine has it, the county has not confirmed it yet
UNKNOWN: Final = "unknown"  #: this machine has never heard of it

# Why a code proves nothing, beside the reasons of ReceiptInvalid.
EMPTY, TOO_LONG, UNSIGNED = "empty", "too_long", "unsigned"


@dataclass(frozen=True)
class Known:
    """What this machine knows of a case: where it is, its status ("" where unknown), whether the card of the machine
    that signed is revoked by now."""

    where: str
    status: str = ""
    revoked: bool = False


@dataclass(frozen=True)
class Verdict:
    """`receipt` is the proof, None where there is none; `reason` then says why. `number` is the case number as far as
    it can be read; `known` is None where nobody was asked (offline, by a root key that was given)."""

    number: str = ""
    reason: str = ""
    receipt: Receipt | None = None
    known: Known | None = None

    @property
    def genuine(self) -> bool:
        return self.receipt is not None

    @property
    def revoked(self) -> bool:
        """The card in the code may be older than the one that revoked it."""
        return bool(self.receipt and self.receipt.card.revoked) or bool(self.known and self.known.revoked)


def verdict_of(payload: str, root_key: bytes, *, ask: bool = True) -> Verdict:
    """What a scanned code (or the address it leads to, or a bare case number) proves by the county's root key."""
    # Not strip(): a space is a letter of the code's own alphabet, and may be its last one.
    payload = payload.lstrip().rstrip("\r\n\t")
    if not payload.strip():
        return Verdict(reason=EMPTY)
    if len(payload) > MAX_PAYLOAD:
        return Verdict(reason=TOO_LONG)
    number = _bare_number(payload)
    if number:
        return Verdict(number=number, reason=UNSIGNED, known=_known(number, None) if ask else None)
    try:
        receipt = _receipt(payload, root_key)
    except ReceiptInvalid as error:
        return Verdict(reason=error.reason)
    return Verdict(
        number=receipt.number, receipt=receipt, known=_known(receipt.number, receipt.card) if ask else None
    )  # fmt: skip


def _receipt(payload: str, root_key: bytes) -> Receipt:
    if payload.startswith(PREFIX):
        return receipt_verify(payload, root_key)
    try:
        address = urlsplit(payload.strip())
    except ValueError as error:
        raise ReceiptInvalid("format") from error
    parts = [part for part in address.path.split("/") if part]
    if address.scheme not in ("http", "https") or not parts:
        raise ReceiptInvalid("format")
    return receipt_from_token(max(parts, key=len), root_key)


def _bare_number(payload: str) -> str:
    try:
        case_number_parse(payload)
    except InvalidCaseNumber:
        return ""
    return payload.strip().replace(" ", "")


def _known(number: str, card: NodeCard | None) -> Known:
    """What settings.CASE_KNOWN says of the case and of the machine that signed."""
    ask = cast("Callable[[str, str], Known]", import_string(settings.CASE_KNOWN))
    return ask(number, card.node if card else "")
