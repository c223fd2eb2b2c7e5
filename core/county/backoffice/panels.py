"""The steps a person may take, as the page shows them: each with its form, what it leads to, and one of them open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.counter import wording
from core.counter.timeline import day_words
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Item

from . import offers
from .forms import FORMS, ActForm, Choices
from .offers import Offer
from .selectors import CasePicture
from .standing import Standing

Words = str | Promise


@dataclass(frozen=True)
class Look:
    """How an act is shown; `confirm` is asked before what cannot be taken back."""

    title: Words
    button: Words
    icon: str
    confirm: Words = ""
    main: bool = False


#: In the order of the page; the first that is offered and main is open, and so is an answer somebody waits for.
LOOKS: Final[dict[str, Look]] = {
    offers.ANSWER: Look(gettext_lazy("Answer"), gettext_lazy("Send the answer"), "send"),
    offers.ACCEPT: Look(gettext_lazy("Accept"), gettext_lazy("Accept"), "check", main=True),
    offers.SUPPLEMENT_IN: Look(gettext_lazy("Everything is in"), gettext_lazy("Everything is in"), "check", main=True),
    offers.LAPSE: Look(
        gettext_lazy("Close: not supplied in time"), gettext_lazy("Close the case"), "x",
        gettext_lazy("This ends the case. Close it?"), main=True,
    ),
    offers.EXTEND: Look(gettext_lazy("Approve more days"), gettext_lazy("Approve"), "check", main=True),
    offers.EXTEND_DECLINE: Look(gettext_lazy("Decline more days"), gettext_lazy("Decline"), "x"),
    offers.OPINION: Look(
        gettext_lazy("Give an opinion"), gettext_lazy("Record the opinion"), "signature", main=True
    ),
    offers.APPOINT: Look(
        gettext_lazy("Set the appointment"), gettext_lazy("Set the appointment"), "calendar", main=True
    ),
    offers.DECIDE: Look(
        gettext_lazy("Decide"), gettext_lazy("Decide"), "signature",
        gettext_lazy("The decision cannot be taken back. Send it?"), main=True,
    ),
    offers.RESUME: Look(
        gettext_lazy("The procedure is over"), gettext_lazy("Let the clock run again"), "refresh", main=True
    ),
    offers.SUPPLEMENT: Look(
        gettext_lazy("Something is missing"), gettext_lazy("Send the supplement notice"), "send"
    ),
    offers.REFUSE: Look(
        gettext_lazy("Do not accept"), gettext_lazy("Do not accept"), "x",
        gettext_lazy("This ends the case. Send the refusal?"),
    ),
    offers.STOP: Look(gettext_lazy("Special procedure: stop the clock"), gettext_lazy("Stop the clock"), "clock"),
    offers.EXTEND_ASK: Look(gettext_lazy("Ask for more days"), gettext_lazy("Ask the approver"), "calendar"),
    offers.URGE: Look(gettext_lazy("Remind, urge or supervise"), gettext_lazy("Send it"), "alert-triangle"),
    offers.NOTE: Look(gettext_lazy("Add a note"), gettext_lazy("Add the note"), "edit"),
    offers.WITHDRAW: Look(
        gettext_lazy("The applicant withdraws"), gettext_lazy("Record the withdrawal"), "arrow-back-up",
        gettext_lazy("This ends the case. Record it?"),
    ),
    offers.TERMINATE: Look(
        gettext_lazy("End without a decision"), gettext_lazy("End the case"), "x",
        gettext_lazy("This ends the case. End it?"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One step on the page."""

    act: str
    look: Look
    form: ActForm
    hint: str
    open: bool
    #: The one step most people come for; its button is the page's main one.
    first: bool


@dataclass(frozen=True)
class Desk:
    """What the forms and hints are made from."""

    state: CaseState
    item: Item
    standing: Standing
    offer: Offer
    picture: CasePicture


def form_for(act: str, desk: Desk, data: Any = None) -> ActForm:
    """The form of one act with what this case lets choose; bound with `data`."""
    more: dict[str, Any] = {"choices": _choices(act, desk)}
    if act == offers.DECIDE:
        more["overrules"] = bool(desk.standing.objecting)
    elif act == offers.EXTEND_ASK:
        more["most_days"] = desk.standing.most_days
    elif act == offers.APPOINT and desk.standing.joint and desk.standing.joint.appointment:
        now = desk.standing.joint.appointment
        more["initial"] = {"day": now.day, "time": now.time, "place": now.place, "text": now.text}
    return FORMS[act](data, prefix=act, **more)


def _choices(act: str, desk: Desk) -> dict[str, Choices]:
    chooser = _CHOICES.get(act)
    return chooser(desk) if chooser else {}


