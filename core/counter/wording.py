"""The words for every code the programs use, in one place. Chinese stands in the locale catalogue.

Codes come from other machines too: one this program does not know yet is shown as it is, never an error.
"""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.domain.cases import deadlines as d
from core.domain.cases import lifecycle as s
from core.domain.catalogue import authority as a

from . import act_words

Words = dict[str, str | Promise]

STATUS: Final[Words] = {
    s.DRAFT: _("Being filled in"),
    s.SUBMITTED: _("Taken in"),
    s.AWAITING_SUPPLEMENT: _("Waiting for what is missing"),
    s.ACCEPTED: _("Accepted"),
    s.REFUSED: _("Not accepted"),
    s.LAPSED: _("Lapsed"),
    s.UNDER_REVIEW: _("Under review"),
    s.SUSPENDED: _("Clock stopped"),
    s.DECIDED: _("Decided"),
    s.COMPLETED: _("Ready to hand out"),
    s.DELIVERED: _("Handed out"),
    s.WITHDRAWN: _("Withdrawn"),
    s.TERMINATED: _("Terminated"),
}
_TONES: Final = {
    s.AWAITING_SUPPLEMENT: "waiting", s.SUSPENDED: "waiting", s.COMPLETED: "done", s.DELIVERED: "done",
    s.REFUSED: "ended", s.LAPSED: "ended", s.WITHDRAWN: "ended", s.TERMINATED: "ended",
}  # fmt: skip

