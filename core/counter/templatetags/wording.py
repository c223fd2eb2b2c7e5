"""Codes as words, in templates: the words themselves are in core/counter/wording.py."""

from __future__ import annotations

from django import template

from .. import wording

register = template.Library()

register.filter("status_word", wording.status_word)
register.filter("status_tone", wording.status_tone)
register.filter("light_word", wording.light_word)
