"""The way an application will take, told beforehand: who accepts, reviews and decides it, where, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core.domain.cases.services import RouteStep, route_expected
from core.domain.catalogue.authority import Allowed, Denied
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import department_name, division_name
from core.domain.journal.place import CORE, Here

from . import wording
from .refusal_words import denied_words


@dataclass(frozen=True)
class RouteLine:
    """One place on the way. `does` is what it does there, `why` by what right, or why it does not do more."""

    place: str
    does: str
    why: str
    here: bool


def route_lines(item: Item, here: Here, *, on: date) -> list[RouteLine]:
    """The places in order; the first is always this counter, the one that hands the result out."""
    steps = route_expected(item, here, on=on)
    return [_line(step, here, first=number == 0) for number, step in enumerate(steps)]


def _line(step: RouteStep, here: Here, *, first: bool) -> RouteLine:
    powers = [wording.word(wording.POWER, power) for power in step.powers]
    if first:
        powers = powers or [_("takes it in and passes it on")]
        return RouteLine(place=here.name, does=_(", ").join(powers), why=_why(step, here), here=True)
    if step.node == CORE:
        place = _("County: %(department)s") % {"department": department_name(step.department)}
    else:
        place = division_name(step.division)
    return RouteLine(place=place, does=_(", ").join(powers), why=_why(step, here), here=False)


def _why(step: RouteStep, here: Here) -> str:
    if isinstance(step.authority, Denied):
        return denied_words(step.authority.reason, "", step.authority.department, step.level)
    if not isinstance(step.authority, Allowed):
        return _("the department that owns the item")
    grant = step.authority.grant
    if grant is None:
        return _("the department's own seat")
    mode = wording.word(wording.MODE, grant.mode)
    return _("%(mode)s, by %(basis)s") % {"mode": mode, "basis": grant.basis} if grant.basis else mode
