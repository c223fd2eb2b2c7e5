"""{% rating_panel case %}: a case's ratings with what can be done about them. {% rating_figure case %}: on its receipt,
the code by which the applicant rates on their own phone; nothing where the county's address is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from core.domain.cases.state import CaseState

from .. import rating

register = template.Library()


@register.inclusion_tag("counter/rating_panel.html")
def rating_panel(case: CaseState) -> Mapping[str, Any]:
    return rating.rating_panel(case)


@register.inclusion_tag("counter/rating_figure.html")
def rating_figure(case: CaseState) -> Mapping[str, Any]:
    return {"qr": rating.rating_qr(case)}
