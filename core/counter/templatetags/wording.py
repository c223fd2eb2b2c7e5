"""Codes as words, in templates: the words themselves are in core/counter/wording.py."""

from __future__ import annotations

from django import template

from .. import wording
from ..timeline import limit_words

register = template.Library()

register.filter("status_word", wording.status_word)
register.filter("status_tone", wording.status_tone)
register.filter("light_word", wording.light_word)
register.filter("limit_words", limit_words)


@register.filter
def word(code: str | int, table: str) -> str:
    """{{ code|word:"HOW" }}: the words of wording.HOW for this code."""
    return wording.word(wording.TABLES[table], code)
