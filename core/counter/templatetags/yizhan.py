"""Template tags of all pages: icons, dates as people here write them."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core.domain.journal.clock import Instant, instant_datetime

from ..timeline import day_words

register = template.Library()

ICONS = Path(__file__).resolve().parents[2] / "static" / "vendor" / "tabler-icons-3.51.0"


@lru_cache(maxsize=200)
def _svg(name: str) -> str:
    """The icon's paths; raises FileNotFoundError for a name we do not ship."""
    text = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    return text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")].strip()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Tabler outline icon in the text's colour; without a label it is hidden from screen readers."""
    meaning = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round" focusable="false" {}>{}</svg>',
        meaning,
        mark_safe(_svg(name)),
    )


@register.filter
def day(value: date | None) -> str:
    """2026年11月21日, or 21 November 2026 in English."""
    return "" if value is None else day_words(value)


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> str:
    """The day with hours and minutes."""
    return "" if value is None else f"{day(value)} {value:%H:%M}"


@register.filter
def instant_moment(value: Instant | None) -> str:
    """An entry's hybrid time as a moment of China's wall clock."""
    return moment(instant_datetime(value)) if value else ""


@register.filter
def instant_day(value: Instant | None) -> str:
    return day(instant_datetime(value)) if value else ""


@register.filter
def grouped(number: str) -> str:
    """A case number in groups that can be read out: division, station, day, serial, check digit."""
    if len(number) != 25:
        return number
    return " ".join((number[:6], number[6:12], number[12:14], number[14:20], number[20:]))


@register.filter
def lookup(mapping: dict[str, object], key: str) -> object:
    """mapping[key], or nothing."""
    return mapping.get(key, "")


@register.filter
def fen(amount: int) -> str:
    """An amount in fen as yuan with two decimals."""
    return f"{amount / 100:.2f}"


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, to loop over in a template."""
    return text.split()


@register.filter
def masked(number: str) -> str:
    """A document's number as it stands on papers people carry about: the middle is hidden."""
    return number if len(number) < 8 else f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"
