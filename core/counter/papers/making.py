"""A case's papers: which of them it has, and each of them as a value.

A paper of an act is dated by the act and always says what the act said, whenever it is printed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, cast

from django.utils import translation
from django.utils.translation import gettext as _

from core.domain.cases.selectors import case_timeline
from core.domain.cases.services import case_item
from core.domain.cases.state import CaseState
from core.domain.catalogue.authority import ACCEPT, DECIDE, REVIEW
from core.domain.catalogue.documents import Item, PaperKind, PaperTemplate
from core.domain.catalogue.papers import DEFAULTS, TAKEN_IN, fill, fill_paragraphs, list_of
from core.domain.catalogue.selectors import paper_template
from core.domain.journal import bodies as b
from core.domain.journal.clock import instant_date
from core.domain.journal.format import Entry
from core.domain.journal.place import Here

from .issuing import document_number, issuer_of, point_of
from .sheet import ALL, Numbered, Paper, Text
from .values import Sources, facts_of, lines_of, values_of

#: The entries a paper is about, the last one counts.
_ACTS: Final[dict[str, tuple[type, ...]]] = {
    "refusal": (b.CaseRefused,),
    "supplement": (b.SupplementRequested,),
    "deferral": (b.MaterialDeferred,),
    "pledge": (b.MaterialPledged,),
    "special_procedure": (b.ClockStopped,),
    "extension": (b.DeadlineExtended,),
    "termination": (b.CaseTerminated, b.CaseLapsed, b.CaseWithdrawn),
    "decision": (b.CaseDecided,),
    "delivery": (b.ResultDelivered,),
}
#: Of several in a case each has its own paper, by its place in the order they were given.
REPEATED: Final = frozenset({"special_procedure"})
_POWERS: Final = {"special_procedure": REVIEW, "extension": DECIDE, "decision": DECIDE}
#: What the papers are written in, whatever the reader's own language is.
LANGUAGE: Final = "zh-hans"


def papers_available(state: CaseState) -> tuple[str, ...]:
    """The names of the papers this case has by now, in the order of ALL. Reads nothing but the state."""
    has = {
        "receipt": state.status != "draft",
        "refusal": state.status == "refused",
        "supplement": state.supplement is not None,
        "deferral": bool(state.deferrals),
        "pledge": bool(state.pledges),
        "special_procedure": bool(state.stops),
        "extension": bool(state.extensions),
        "termination": state.status in ("terminated", "lapsed", "withdrawn"),
        "decision": state.decision is not None,
        "delivery": state.delivery is not None,
    }
    return tuple(name for name in ALL if has[name])


def paper_of(name: str, state: CaseState, *, here: Here, today: date, which: int = 0) -> Paper | None:
    """The case's paper of this name; None where it has none. In Chinese, whatever language is switched on.

    `which` chooses among several special procedures, from 1 on; 0 is the last one. Raises CaseUnknown, ItemUnknown.
    """
    if name not in papers_available(state):
        return None
    entries = case_timeline(state.id)
    acts = [entry for entry in entries if isinstance(entry.body, _ACTS.get(name, ()))]
    if (name in _ACTS and not acts) or which > len(acts):
        return None
    act = acts[which - 1] if acts else None
    with translation.override(LANGUAGE):
        return _made(name, state, act, entries, here=here, today=today, copy=which or len(acts) or 1)


def _made(
    name: str, state: CaseState, act: Entry | None, entries: Sequence[Entry], *, here: Here, today: date, copy: int
) -> Paper:
    item = case_item(state)
    kind = kind_of(name, state)
    dated = instant_date(act.at if act else state.accepted_at or state.opened_at)
    by = act or _taken_in(state, entries)
    issuer = issuer_of(item, point=point_of(by, here), power=_POWERS.get(name, ACCEPT), on=dated, here=here)
    sources = Sources(state=state, item=item, kind=kind, act=act, entries=entries, here=here, today=today)
    template = template_of(kind, item, state)
    values = values_of(sources, issuer, dated)
    values["basis"] = _basis(act) or fill(template.basis, values)
    return Paper(
        kind=kind, name=name, office=issuer.name, through=issuer.through, title=fill(template.title, values),
        document_number=document_number(
            issuer, kind, case_number=state.number, copy=copy if name in REPEATED else 1
        ),
        case_number=state.number,
        addressee=issuer.name if name in ("deferral", "pledge") else state.applicant.name,
        blocks=tuple(
            Numbered(lines_of(sources, list_of(text))) if list_of(text) else Text(text)
            for text in fill_paragraphs(template.paragraphs, values)
        ),
        facts=facts_of(sources), appeal=fill(template.appeal, values), dated=dated, signatures=_signatures(name, state),
        enquiries=sources.phone,
    )  # fmt: skip


def template_of(kind: PaperKind, item: Item, state: CaseState | None = None) -> PaperTemplate:
    """The county's words for this item, its words for all, ours; what was only taken in is not called accepted."""
    if kind == "receipt" and state is not None and state.accepted_at is None:
        return TAKEN_IN
    return paper_template(kind, item.item_code) or DEFAULTS[kind]


def kind_of(name: str, state: CaseState) -> PaperKind:
    """Which words the paper of this name has for this case: a decision that grants or one that denies."""
    if name == "decision":
        return "decision_granted" if state.decision and state.decision.granted else "decision_denied"
    return cast("PaperKind", name)


def _taken_in(state: CaseState, entries: Sequence[Entry]) -> Entry:
    """The acceptance, or what opened the case: whoever did it issues the receipt."""
    accepted = [entry for entry in entries if isinstance(entry.body, b.CaseAccepted)]
    return accepted[-1] if accepted else entries[0]


def _basis(act: Entry | None) -> str:
    body = act.body if act else None
    return body.basis if isinstance(body, b.CaseRefused | b.CaseDecided) else ""


def _signatures(name: str, state: CaseState) -> tuple[str, ...]:
    """Lines to sign on, and the day."""
    day = _("Date")
    if name in ("deferral", "pledge"):
        return (_("Who promises (signature or seal)"), _("Taken in by"), day)
    if name == "delivery":
        return (_("Receiver (signature or seal)"), _("Handed out by"), day)
    return (_("Received by (signature)"), day)
