"""The entries of a case as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from core.domain.catalogue.documents import Item
from core.domain.journal import bodies as b
from core.domain.journal.clock import instant_datetime
from core.domain.journal.format import Entry

from . import wording

#: Materials handed in within this time by one person are told in one line.
ONE_GO: Final = timedelta(minutes=2)

#: Under this code the scan of an agent's authorisation stands among the materials of a case.
AGENT_AUTHORISATION: Final = "agent_authorisation"


@dataclass(frozen=True)
class Step:
    """One line of the timeline. `node` is "core" or a node id."""

    at: datetime
    kind: str
    title: str
    text: str
    who: str
    node: str


@dataclass(frozen=True)
class Names:
    """Names of what entries only name by code, each looked up once for the page."""

    staff: Mapping[str, str]
    departments: Mapping[str, str]
    materials: Mapping[str, str]
    holders: Mapping[str, str]
    #: Labels of the item's form fields.
    fields: Mapping[str, str] = field(default_factory=dict)
    #: What each urging said, by the id of its entry.
    urgings: Mapping[UUID, str] = field(default_factory=dict)

    def department(self, code: str) -> str:
        return self.departments.get(code, code)

    def stands_in(self, code: str) -> str:
        """ "in place of X" for the absent officer somebody stood in for; "" without one."""
        return _("in place of %(name)s") % {"name": self.staff.get(code, code)} if code else ""


def day_words(value: date) -> str:
    """2026年11月21日, or 21 November 2026."""
    if (translation.get_language() or "").startswith("zh"):
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {value:%B} {value.year}"


def material_names(item: Item) -> dict[str, str]:
    """The item's materials by code, and what else may be scanned with a case."""
    names = {material.code: material.name for material in item.materials}
    return {**names, AGENT_AUTHORISATION: _("Authorisation of the person acting for the applicant")}


def limit_words(limit: Any) -> str:
    """A limit of the catalogue or of a case: its published text, else value and unit."""
    if getattr(limit, "text", ""):
        return str(limit.text)
    if limit.unit == "immediate":
        return wording.word(wording.UNIT, "immediate")
    return f"{limit.value} {wording.word(wording.UNIT, limit.unit)}"


def timeline(entries: Sequence[Entry], names: Names) -> list[Step]:
    """One step an entry, in the order given; what one person did of one kind in one go is one step."""
    steps: list[Step] = []
    for step in _steps(entries, names):
        last = steps[-1] if steps else None
        if last and _same_go(last, step):
            steps[-1] = replace(last, text=_(", ").join(part for part in (last.text, step.text) if part))
        else:
            steps.append(step)
    return steps


def _same_go(one: Step, other: Step) -> bool:
    same = (one.kind, one.who, one.node) == (other.kind, other.who, other.node)
    return same and one.kind.startswith("material.") and other.at - one.at < ONE_GO


def _steps(entries: Sequence[Entry], names: Names) -> list[Step]:
    return [
        Step(
            at=instant_datetime(entry.at),
            kind=entry.kind,
            title=wording.word(wording.ENTRY_KIND, entry.kind),
            text=_SENTENCES[type(entry.body)](entry.body, names) if type(entry.body) in _SENTENCES else "",
            who=names.staff.get(entry.actor, entry.actor),
            node=names.holders.get(entry.author, entry.author),
        )
        for entry in entries
    ]


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _received(body: b.MaterialReceived, names: Names) -> str:
    name = names.materials.get(body.material, body.material)
    scans = _("%(count)d scans") % {"count": len(body.attachments)} if body.attachments else ""
    handed = _("%(name)s (%(how)s)") % {"name": name, "how": wording.word(wording.HOW, body.how)}
    certificate = _("certificate no. %(number)s") % {"number": body.certificate} if body.certificate else ""
    return _join(handed, certificate, scans, body.note)


def _deferred(body: b.MaterialDeferred, names: Names) -> str:
    name = names.materials.get(body.material, body.material)
    return _join(_("%(name)s until %(day)s") % {"name": name, "day": day_words(body.due)}, body.commitment)


def _pledged(body: b.MaterialPledged, names: Names) -> str:
    return _join(names.materials.get(body.material, body.material), body.text)


def _accepted(body: b.CaseAccepted, names: Names) -> str:
    limits = _("promised %(promised)s, by law %(legal)s") % {
        "promised": limit_words(body.promised), "legal": limit_words(body.legal),
    }  # fmt: skip
    if body.deemed_from is None:
        return limits
    deemed = _("by law accepted since %(day)s: nobody had answered within five working days")
    return _join(deemed % {"day": day_words(body.deemed_from)}, limits)


def _supplement(body: b.SupplementRequested, names: Names) -> str:
    lacking = _(", ").join(names.materials.get(code, code) for code in body.lacking)
    return _join(lacking, body.text, _until(body.due))


def _until(day: date | None) -> str:
    return _("until %(day)s") % {"day": day_words(day)} if day else ""


