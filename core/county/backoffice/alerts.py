"""Where the procedure bites, in sentences: what is special about the case now, and what that means for the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.counter import wording
from core.counter.timeline import day_words
from core.domain.cases import lifecycle as life
from core.domain.cases.state import CaseState
from core.domain.journal.clock import instant_date

from .offers import Offer
from .selectors import CasePicture
from .standing import Joint, Standing


@dataclass(frozen=True)
class Alert:
    """`tone`: info, warning, danger."""

    tone: str
    icon: str
    title: str
    lines: tuple[str, ...] = ()


def alerts_of(state: CaseState, standing: Standing, offer: Offer, picture: CasePicture) -> list[Alert]:
    """What the page says above the steps, the most pressing first."""
    found = [
        _urged(standing, picture), _deemed(standing), _notice(state, standing), _supplement(standing),
        _returned(standing, picture), _owed(standing), _suspended(state, standing), _asked(state, offer, picture),
        _joint(standing.joint, picture), _stands_in(offer, picture),
    ]  # fmt: skip
    return [alert for alert in found if alert is not None]


def names_of(codes: Iterable[str], names: Mapping[str, str]) -> str:
    return _(", ").join(names.get(code, code) for code in codes)


def _urged(standing: Standing, picture: CasePicture) -> Alert | None:
    waiting = [line for line in standing.urgings if line.waits]
    if not waiting:
        return None
    supervised = any(line.urging.level == "supervision" for line in waiting)
    title = _("Supervision: an answer is wanted") if supervised else _("Urged: an answer is wanted")
    lines = []
    for line in waiting:
        to = names_of([line.urging.department], picture.departments) if line.urging.department else ""
        until = _("answer by %(day)s") % {"day": day_words(line.urging.due)} if line.urging.due else ""
        parts = (wording.word(wording.LEVEL, line.urging.level), to, line.urging.text, until)
        lines.append(" · ".join(part for part in parts if part))
    return Alert("danger" if supervised else "warning", "alert-triangle", title, tuple(lines))


def _deemed(standing: Standing) -> Alert | None:
    if standing.deemed_from is None:
        return None
    since = {"day": day_words(standing.deemed_from)}
    return Alert("danger", "clock", _("By law accepted since %(day)s") % since, (
        _("Nobody answered within five working days (Art. 32): the case can no longer be refused or sent back for a"
          " supplement."),
        _("Accept it: its clocks run from %(day)s, the day it was handed in.") % since,
    ))  # fmt: skip


def _notice(state: CaseState, standing: Standing) -> Alert | None:
    if state.status != life.SUBMITTED or standing.notice_on is None or standing.deemed_from is not None:
        return None
    told = _("The applicant was told on %(day)s what to supplement. The law allows no second notice (Art. 32).")
    return Alert("info", "file-text", _("The one notice was given"), (
        told % {"day": day_words(standing.notice_on)},
    ))  # fmt: skip


def _supplement(standing: Standing) -> Alert | None:
    if standing.supplement_due is None:
        return None
    until = {"day": day_words(standing.supplement_due)}
    if standing.supplement_over:
        told = _("Note that everything is in, or close the case: it would wait for ever.")
        return Alert("warning", "clock", _("The applicant had until %(day)s") % until, (told,))
    return Alert("info", "clock", _("The applicant has until %(day)s") % until,
                 (_("Up to and on that day nothing lapses."),))  # fmt: skip


def _returned(standing: Standing, picture: CasePicture) -> Alert | None:
    if not standing.returned:
        return None
    lines = []
    for department, opinion in standing.returned.items():
        wrong = names_of(opinion.returned, picture.labels)
        who = names_of([department], picture.departments)
        lines.append(" · ".join(part for part in (who, wrong, opinion.text) if part))
    return Alert("warning", "arrow-back-up", _("Returned: waits until this is put right"), tuple(lines))


def _owed(standing: Standing) -> Alert | None:
    if not standing.owed:
        return None
    lines = []
    for one in standing.owed:
        told = _("%(name)s: promised for %(day)s, that day has gone by") if one.missed else _("%(name)s: by %(day)s")
        lines.append(told % {"name": one.name, "day": day_words(one.due)})
    missed = any(one.missed for one in standing.owed)
    title = _("Accepted without these; nothing can be granted before they are in")
    return Alert("warning" if missed else "info", "file-text", title, tuple(lines))


def _suspended(state: CaseState, standing: Standing) -> Alert | None:
    if standing.procedure_end is None:
        return None
    stop = state.stops[-1]
    title = _("The clock stands: %(procedure)s") % {"procedure": wording.word(wording.PROCEDURE, stop.procedure)}
    told = _("since %(day)s, expected to end on %(end)s") % {
        "day": day_words(instant_date(stop.from_at)), "end": day_words(standing.procedure_end),
    }  # fmt: skip
    over = (_("That day has gone by: let the clock run again, or the applicant waits without a limit."),)
    lines = (told, stop.text, *(over if standing.procedure_over else ()))
    return Alert("warning" if standing.procedure_over else "info", "clock", title, tuple(one for one in lines if one))


def _asked(state: CaseState, offer: Offer, picture: CasePicture) -> Alert | None:
    asked = state.extension_asked
    if asked is None:
        return None
    title = ngettext("%(days)d more working day is asked for", "%(days)d more working days are asked for", asked.days)
    told = _("%(name)s, %(day)s: %(reason)s") % {
        "name": picture.people.get(asked.by, asked.by), "day": day_words(instant_date(asked.at)),
        "reason": asked.reason,
    }  # fmt: skip
    own = (_("You asked for it, so another approver must grant it."),) if offer.own_request else ()
    return Alert("info", "calendar", title % {"days": asked.days}, (told, *own))


def _joint(joint: Joint | None, picture: CasePicture) -> Alert | None:
    if joint is None:
        return None
    title = wording.word(wording.JOINT, joint.kind)
    leads = _("%(leader)s leads and gives one opinion for all.") % {
        "leader": names_of([joint.leader], picture.departments),
    }  # fmt: skip
    others = _("Taking part: %(others)s.") % {"others": names_of(joint.others, picture.departments)}
    if joint.appointment is None:
        when = _("No appointment yet: it is set before the opinion.")
    else:
        when = " ".join(part for part in (day_words(joint.appointment.day), joint.appointment.time,
                                          joint.appointment.place) if part)  # fmt: skip
    more = joint.appointment.text if joint.appointment else ""
    lines = (leads, others if joint.others else "", when, more)
    return Alert("info", "users", f"{joint.name}: {title}", tuple(one for one in lines if one))


def _stands_in(offer: Offer, picture: CasePicture) -> Alert | None:
    if not offer.stands_in_for:
        return None
    names = names_of(offer.stands_in_for, picture.people)
    return Alert("info", "user", _("You stand in for %(names)s here") % {"names": names}, (
        _("What you write names both. The two-post rule holds for you as for them."),
    ))  # fmt: skip
