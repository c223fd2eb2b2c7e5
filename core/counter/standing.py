"""How a case stands: the days that bind somebody beside the two limits, and what needs attention now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.domain.cases import lifecycle as s
from core.domain.cases import services
from core.domain.cases.deadlines import (
    AMBER,
    DONE,
    GREEN,
    RED,
    answer_due_on,
    day_light,
    deemed_accepted_on,
    delivery_due_on,
    lower_review_due_on,
)
from core.domain.cases.state import CaseState
from core.domain.catalogue.authority import DECIDE, REVIEW
from core.domain.journal.clock import instant_date
from core.domain.journal.place import CORE

from . import wording
from .offers import Look, powers_here
from .timeline import Names, day_words

#: From this working day on an application nobody answered is warned about; the law accepts it after the fifth.
ANSWER_WARNING_DAYS: Final = 4


@dataclass(frozen=True)
class BindingDay:
    """A day by which somebody must have done something; `light` as of a limit."""

    label: str
    day: date
    light: str


@dataclass(frozen=True)
class Notice:
    """One sentence about what needs attention. `tone`: info, warning, danger. `lines` say more."""

    tone: str
    text: str
    lines: tuple[str, ...] = ()


def light_of(look: Look, due: date) -> str:
    return day_light(due, today=look.today, calendar=look.calendar)


def binding_days(look: Look) -> list[BindingDay]:
    """The days beside the two limits, as the law and the notice set them."""
    state, calendar = look.state, look.calendar
    found = []
    if state.status == s.SUBMITTED:
        due = answer_due_on(state, calendar=calendar)
        found.append(BindingDay(_("Accept, refuse or ask for what is missing (Art. 32)"), due, _answer_light(look)))
    if state.status == s.AWAITING_SUPPLEMENT and state.supplement and state.supplement.due:
        due = state.supplement.due
        found.append(BindingDay(_("The applicant answers the supplement notice"), due, light_of(look, due)))
    lower = lower_review_due_on(state, calendar=calendar)
    if lower is not None and state.is_open and _reviews_for_another(look):
        found.append(BindingDay(_("First review here is to be finished (Art. 43)"), lower, light_of(look, lower)))
    delivery = delivery_due_on(state, calendar=calendar)
    if delivery is not None:
        done = state.delivery is not None and instant_date(state.delivery.at) <= delivery
        light = DONE if done else RED if state.delivery is not None else light_of(look, delivery)
        found.append(BindingDay(_("The result is to be handed out (Art. 44)"), delivery, light))
    return found


def _answer_light(look: Look) -> str:
    since = instant_date(look.state.submitted_at or look.state.opened_at)
    if look.today > answer_due_on(look.state, calendar=look.calendar):
        return RED
    return AMBER if look.calendar.working_days_between(since, look.today) >= ANSWER_WARNING_DAYS else GREEN


def _reviews_for_another(look: Look) -> bool:
    if look.here.node == CORE or look.state.custodian != look.here.node:
        return False
    powers = powers_here(look)
    return REVIEW in powers and DECIDE not in powers


def notices(look: Look, names: Names) -> list[Notice]:
    """What needs attention, what presses most first."""
    state = look.state
    if not state.is_open:
        return []
    found = [*_answering(look), *_deferrals(look, names), *_returns(look, names), *_urgings(look, names)]
    if state.extension_asked is not None:
        asked = state.extension_asked
        found.append(Notice(
            "warning", _("%(name)s asks for %(days)d more working days: %(reason)s") % {
                "name": names.staff.get(asked.by, asked.by), "days": asked.days, "reason": asked.reason,
            },
        ))  # fmt: skip
    found += _appointment(look)
    tones = ("danger", "warning", "info")
    return sorted(found, key=lambda notice: tones.index(notice.tone))


def _answering(look: Look) -> Iterator[Notice]:
    state = look.state
    if state.status == s.SUBMITTED:
        deemed = deemed_accepted_on(state, today=look.today, calendar=look.calendar)
        due = day_words(answer_due_on(state, calendar=look.calendar))
        if deemed is not None:
            text = _(
                "Nobody answered within five working days: by law the case is accepted since %(day)s. Accept it now;"
                " the clocks count from that day."
            )
            yield Notice("danger", text % {"day": day_words(deemed)})
        elif _answer_light(look) == AMBER:
            text = _("Not answered yet: after %(day)s the law accepts the case by itself (Art. 32).")
            yield Notice("warning", text % {"day": due})
    if state.status == s.AWAITING_SUPPLEMENT and state.supplement and state.supplement.due:
        due = day_words(state.supplement.due)
        if look.today > state.supplement.due:
            text = _("The applicant had until %(day)s to bring what is missing. The case may lapse, or still go on.")
            yield Notice("danger", text % {"day": due})
        elif light_of(look, state.supplement.due) == AMBER:
            yield Notice("warning", _("The applicant has until %(day)s to bring what is missing.") % {"day": due})


def _deferrals(look: Look, names: Names) -> Iterator[Notice]:
    for code, deferral in services.deferrals_open(look.state).items():
        left = (deferral.due - look.today).days
        said = {"name": names.materials.get(code, code), "day": day_words(deferral.due)}
        if left < 0:
            text = _("%(name)s was promised for %(day)s and is not in. Record it, or end the case for this cause.")
            yield Notice("danger", text % said)
            continue
        if left == 0:
            text = _("%(name)s is to follow today. Nothing is granted before.")
        else:
            text = ngettext(
                "%(name)s is to follow by %(day)s, in %(left)d day. Nothing is granted before, and the case may be"
                " ended after it.",
                "%(name)s is to follow by %(day)s, in %(left)d days. Nothing is granted before, and the case may be"
                " ended after it.",
                left,
            )
        yield Notice("warning" if left <= 1 else "info", text % {**said, "left": left})


def _returns(look: Look, names: Names) -> Iterator[Notice]:
    known = {**names.fields, **names.materials}
    for department, opinion in services.returns_unanswered(look.state).items():
        text = _("%(department)s returned the case: %(why)s") % {
            "department": names.department(department), "why": opinion.text,
        }  # fmt: skip
        wrong = tuple(_("To be put right: %(name)s") % {"name": known.get(code, code)} for code in opinion.returned)
        who = _("%(name)s, %(day)s") % {
            "name": names.staff.get(opinion.by, opinion.by), "day": day_words(instant_date(opinion.at)),
        }  # fmt: skip
        yield Notice("warning", text, (*wrong, who))


def _urgings(look: Look, names: Names) -> Iterator[Notice]:
    for urging in services.urgings_unanswered(look.state).values():
        late = urging.due is not None and look.today > urging.due
        whom = names.department(urging.department) if urging.department else _("whoever has the case")
        lines = [_("%(name)s, %(day)s, to %(whom)s") % {
            "name": names.staff.get(urging.by, urging.by), "day": day_words(instant_date(urging.at)), "whom": whom,
        }]  # fmt: skip
        if urging.due is not None:
            wanted = _("An answer was wanted by %(day)s.") if late else _("An answer is wanted by %(day)s.")
            lines.append(wanted % {"day": day_words(urging.due)})
        level = wording.word(wording.LEVEL, urging.level)
        text = _("Not answered yet, %(level)s: %(text)s") % {"level": level, "text": urging.text}
        yield Notice("danger" if late or urging.level == "supervision" else "warning", text, tuple(lines))


def _appointment(look: Look) -> Iterator[Notice]:
    stage = look.state.stage
    if stage is None or stage.appointment is None or not services.stage_waits_for(look.state):
        return
    met = stage.appointment
    when = f"{day_words(met.day)} {met.time}".strip()
    text = _("%(joint)s on %(when)s at %(place)s") % {
        "joint": wording.word(wording.JOINT, stage.joint), "when": when, "place": met.place,
    }  # fmt: skip
    yield Notice("info", text, (met.text,) if met.text else ())


def stops_of(state: CaseState) -> list[tuple[str, date, date | None, str]]:
    """(procedure in words, first day, last day or None while it is under way, what it is about)."""
    return [
        (
            wording.word(wording.PROCEDURE, stop.procedure), instant_date(stop.from_at),
            None if stop.to_at is None else instant_date(stop.to_at), stop.text,
        )
        for stop in state.stops
    ]  # fmt: skip
