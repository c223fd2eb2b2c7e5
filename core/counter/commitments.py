"""What the applicant signs at the counter: a commitment 容缺承诺 for what is to follow, a pledge 告知承诺 for a proof.

The words are part of the case's record, so they are in the county's language whatever the clerk reads the page in.
"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from core.domain.catalogue.documents import Material

from . import wording
from .timeline import day_words


def commitment_text(material: Material, due: date | None) -> str:
    """What is signed for a material that is to follow; without `due`, the words as the form shows them."""
    with translation.override(settings.LANGUAGE_CODE):
        day = day_words(due) if due else _("the day written above")
        return _(
            "I will hand in “%(material)s” by %(day)s. I know that nothing is granted before it is in, and that my"
            " application may be ended if it is not in by then."
        ) % {"material": material.name, "day": day}


def pledge_text(material: Material) -> str:
    """What is signed in place of a proof: the item's own words, else those for any proof."""
    if material.pledge_text.strip():
        return material.pledge_text.strip()
    with translation.override(settings.LANGUAGE_CODE):
        return _(
            "I was told what “%(material)s” is to prove. I pledge that I meet it, that what I state is true, and that"
            " the authority may check it; if it is not true, what was granted may be revoked and I answer for it by"
            " law."
        ) % {"material": material.name}


def authorisation_text(kind: str, details: str) -> str:
    """What allows somebody to act for the applicant: its kind, and what it says or where it lies."""
    with translation.override(settings.LANGUAGE_CODE):
        words = wording.word(wording.AUTHORISATION, kind) if kind in wording.AUTHORISATION else ""
    return " · ".join(part for part in (words, details.strip()) if part)
