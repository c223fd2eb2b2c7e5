"""What a service refuses, said to the person at the counter: what happened and what to do. Nothing was changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.domain.cases import errors as e
from core.domain.cases.identity import InvalidIdentity
from core.domain.cases.lifecycle import IllegalTransition
from core.domain.cases.numbering import SerialExhausted
from core.domain.catalogue.authority import FORWARD, Authority, Denied
from core.domain.catalogue.selectors import department_name, department_names, division_name
from core.domain.journal.place import CORE

from . import wording
from .timeline import day_words

#: What `refusal_words` has words for; a view catches these around a service.
REFUSALS = (e.CaseRefusal, InvalidIdentity, IllegalTransition, SerialExhausted)


def refusal_words(error: Exception) -> str:
    """One or two sentences in the reader's language. Raises KeyError for what is not in REFUSALS."""
    return _WORDS[type(error)](error)


def _not_custodian(error: e.NotCustodian) -> str:
    holder = holder_name(error.custodian)
    return _("The case is with %(holder)s now; only they can go on with it.") % {"holder": holder}


def _role_missing(error: e.RoleMissing) -> str:
    roles = _(" or ").join(wording.word(wording.ROLE, role) for role in error.roles)
    return _("This step is for: %(roles)s. Your account does not have that role here.") % {"roles": roles}


def _stage_open(error: e.StageOpen) -> str:
    names = _(", ").join(sorted(department_names(error.departments).values()))
    return _("The stage still waits for the opinion of %(names)s.") % {"names": names}


def _illegal(error: IllegalTransition) -> str:
    status = wording.status_word(error.status)
    return _("This step is not possible while the case is “%(status)s”. Reload the page.") % {"status": status}


def _not_allowed(error: e.MaterialNotAllowed) -> str:
    how = wording.word(wording.HOW, error.how)
    return _("%(material)s: “%(how)s” is not allowed for this material.") % {"material": error.material, "how": how}


def _too_late(error: e.DeferralTooLate) -> str:
    return _("%(material)s: give a date from today to %(latest)s, the limit of the item.") % {
        "material": error.material, "latest": day_words(error.latest),
    }  # fmt: skip


def _extension(error: e.ExtensionRefused) -> str:
    if error.reason == "too_long":
        return _("The limit may be extended by 1 to %(most)d working days.") % {"most": error.most}
    return wording.word(wording.EXTENSION, error.reason)


def _rated(error: e.RatedAlready) -> str:
    if not error.visit:
        return _("This case has its rating already. Thank you.")
    visit = day_words(date.fromisoformat(error.visit))
    return _("The visit of %(day)s has its rating already. Thank you.") % {"day": visit}


_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    InvalidIdentity: lambda error: wording.word(wording.IDENTITY, error.reason),
    IllegalTransition: _illegal,
    SerialExhausted: lambda error: _(
        "This counter has given out all numbers of the day. Take the phone number and call tomorrow."
    ),
    e.NotCustodian: _not_custodian,
    e.NotDevolved: lambda error: denied_words(error.reason, error.fallback, error.department),
    e.RoleMissing: _role_missing,
    e.SamePerson: lambda error: _(
        "Whoever reviewed a case may not decide it (two-post rule). Another approver must decide."
    ),
    e.MaterialsMissing: lambda error: _("Still missing: %(names)s.") % {"names": _(", ").join(error.materials)},
    e.MaterialNotAllowed: _not_allowed,
    e.DeferralTooLate: _too_late,
    e.FieldInvalid: lambda error: f"{error.label}: {wording.word(wording.FIELD_RULE, error.rule)}",
    e.StageOpen: _stage_open,
    e.NoReview: lambda error: _("The case cannot be decided before its review stages are through."),
    e.ItemUnavailable: lambda error: (
        wording.word(wording.DENIED, error.reason) + _(". Nothing was taken in; what you typed is kept.")
    ),
    e.ItemChanged: lambda error: _(
        "The item was changed since you began. Compare the form below with it and send it once more."
    ),
    e.CaseUnknown: lambda error: _("This case is not kept on this machine."),
    e.DeemedAccepted: lambda error: _(
        "Nobody answered within five working days, so by law the case counts as accepted since %(day)s (Art. 32)."
        " It can only be accepted now."
    ) % {"day": day_words(error.since)},
    e.NoticeGiven: lambda error: _(
        "The applicant was told on %(day)s what is missing; a second notice is not allowed (Art. 32)."
    ) % {"day": day_words(error.on)},
    e.NotYetDue: lambda error: _(
        "The applicant has until %(day)s to bring what is missing; the case cannot lapse before."
    ) % {"day": day_words(error.due)},
    e.DeferralOpen: lambda error: _(
        "Nothing is granted before what was to follow is in: %(names)s. Record the material first."
    ) % {"names": _(", ").join(error.materials)},
    e.DeferralNotMissed: lambda error: _("No day a material was promised for has gone by: this cause does not apply."),
    e.ReasonMissing: lambda error: wording.word(wording.REASON_FOR, error.act),
    e.ExtensionRefused: _extension,
    e.CertificateMissing: lambda error: _(
        "%(material)s: choose or type the number of the certificate that stands for it."
    ) % {"material": error.material},
    e.AgentIncomplete: lambda error: wording.word(wording.AGENT, error.field),
    e.AppointmentMissing: lambda error: _(
        "“%(stage)s” is done by all departments together: set day and place first."
    ) % {"stage": error.stage},
    e.ProcedureUnknown: lambda error: _(
        "Choose the procedure that stops the clock and say how many days it will take (1 to 366)."
    ),
    e.ReceiverUnproven: lambda error: wording.word(wording.RECEIVER, error.reason),
    e.RatedAlready: _rated,
    e.RatingInvalid: lambda error: wording.word(wording.RATING_REFUSED, error.reason),
}  # fmt: skip


def denied_words(reason: str, fallback: str, department: str, level: str = "") -> str:
    """Why this place may not, and what it may: 该事项未下放到本村,可收件后转县民政局办理."""
    if reason == "not_devolved":
        where: str | Promise = wording.LEVEL_HERE.get(level, _("this place"))
        told = _("This item is not devolved to %(place)s") % {"place": where}
    else:
        told = wording.word(wording.DENIED, reason)
    if fallback != FORWARD:
        return told + _(".")
    return told + _("; take it in and pass it on to %(department)s.") % {"department": department_name(department)}


def authority_words(authority: Authority, level: str) -> str:
    """What this place may do with an item, and by which grant."""
    if isinstance(authority, Denied):
        return denied_words(authority.reason, authority.fallback, authority.department, level)
    order = ("accept", "review", "decide")
    powers = _(", ").join(wording.word(wording.POWER, power) for power in order if power in authority.powers)
    told = _("This place may: %(powers)s") % {"powers": powers}
    grant = authority.grant
    if grant is None:
        return told + _(" (the department's own seat).")
    basis = _(", by %(basis)s") % {"basis": grant.basis} if grant.basis else ""
    return told + _(" (%(mode)s%(basis)s).") % {"mode": wording.word(wording.MODE, grant.mode), "basis": basis}


def holder_name(node: str) -> str:
    """Who a custodian is to a person: the county, or the place of a service point."""
    return _("the county") if node == CORE else division_name(node.partition("-")[0])
