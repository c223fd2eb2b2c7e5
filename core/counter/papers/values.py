"""What the placeholders of a paper stand for in one case, and the rows of its table of facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.utils.translation import gettext as _

from core.domain.cases.deadlines import case_ledgers
from core.domain.cases.state import CaseState
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.documents import Item, PaperKind
from core.domain.catalogue.models import Department
from core.domain.catalogue.papers import act_name, law_name
from core.domain.journal import bodies as b
from core.domain.journal.clock import instant_date, instant_datetime
from core.domain.journal.format import Entry
from core.domain.journal.place import Here
from core.domain.staff.selectors import staff_names

from .. import wording
from ..templatetags.yizhan import masked
from ..timeline import limit_words, material_names
from .issuing import Issuer, point_name
from .sheet import Fact, Line, day_official


@dataclass(frozen=True)
class Sources:
    """All a paper is made from. `act` is the entry it is about (None: the state says it all), `entries` the case's."""

    state: CaseState
    item: Item
    kind: PaperKind
    act: Entry | None
    entries: Sequence[Entry]
    here: Here
    today: date

    @cached_property
    def dues(self) -> dict[str, str]:
        """The last days of "promised" and "legal" as they stand today; nothing before acceptance."""
        ledgers = case_ledgers(self.state, today=self.today, calendar=work_calendar())
        return {name: day_official(one.due_on) for name, one in ledgers.items()}

    @property
    def phone(self) -> str:
        row = Department.objects.filter(uscc=self.item.department).first()
        return self.item.consultation or (row.phone if row else "")

    @property
    def situation(self) -> str:
        return next((one.name for one in self.item.situations if one.code == self.state.situation), "")


def values_of(sources: Sources, issuer: Issuer, dated: date) -> dict[str, str]:
    """Every placeholder's value for this paper but {basis}, "" for what the case does not have."""
    state, item = sources.state, sources.item
    organisation = state.applicant.kind == "organisation"
    accepted = state.deemed_from or (instant_date(state.accepted_at) if state.accepted_at else None)
    result = item.result.name if item.result and item.result.kind != "none" else ""
    return {
        "applicant": state.applicant.name,
        "you": "你单位" if organisation else "你",
        "me": "本单位" if organisation else "本人",
        "agent": state.agent.name if state.agent else "",
        "item": item.name,
        "situation": sources.situation,
        "act": act_name(item.item_type),
        "law": law_name(sources.kind, item),
        "case_number": state.number,
        "date": day_official(dated),
        "applied_on": day_official(instant_date(state.submitted_at or state.opened_at)),
        "accepted_on": day_official(accepted) if accepted else "",
        "department": issuer.name,
        "place": point_name(state.service_point, sources.here),
        "government": issuer.government,
        "consultation": sources.phone,
        "complaint": item.complaint,
        "promised_due": sources.dues.get("promised", ""),
        "legal_due": sources.dues.get("legal", ""),
        "result": result,
        "lacking": "、".join(line.name for line in lines_of(sources, "lacking")),
        "materials": "、".join(line.name for line in lines_of(sources, "materials")),
        **_of_act(sources),
        **_of_end(state),
    }


def _of_act(sources: Sources) -> Mapping[str, str]:
    """What the entry itself says."""
    found: dict[str, str] = {}
    match sources.act.body if sources.act else None:
        case b.CaseRefused() as refused:
            found = {"reason": refused.reason}
        case b.SupplementRequested() as asked:
            found = {"reason": asked.text, "due": day_official(asked.due) if asked.due else ""}
        case b.ClockStopped() as stopped:
            assert sources.act is not None
            found = {
                "procedure": wording.word(wording.PROCEDURE, stopped.procedure), "reason": stopped.text,
                "days": f"{stopped.expected_days}日" if stopped.expected_days else "",
                "stopped_on": day_official(instant_date(sources.act.at)),
            }  # fmt: skip
        case b.DeadlineExtended() as extended:
            found = {"reason": extended.reason, "days": _extended(sources.state, extended.days)}
        case b.CaseTerminated() | b.CaseLapsed() | b.CaseWithdrawn() as ended:
            found = {"reason": ending_words(ended)}
        case b.CaseDecided() as decided:
            found = {"reason": decided.text}
        case b.MaterialDeferred():
            found = {"due": day_official(max(one.due for one in sources.state.deferrals.values()))}
    return found


def _extended(state: CaseState, days: int) -> str:
    """Days of the legal limit, in its own unit."""
    return f"{days}个工作日" if state.legal is not None and state.legal.unit == "working_day" else f"{days}日"


def ending_words(body: b.CaseTerminated | b.CaseLapsed | b.CaseWithdrawn) -> str:
    """Why the case ended without a decision: what happened, and the words that were written to it."""
    match body:
        case b.CaseLapsed():
            what = _("what the supplement notice lists was not supplied in time")
        case b.CaseWithdrawn():
            what = _("the applicant withdrew the application")
        case _:
            what = wording.word(wording.CAUSE, body.cause) if body.cause not in ("", "other") else ""
    return "：".join(part for part in (what, body.reason) if part)


