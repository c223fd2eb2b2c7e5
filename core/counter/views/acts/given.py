"""What was typed into the form of an act."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

Typed = dict[str, str]


class Incomplete(Exception):
    """A field of the act's form is empty or wrong; the message says which."""


def given(typed: Typed, name: str, label: str) -> str:
    """The words typed into a field that must be filled in. Raises Incomplete."""
    value = typed.get(name, "").strip()
    if not value:
        raise Incomplete(_("Please fill in: %(label)s.") % {"label": label})
    return value


def number(typed: Typed, name: str) -> int:
    """A whole number; 0 where there is none, which every service refuses."""
    text = typed.get(name, "").strip()
    return int(text) if text.isdigit() and len(text) < 5 else 0


def day(typed: Typed, name: str, label: str) -> date:
    """Raises Incomplete."""
    found = day_or_none(typed, name)
    if found is None:
        raise Incomplete(_("Please give a date: %(label)s.") % {"label": label})
    return found


def day_or_none(typed: Typed, name: str) -> date | None:
    """None for an empty field. Raises Incomplete for one that holds no date."""
    text = typed.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Incomplete(_("Please give a date, for example 2026-11-21.")) from None
