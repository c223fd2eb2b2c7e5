"""QR codes for papers and screens, and the one whose text is a case's signed number."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe

from core.domain.cases.receipt import receipt_payload
from core.domain.cases.state import CaseState
from core.domain.journal.place import CORE
from core.exchange.identity import Identity

if TYPE_CHECKING:
    import segno


def receipt_signed(state: CaseState) -> str | None:
    """The case's number as this machine vouches for it (receipt.py); None where it may not: a node signs what it
    opened, the core everything."""
    identity = cast("Callable[[], Identity]", import_string(settings.IDENTITY))()
    if identity.node not in (CORE, state.opened_by):
        return None
    return receipt_payload(number=state.number, signer=identity.signer, signed_card=identity.signed_card)


def qr_inline(text: str) -> SafeString:
    """An SVG that stands in a page; segno writes numbers and path letters only, nothing of the text."""
    return mark_safe(_code(text).svg_inline(scale=1, border=4, omitsize=True, svgclass="yz-qr"))


def qr_image(text: str) -> SafeString:
    """The same as an image of its own, with its XML namespace."""
    out = io.BytesIO()
    _code(text).save(out, kind="svg", scale=4, border=4, xmldecl=False)
    return mark_safe(out.getvalue().decode())


def _code(text: str) -> segno.QRCode:
    import segno  # here, so that a process that prints nothing does not carry it

    return segno.make(text, error="l", boost_error=False, micro=False)