def _of_end(state: CaseState) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if state.decision:
        found |= {
            "decided_on": day_official(instant_date(state.decision.at)),
            "result_number": state.decision.result_number,
        }
    if state.delivery:
        found |= {
            "receiver": state.delivery.receiver,
            "how": wording.word(wording.DELIVERY, state.delivery.how),
            "tracking": state.delivery.tracking,
        }
    return found


def lines_of(sources: Sources, name: str) -> tuple[Line, ...]:
    """The numbered list a placeholder stands for: what is missing, or the materials this paper is about."""
    state, names = sources.state, material_names(sources.item)
    if name == "lacking":
        body = sources.act.body if sources.act else None
        codes = body.lacking if isinstance(body, b.SupplementRequested) else ()
        return tuple(Line(names.get(code, code)) for code in codes)
    if sources.kind == "deferral":
        return tuple(
            Line(names.get(code, code), _commitment(one.due, one.commitment))
            for code, one in sorted(state.deferrals.items())
        )
    if sources.kind == "pledge":
        texts = {one.code: one.pledge_text for one in sources.item.materials}
        return tuple(
            Line(names.get(code, code), one.text or texts.get(code, "") or _("I meet what this material is to prove."))
            for code, one in sorted(state.pledges.items())
        )
    return tuple(Line(names.get(code, code)) for code in state.materials)


def _commitment(due: date, text: str) -> str:
    day = _("by %(day)s") % {"day": day_official(due)}
    return f"{day}（{text}）" if text else day


def facts_of(sources: Sources) -> tuple[Fact, ...]:
    """The table of facts: on the receipt what was applied for and until when, on the delivery record who got what."""
    if sources.kind == "receipt":
        return tuple(_receipt_facts(sources))
    if sources.kind == "delivery":
        return tuple(_delivery_facts(sources))
    return ()


def _receipt_facts(sources: Sources) -> list[Fact]:
    state = sources.state
    applicant = f"{state.applicant.name} {masked(state.applicant.id_number)}"
    facts = [
        Fact(_("Item"), " · ".join(part for part in (sources.item.name, sources.situation) if part)),
        Fact(_("Applicant"), applicant),
    ]
    if state.agent:
        facts.append(Fact(_("Acting for them"), state.agent.name))
    day, at = (_("Accepted on"), state.accepted_at) if state.accepted_at else (_("Taken in on"), state.opened_at)
    facts.append(Fact(day, _moment(at)))
    if state.deemed_from:
        facts.append(Fact(_("Counts as accepted from"), day_official(state.deemed_from)))
    if sources.dues:
        facts.append(
            Fact(_("Promised by"), f"{sources.dues['promised']}（{limit_words(sources.item.promised_limit)}）")
        )
        facts.append(Fact(_("By law until"), f"{sources.dues['legal']}（{limit_words(sources.item.legal_limit)}）"))
    return [*facts, *_clock_facts(sources)]


def _clock_facts(sources: Sources) -> list[Fact]:
    """Special procedures and extensions, as the ledger counts them."""
    facts = []
    resumed = [one.at for one in sources.entries if isinstance(one.body, b.ClockResumed)]
    for entry in sources.entries:
        if isinstance(entry.body, b.ClockStopped):
            end = next((at for at in resumed if at > entry.at), None)
            words = {
                "procedure": wording.word(wording.PROCEDURE, entry.body.procedure),
                "first": day_official(instant_date(entry.at)),
                "last": day_official(instant_date(end)) if end else "",
                "days": entry.body.expected_days,
            }
            text = (_("%(procedure)s, %(first)s to %(last)s, not counted") if end
                    else _("%(procedure)s since %(first)s, about %(days)s days, not counted"))  # fmt: skip
            facts.append(Fact(_("Special procedure"), text % words))
        elif isinstance(entry.body, b.DeadlineExtended):
            text = _("legal limit longer by %(days)s") % {"days": _extended(sources.state, entry.body.days)}
            facts.append(Fact(_("Extension"), f"{text}（{entry.body.reason}）"))
    return facts


def _delivery_facts(sources: Sources) -> list[Fact]:
    state, delivery = sources.state, sources.state.delivery
    assert delivery is not None
    result = sources.item.result.name if sources.item.result else ""
    number = state.decision.result_number if state.decision else ""
    names = staff_names({delivery.by})
    rows = [
        (_("Item"), sources.item.name),
        (_("Addressee"), f"{state.applicant.name} {masked(state.applicant.id_number)}"),
        (_("What was delivered"), " ".join(part for part in (result, number) if part)),
        (_("How"), wording.word(wording.DELIVERY, delivery.how)),
        (_("Tracking number or locker"), delivery.tracking),
        (_("Receiver"), f"{delivery.receiver} {masked(delivery.receiver_id)}".strip()),
        (_("Receives for the addressee by"), delivery.authorisation),
        (_("Delivered on"), _moment(delivery.at)),
        (_("Delivered by"), names[delivery.by]),
    ]
    return [Fact(label, value) for label, value in rows if value]


def _moment(at: int) -> str:
    return f"{day_official(instant_date(at))} {instant_datetime(at):%H:%M}"
