"""Words of the catalogue's pages: kinds of record, sorts of change, codes as the workbook words them."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.county.publishing import words
from core.county.publishing.forms import language
from core.domain.catalogue.documents import Limit

register = template.Library()

KINDS = {
    "division": gettext_noop("Divisions"),
    "department": gettext_noop("Departments"),
    "item": gettext_noop("Items"),
    "grant": gettext_noop("Grants"),
    "calendar": gettext_noop("Calendars"),
    "paper": gettext_noop("Papers"),
}
SORTS = {
    "added": gettext_noop("Added"),
    "changed": gettext_noop("Changed"),
    "withdrawn": gettext_noop("Taken out"),
}
SEVERITIES = {"error": gettext_noop("Error"), "warning": gettext_noop("Remark")}


@register.filter
def kind_word(kind: str) -> str:
    return _(KINDS[kind]) if kind in KINDS else kind


@register.filter
def sort_word(sort: str) -> str:
    return _(SORTS[sort]) if sort in SORTS else ""


@register.filter
def severity_word(severity: str) -> str:
    return _(SEVERITIES[severity]) if severity in SEVERITIES else severity


@register.filter
def item_kind_word(kind: str) -> str:
    return words.KINDS.word(kind, language())


@register.filter
def limit_words(limit: Limit) -> str:
    """5个工作日 as published, else the number and its unit."""
    unit = words.UNITS.word(limit.unit, language())
    return limit.text or (unit if limit.unit == "immediate" else f"{limit.value} {unit}")