def _opinion(desk: Desk) -> dict[str, Choices]:
    names = desk.picture.departments
    return {"department": [(one, names.get(one, one)) for one in desk.offer.opinion_for], "returned": _returnable(desk)}


def _urge(desk: Desk) -> dict[str, Choices]:
    names, flow = desk.picture.departments, desk.picture.stages
    concerned = {desk.item.department}.union(line.department for stage in flow for line in stage.departments)
    return {
        "level": [(one, wording.word(wording.LEVEL, one)) for one in desk.offer.levels],
        "department": [("", _("whoever has the case")), *((one, names.get(one, one)) for one in sorted(concerned))],
    }


def _answer(desk: Desk) -> dict[str, Choices]:
    waiting = [line for line in desk.standing.urgings if line.key in desk.offer.answers]
    return {"urging": [(str(line.key), line.urging.text[:80]) for line in waiting]}


#: What an act's form lets choose, by the case.
_CHOICES: Final[dict[str, Callable[[Desk], dict[str, Choices]]]] = {
    offers.SUPPLEMENT: lambda desk: {
        "lacking": [(line.material.code, line.material.name) for line in desk.picture.materials]
    },
    offers.OPINION: _opinion,
    offers.STOP: lambda desk: {"procedure": list(wording.PROCEDURE.items())},
    offers.TERMINATE: lambda desk: {"cause": [(one, wording.word(wording.CAUSE, one)) for one in desk.offer.causes]},
    offers.URGE: _urge,
    offers.ANSWER: _answer,
}


def _returnable(desk: Desk) -> list[tuple[str, str]]:
    """What a return may name: the materials of the case, then the fields of the form."""
    materials = [(line.material.code, line.material.name) for line in desk.picture.materials]
    return [*materials, *((field.name, field.label) for field in desk.item.fields)]


def panels_of(desk: Desk, *, failed: ActForm | None = None, failed_act: str = "") -> list[Panel]:
    """The steps that are offered, in the order of LOOKS; `failed` is the refused form with what was typed."""
    offered = [act for act in LOOKS if act in desk.offer.acts]
    first = next((act for act in offered if LOOKS[act].main and not _answered(act, desk)), "")
    return [
        Panel(
            act=act, look=LOOKS[act], hint=_hint(act, desk), first=act == first,
            open=act in (first, failed_act, offers.ANSWER),
            form=failed if failed is not None and act == failed_act else form_for(act, desk),
        )
        for act in offered
    ]  # fmt: skip


def _answered(act: str, desk: Desk) -> bool:
    """Whether the act is only a change of what is done already."""
    joint = desk.standing.joint
    if act == offers.APPOINT:
        return joint is not None and joint.appointment is not None
    return act == offers.OPINION and bool(desk.offer.opinion_for) and set(desk.offer.opinion_for) <= set(
        desk.standing.returned
    )  # fmt: skip


def _hint(act: str, desk: Desk) -> str:
    """What the act leads to, where the button does not say it all."""
    standing = desk.standing
    if act == offers.ACCEPT and standing.deemed_from is not None:
        return _("The clocks run from %(day)s; that day is day 0.") % {"day": day_words(standing.deemed_from)}
    if act == offers.DECIDE and standing.owed:
        return _("It can be denied now; it can be granted once everything that was to follow is in.")
    if act == offers.DECIDE and standing.objecting:
        names = _(", ").join(desk.picture.departments.get(one, one) for one in standing.objecting)
        return _("%(names)s objects: granting needs your reasons in writing.") % {"names": names}
    if act == offers.DECIDE and desk.offer.immediate:
        return ""
    if act == offers.EXTEND_ASK:
        return _("The legal limit can be made longer once, by at most %(days)d working days; the promised limit stays."
                 ) % {"days": standing.most_days}  # fmt: skip
    return str(HINTS.get(act, ""))


HINTS: Final[dict[str, Words]] = {
    offers.ACCEPT: gettext_lazy("The clocks run from today; today is day 0."),
    offers.SUPPLEMENT_IN: gettext_lazy("The application counts as handed in from now."),
    offers.DECIDE: gettext_lazy(
        "All stages are through. You gave no opinion on this case, so you may decide it (two-post rule)."
    ),
    offers.RESUME: gettext_lazy("Today is a day 0 again; the days before the stop stay counted."),
    offers.STOP: gettext_lazy("Its days are not counted (Art. 45); the applicant gets a printed notice."),
    offers.EXTEND: gettext_lazy(
        "The legal limit grows; the promised limit stays, and the applicant is told (Art. 42)."
    ),
    offers.URGE: gettext_lazy("It changes nothing in the case; urging and supervision stay open until answered."),
    offers.LAPSE: gettext_lazy("The applicant may apply again at any time."),
}