LIGHT: Final[Words] = {
    d.GREEN: _("in time"),
    d.AMBER: _("due soon"),
    d.RED: _("overdue"),
    d.DONE: _("done in time"),
}
#: Why a day of the deadline ledger counts or not.
DAY_RULE: Final[Words] = {
    d.COUNTED: _("working day"),
    d.DAY_ZERO: _("day of acceptance"),
    d.WEEKEND: _("weekend"),
    d.HOLIDAY: _("public holiday"),
    d.MAKE_UP: _("worked weekend day"),
    d.STOPPED: _("special procedure, clock stopped"),
    d.UNPUBLISHED: _("weekday (the year's calendar is not published yet)"),
}
ENTRY_KIND: Final[Words] = {
    "case.opened": _("Application opened"),
    "material.received": _("Material handed in"),
    "material.deferred": _("Material to follow"),
    "material.pledged": _("Material pledged"),
    "case.submitted": _("Application handed in"),
    "case.accepted": _("Accepted"),
    "case.refused": _("Not accepted"),
    "supplement.requested": _("Supplement notice"),
    "supplement.received": _("Supplement complete"),
    "case.lapsed": _("Lapsed"),
    "stage.opened": _("Stage opened"),
    "appointment.set": _("Appointment"),
    "opinion.recorded": _("Opinion"),
    "clock.stopped": _("Clock stopped"),
    "clock.resumed": _("Clock running again"),
    "extension.requested": _("Extension asked for"),
    "extension.declined": _("Extension declined"),
    "deadline.extended": _("Deadline extended"),
    "case.decided": _("Decided"),
    "case.completed": _("Completed"),
    "result.delivered": _("Result handed out"),
    "case.withdrawn": _("Withdrawn by the applicant"),
    "case.terminated": _("Terminated"),
    "case.forwarded": _("Passed on"),
    "custody.taken": _("Taken over by the county"),
    "case.rated": _("Rated"),
    "rating.followed": _("Low rating followed up"),
    "case.urged": _("Urged"),
    "note.added": _("Note"),
    "staff.granted": _("Account of a member of staff"),
    "staff.revoked": _("Account closed"),
    "policy.set": _("Setting of the machine"),
    "cards.changed": _("Machines' cards"),
    "time.anchored": _("The county's clock"),
    "entry.flagged": _("The county's mark on an entry"),
    "case.released": _("Case released from the machine"),
}
DENIED: Final[Words] = {
    a.NOT_DEVOLVED: _("This item is not devolved to this place"),
    a.WITHDRAWN: _("This item was withdrawn and can no longer be applied for"),
    a.NOT_YET_VALID: _("This item is not in force yet"),
    a.CATALOGUE_STALE: _("The catalogue on this machine is too old to decide by"),
    "power_missing": _("This place may not do this step of the item"),
}
POWER: Final[Words] = {
    a.ACCEPT: _("accept"), a.REVIEW: _("review"), a.DECIDE: _("decide"), "deliver": _("hand out the result"),
}  # fmt: skip
MODE: Final[Words] = {
    "direct": _("devolved directly"),
    "entrusted": _("devolved by entrustment"),
    "front_loaded": _("service moved forward: accept and check"),
}
OUTCOME: Final[Words] = {
    "accept": _("Accept"),
    "accept_deferred": _("Accept, something follows"),
    "finish": _("Finish on the spot"),
    "forward": _("Take in and pass on"),
    "supplement": _("Issue a supplement notice"),
}
HOW: Final[Words] = {
    "received": _("handed in"),
    "original": _("original"),
    "copy": _("copy"),
    "electronic": _("electronic"),
    "certificate": _("replaced by certificate"),
    "deferred": _("to follow later"),
    "pledged": _("replaced by pledge"),
}
DELIVERY: Final[Words] = {
    "window": _("at the window"),
    "agent": _("brought by the village agent"),
    "mail": _("by mail"),
    "locker": _("in a locker"),
    "electronic": _("electronically"),
}
#: Why a case ended without a decision.
CAUSE: Final[Words] = {
    "deferral_missed": _("what was to follow did not come in time"),
    "applicant_gone": _("the applicant died or was dissolved"),
    "impossible": _("the matter has become impossible"),
    "other": _("another reason"),
}
#: How strongly somebody was asked to move a case on.
LEVEL: Final[Words] = {"reminder": _("reminder"), "urging": _("urging"), "supervision": _("supervision")}
#: What the departments of a stage do together.
JOINT: Final[Words] = {
    "site_inspection": _("joint site inspection"),
    "drawing_review": _("joint review of drawings"),
    "final_acceptance": _("joint final acceptance"),
}
#: Scores of 好差评, by score as text or number.
RATING: Final[Words] = {
    "5": _("very satisfied"), "4": _("satisfied"), "3": _("fairly satisfied"), "2": _("dissatisfied"),
    "1": _("very dissatisfied"),
}  # fmt: skip
RATING_REASON: Final[Words] = {
    "fast": _("quick"),
    "friendly": _("friendly"),
    "clear": _("clear explanations"),
    "one_visit": _("done in one visit"),
    "near_home": _("done near home"),
    "slow": _("too slow"),
    "unfriendly": _("unfriendly"),
    "unclear": _("explained badly, or not all at once"),
    "many_visits": _("had to come several times"),
    "extra_materials": _("materials asked for that the guide does not name"),
    "illegal_fee": _("a fee that is not allowed"),
    "other": _("something else"),
}
#: What was done about a low rating.
FOLLOW_UP: Final[Words] = {"contacted": _("spoke with the applicant"), "settled": _("settled")}
#: What authorises whoever acts for the applicant.
AUTHORISATION: Final[Words] = {
    "letter": _("letter of authorisation"),
    "family": _("family relationship"),
    "village_register": _("village agent's register"),
}
VERDICT: Final[Words] = {"pass": _("pass"), "return": _("return"), "object": _("object")}
PROCEDURE: Final[Words] = {
    "hearing": _("hearing"),
    "tender": _("tender"),
    "auction": _("auction"),
    "inspection": _("inspection"),
    "testing": _("testing"),
    "quarantine": _("quarantine"),
    "appraisal": _("appraisal"),
    "expert_review": _("expert review"),
    "publicity": _("publicity period"),
}
IDENTITY: Final[Words] = {
    "length": _("The number must have 18 characters"),
    "format": _("The number consists of 17 digits and a digit or X"),
    "date": _("The date of birth in the number does not exist"),
    "check": _("The last character does not fit the others: please compare with the card"),
    "InvalidLength": _("A credit code has 18 characters"),
    "InvalidFormat": _("A credit code consists of digits and capital letters without I, O, S, V, Z"),
    "InvalidChecksum": _("The last character does not fit the others: please compare with the certificate"),
    "InvalidComponent": _("This is not a credit code: please compare with the certificate"),
}
FIELD_RULE: Final[Words] = {
    "required": _("Please fill this in"),
    "choice": _("Please choose one of the list"),
    "number": _("Digits only, please"),
    "date": _("Please give a date, for example 2026-11-21"),
    "pattern": _("This is not in the form that is asked for"),
    "phone": _("Please give a mobile number of 11 digits, or a landline with area code"),
    "too_long": _("This is longer than can be kept, or holds a character that cannot be kept"),
}
#: What an act still needs words for (ReasonMissing.act).
REASON_FOR: Final[Words] = {
    "refuse": _("Please write why the application is not accepted."),
    "deny": _("Please write why it is denied: a denial must be reasoned (Art. 38)."),
    "overrule": _("A department objects: please write why it is granted all the same."),
    "return": _("Please write why the case is returned."),
    "object": _("Please write what speaks against it."),
    "returned": _("Please mark what is wrong: materials or fields of the form."),
    "stop": _("Please write what the procedure is about: the applicant is told in writing (Art. 45)."),
    "extend": _("Please write the reason: the applicant is told (Art. 42)."),
    "terminate": _("Please write why the case ends without a decision."),
    "withdraw": _("Please write why the applicant withdraws."),
    "urge": _("Please write what is urged."),
    "follow_up": _("Please write what was said, or what came of it."),
    "supplement": _("Please mark what is missing: the notice is given once and lists everything."),
    "appoint": _("Please write where the departments meet."),
    "note": _("Please write the note."),
}
#: Why a result may not be handed out like this (ReceiverUnproven.reason).
RECEIVER: Final[Words] = {
    "name": _("Please write who receives the result."),
    "id_number": _("Please type the identity number of the receiver from their card."),
    "authorisation": _(
        "This is neither the applicant nor the person acting for them: write what authorises the receiver."
    ),
    "tracking": _("Please write the tracking number of the mail, or the number of the locker."),
}
#: Why more days are not given (ExtensionRefused.reason).
EXTENSION: Final[Words] = {
    "used": _("The limit was extended before; the law allows it once (Art. 42)."),
    "not_asked": _("Nobody has asked for an extension, or it was answered already."),
    "overdue": _("The legal limit has gone by: it can no longer be extended."),
}
#: Why a rating, or a follow-up, was not taken (RatingInvalid.reason).
RATING_REFUSED: Final[Words] = {
    "score": _("Please choose one of the five levels."),
    "reasons": _("Please mark at least one reason, or write what was wrong: only then can it be put right."),
    "unknown": _("There is no such rating, or it needs no follow-up."),
    "contact": _("Speak with the applicant first and write down what was said."),
    "settled": _("This rating was followed up to its end."),
    "too_long": _("This is longer than can be kept, or holds something that cannot be kept."),
}
#: What an agent's form still lacks (AgentIncomplete.field).
AGENT: Final[Words] = {
    "name": _("Please write the name of the person acting for the applicant."),
    "id_number": _("Please type the identity number of the person acting for the applicant."),
    "authorisation": _("Please choose what authorises them to act for the applicant."),
}
FLAG: Final[Words] = {
    "not_custodian": _("Written by a machine that did not have the case"),
    "conflict": _("Two machines wrote the same step; the other one counts"),
    "illegal_transition": _("Outside the procedure, counted all the same"),
    "no_authority": _("Decided without the power to do so"),
    "unknown_case": _("Belongs to a case that is not known"),
    "unknown_item": _("Names an item, or a version of it, that was never published"),
    "clock_uncertain": _("The machine's clock was not certain"),
    "number_reused": _("The case number was used twice"),
    "number_foreign": _("The case number is not one of the machine that opened the case"),
    "not_a_case": _("Does not belong to any case"),
}
#: Why a stream stands still (journal errors and held reasons).
HELD: Final[Words] = {
    "damaged": _("a file arrived damaged"),
    "needs_upgrade": _("this machine's program is too old for what was sent"),
    "bad_signature": _("a signature is wrong"),
    "unknown_author": _("the sender is not known here"),
    "card_refused": _("the sender's card is revoked or has run out"),
    "broken_chain": _("a file does not follow the one before"),
    "gap": _("a file is still on its way"),
    "fork": _("two machines write under one name"),
    "bad_seal": _("a file is not sealed to this machine"),
    "wrong_stream": _("a file lies in the wrong folder"),
    "entry_too_large": _("an entry is larger than allowed"),
    "segment_lost": _("a file was lost and must be sent again"),
    "wrong_author": _("an entry names another author"),
}
UNIT: Final[Words] = {
    "working_day": _("working days"),
    "calendar_day": _("calendar days"),
    "hour": _("hours"),
    "immediate": _("on the spot"),
}
SOURCE: Final[Words] = {
    "applicant": _("the applicant brings it"),
    "department": _("government departments hold it"),
    "third_party": _("a third party issues it"),
}
ITEM_KIND: Final[Words] = {"immediate": _("on the spot"), "promised": _("with a promised limit")}
NECESSITY: Final[Words] = {
    "required": _("needed"), "optional": _("if available"), "situation": _("in this situation"),
}  # fmt: skip
FORM: Final[Words] = {
    "1": _("window"), "2": _("web"), "3": _("mobile"), "4": _("mail"), "9": _("other"),
}  # fmt: skip
SERVICE_OBJECT: Final[Words] = {
    "1": _("natural persons"), "2": _("companies"), "3": _("public institutions"), "4": _("associations"),
    "5": _("agencies"), "6": _("others"),
}  # fmt: skip
SEX: Final[Words] = {"M": _("male"), "F": _("female")}
ID_TYPE: Final[Words] = {
    "citizen_id": _("citizen identity card"),
    "uscc": _("unified social credit code"),
    "passport": _("passport"),
    "other": _("other document"),
}
ROLE: Final[Words] = {
    "clerk": _("counter clerk"), "village_agent": _("village agent"), "reviewer": _("reviewer"),
    "approver": _("approver"), "supervisor": _("supervisor"), "county_admin": _("county administrator"),
    "operator": _("operator"),
}  # fmt: skip
LEVEL_HERE: Final[Words] = {
    "village": _("this village"), "town": _("this town"), "county": _("this county"),
}  # fmt: skip

#: Every table by the name templates use: {{ code|word:"STATUS" }}.
TABLES: Final[dict[str, Words]] = {
    name: table
    for name, table in [*globals().items(), *vars(act_words).items()]
    if name.isupper() and isinstance(table, dict)
}


def word(words: Words, code: str | int) -> str:
    """The words for a code; the code itself where a later program wrote one this page does not know yet."""
    return str(words.get(str(code), code))


def status_word(status: str) -> str:
    return word(STATUS, status)


def status_tone(status: str) -> str:
    """The class that colours a status: open, waiting, done, ended."""
    return _TONES.get(status, "open")


def light_word(light: str) -> str:
    return word(LIGHT, light)