def _refused(body: b.CaseRefused, names: Names) -> str:
    return _join(body.reason, body.basis)


def _stage(body: b.StageOpened, names: Names) -> str:
    departments = _(", ").join(names.department(code) for code in body.departments)
    return _join(f"{body.name}: {departments}", wording.word(wording.JOINT, body.joint) if body.joint else "")


def _appointment(body: b.AppointmentSet, names: Names) -> str:
    return _join(f"{day_words(body.day)} {body.time}".strip(), body.place, body.text)


def _opinion(body: b.OpinionRecorded, names: Names) -> str:
    told = f"{names.department(body.department)}: {wording.word(wording.VERDICT, body.verdict)}"
    joint = _("one opinion for all departments") if body.joint else ""
    known = {**names.fields, **names.materials}
    wrong = _(", ").join(known.get(code, code) for code in body.returned)
    return _join(told, joint, wrong, body.text, names.stands_in(body.instead_of))


def _stopped(body: b.ClockStopped, names: Names) -> str:
    days = _("about %(days)d days") % {"days": body.expected_days} if body.expected_days else ""
    return _join(wording.word(wording.PROCEDURE, body.procedure), days, body.text)


def _asked(body: b.ExtensionRequested, names: Names) -> str:
    return _join(_("%(days)d days") % {"days": body.days}, body.reason)


def _extended(body: b.DeadlineExtended, names: Names) -> str:
    approver = names.staff.get(body.approved_by, body.approved_by)
    by = _("approved by %(name)s") % {"name": approver} if approver else ""
    return _join(_("%(days)d days") % {"days": body.days}, body.reason, by)


def _decided(body: b.CaseDecided, names: Names) -> str:
    told = _("granted") if body.granted else _("denied")
    department = names.department(body.department)
    return _join(told, department, body.result_number, body.text, body.basis, names.stands_in(body.instead_of))


def _delivered(body: b.ResultDelivered, names: Names) -> str:
    how = wording.word(wording.DELIVERY, body.how)
    return _join(how, body.receiver, body.receiver_id, body.authorisation, body.tracking)


def _terminated(body: b.CaseTerminated, names: Names) -> str:
    return _join(wording.word(wording.CAUSE, body.cause) if body.cause else "", body.reason)


def _forwarded(body: b.CaseForwarded, names: Names) -> str:
    to = names.holders.get(body.to, body.to)
    department = names.departments.get(body.department, body.department)
    power = wording.word(wording.POWER, body.power)
    return _join(_("to %(holder)s, to %(power)s") % {"holder": to, "power": power}, department, body.reason)


def _reason(body: Any, names: Names) -> str:
    return str(body.reason)


def _rated(body: b.CaseRated, names: Names) -> str:
    score = _("%(words)s (%(score)d of 5)") % {"words": wording.word(wording.RATING, body.score), "score": body.score}
    visit = _("visit of %(day)s") % {"day": _day_of(body.visit)} if body.visit else ""
    second = _("after the follow-up") if body.second_of else ""
    reasons = _(", ").join(wording.word(wording.RATING_REASON, reason) for reason in body.reasons)
    return _join(score, visit, second, reasons, body.text)


def _day_of(text: str) -> str:
    """An ISO day in words; the text itself where another program wrote something else."""
    try:
        return day_words(date.fromisoformat(text))
    except ValueError:
        return text


def _followed(body: b.RatingFollowed, names: Names) -> str:
    return _join(wording.word(wording.FOLLOW_UP, body.step), body.text)


def _urged(body: b.CaseUrged, names: Names) -> str:
    wanted = _("answer wanted by %(day)s") % {"day": day_words(body.due)} if body.due else ""
    whom = names.department(body.department) if body.department else ""
    return _join(wording.word(wording.LEVEL, body.level), whom, body.text, wanted)


def _note(body: b.NoteAdded, names: Names) -> str:
    if body.answers is None:
        return body.text
    return _join(_("answer to: %(text)s") % {"text": names.urgings.get(body.answers, _("an urging"))}, body.text)


_SENTENCES: dict[type, Callable[[Any, Names], str]] = {
    b.MaterialReceived: _received, b.MaterialDeferred: _deferred, b.MaterialPledged: _pledged,
    b.CaseAccepted: _accepted, b.CaseRefused: _refused, b.SupplementRequested: _supplement, b.CaseLapsed: _reason,
    b.StageOpened: _stage, b.AppointmentSet: _appointment, b.OpinionRecorded: _opinion, b.ClockStopped: _stopped,
    b.ExtensionRequested: _asked, b.ExtensionDeclined: _reason, b.DeadlineExtended: _extended,
    b.CaseDecided: _decided, b.ResultDelivered: _delivered, b.CaseForwarded: _forwarded, b.CaseWithdrawn: _reason,
    b.CaseTerminated: _terminated, b.CustodyTaken: _reason, b.CaseRated: _rated, b.RatingFollowed: _followed,
    b.CaseUrged: _urged, b.NoteAdded: _note,
}  # fmt: skip
