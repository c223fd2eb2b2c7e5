"""What entries say: one frozen struct a tag. The tag is the wire name and never changes its meaning.

Additions need defaults; a changed meaning is a new tag (docs/journal-protocol.md). No Django here.
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value inside a body."""


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="k"):
    """Base of all entry bodies; the tag travels as `k`."""


class Party(Value, frozen=True, kw_only=True):
    """An applicant 申请人: a person or an organisation, with the document that identifies them."""

    name: str
    kind: Literal["person", "organisation"] = "person"
    #: citizen_id (GB 11643), uscc (GB 32100), passport, other.
    id_type: str = "citizen_id"
    id_number: str = ""
    phone: str = ""
    address: str = ""


class Agent(Value, frozen=True, kw_only=True):
    """The person acting for the applicant 代办人."""

    name: str
    id_number: str = ""
    phone: str = ""
    authorisation: str = ""


class LimitValue(Value, frozen=True, kw_only=True):
    """A limit as it was when the case was accepted: `value` in `unit` (working_day, calendar_day, hour, immediate)."""

    value: int
    unit: str


class AttachmentRef(Value, frozen=True, kw_only=True):
    """A scanned material: `sealed` names the file that travels, `plain` proves what was inside (both SHA-256)."""

    sealed: bytes
    plain: bytes
    size: int
    media_type: str
    name: str = ""


class CaseOpened(Body, frozen=True, kw_only=True, tag="case.opened"):
    number: str
    item_code: str
    item_version: int
    service_point: str
    division: str
    applicant: Party
    situation: str = ""
    agent: Agent | None = None
    form: dict[str, str] = {}
    channel: str = "window"


class MaterialReceived(Body, frozen=True, kw_only=True, tag="material.received"):
    """Always rev 0: whoever stands at a counter may take a material in, whoever has the case."""

    material: str
    #: original, copy, electronic, certificate (replaced by a certificate already in the system).
    how: str
    count: int = 1
    attachments: tuple[AttachmentRef, ...] = ()
    note: str = ""
    #: The number of the certificate that stands for it.
    certificate: str = ""


class MaterialDeferred(Body, frozen=True, kw_only=True, tag="material.deferred"):
    material: str
    due: date
    commitment: str = ""


class MaterialPledged(Body, frozen=True, kw_only=True, tag="material.pledged"):
    material: str
    text: str = ""


class CaseSubmitted(Body, frozen=True, kw_only=True, tag="case.submitted"):
    pass


class CaseAccepted(Body, frozen=True, kw_only=True, tag="case.accepted"):
    legal: LimitValue
    promised: LimitValue
    service_point: str = ""
    #: Nobody answered within the five days: by law accepted from this day on, the day it was handed in (Art. 32).
    deemed_from: date | None = None


class CaseRefused(Body, frozen=True, kw_only=True, tag="case.refused"):
    reason: str
    basis: str = ""


class SupplementRequested(Body, frozen=True, kw_only=True, tag="supplement.requested"):
    lacking: tuple[str, ...]
    text: str = ""
    due: date | None = None


class SupplementReceived(Body, frozen=True, kw_only=True, tag="supplement.received"):
    pass


class CaseLapsed(Body, frozen=True, kw_only=True, tag="case.lapsed"):
    reason: str = ""


class StageOpened(Body, frozen=True, kw_only=True, tag="stage.opened"):
    stage: str
    name: str
    departments: tuple[str, ...]
    #: One act, one opinion: site_inspection 联合踏勘, drawing_review 联合审图, final_acceptance 联合验收.
    joint: str = ""


class AppointmentSet(Body, frozen=True, kw_only=True, tag="appointment.set"):
    """The departments of a joint stage meet then and there; a later one takes the place of the one before."""

    stage: str
    day: date
    place: str
    #: Of the county's wall clock, "09:30".
    time: str = ""
    text: str = ""


class OpinionRecorded(Body, frozen=True, kw_only=True, tag="opinion.recorded"):
    stage: str
    department: str
    verdict: Literal["pass", "return", "object"]
    text: str = ""
    #: A return names what is wrong: codes of materials, names of form fields.
    returned: tuple[str, ...] = ()
    #: The one opinion of a joint stage, for all its departments.
    joint: bool = False
    #: Staff code of the absent officer the actor stood in for.
    instead_of: str = ""


class ClockStopped(Body, frozen=True, kw_only=True, tag="clock.stopped"):
    #: hearing, tender, auction, inspection, testing, quarantine, appraisal, expert_review, publicity.
    procedure: str
    text: str = ""
    expected_days: int = 0


class ClockResumed(Body, frozen=True, kw_only=True, tag="clock.resumed"):
    pass


class ExtensionRequested(Body, frozen=True, kw_only=True, tag="extension.requested"):
    """Somebody who reviews asks whoever may approve it for more days of the legal limit."""

    days: int
    reason: str


class ExtensionDeclined(Body, frozen=True, kw_only=True, tag="extension.declined"):
    reason: str


class DeadlineExtended(Body, frozen=True, kw_only=True, tag="deadline.extended"):
    days: int
    reason: str
    approved_by: str = ""


class CaseDecided(Body, frozen=True, kw_only=True, tag="case.decided"):
    granted: bool
    department: str
    text: str = ""
    basis: str = ""
    result_number: str = ""
    instead_of: str = ""


class CaseCompleted(Body, frozen=True, kw_only=True, tag="case.completed"):
    pass


class ResultDelivered(Body, frozen=True, kw_only=True, tag="result.delivered"):
    #: window, agent, mail, locker, electronic.
    how: str
    receiver: str
    receiver_id: str = ""
    #: Of the mail, or the locker's number.
    tracking: str = ""
    #: What allows somebody other than the applicant to receive it.
    authorisation: str = ""


class CaseWithdrawn(Body, frozen=True, kw_only=True, tag="case.withdrawn"):
    reason: str = ""


class CaseTerminated(Body, frozen=True, kw_only=True, tag="case.terminated"):
    reason: str
    #: deferral_missed, applicant_gone, impossible, other ("" in entries that were written before there were causes).
    cause: str = ""


class CaseForwarded(Body, frozen=True, kw_only=True, tag="case.forwarded"):
    """Custody goes to node `to`, for `power` (accept, review, decide, deliver) by `department`."""

    to: str
    power: str
    department: str = ""
    reason: str = ""


class CustodyTaken(Body, frozen=True, kw_only=True, tag="custody.taken"):
    """The county takes the case from a lost or revoked node; only `core` may write it."""

    from_node: str
    reason: str


class CaseRated(Body, frozen=True, kw_only=True, tag="case.rated"):
    """Always rev 0. `score` 5 very satisfied .. 1 very dissatisfied (好差评)."""

    score: int
    reasons: tuple[str, ...] = ()
    text: str = ""
    #: The day of the visit it is about, "2026-11-21"; "" for the case as a whole.
    visit: str = ""
    #: The rating this one follows, after somebody had spoken with the applicant.
    second_of: UUID | None = None


class RatingFollowed(Body, frozen=True, kw_only=True, tag="rating.followed"):
    """Always rev 0. Somebody spoke with the applicant about a low rating (`step` contacted), or what came of it
    (settled)."""

    rating: UUID
    step: Literal["contacted", "settled"]
    text: str


class CaseUrged(Body, frozen=True, kw_only=True, tag="case.urged"):
    """Always rev 0: it changes nothing but who must answer. `level`: reminder 提醒, urging 催办, supervision 督办."""

    level: Literal["reminder", "urging", "supervision"]
    text: str
    #: Whom it is for; "" for whoever has the case.
    department: str = ""
    #: An answer is wanted by this day.
    due: date | None = None


class NoteAdded(Body, frozen=True, kw_only=True, tag="note.added"):
    """Always rev 0."""

    text: str
    #: The `case.urged` entry it answers.
    answers: UUID | None = None


class MembershipValue(Value, frozen=True, kw_only=True):
    tenant: str
    service_point: str
    department: str
    role: str
    #: Only on these days; with `instead_of`, the staff code of the officer who is away (替岗).
    since: date | None = None
    until: date | None = None
    instead_of: str = ""


class StaffGranted(Body, frozen=True, kw_only=True, tag="staff.granted"):
    """An account may be used at this node; `password` is the Argon2 hash, never the word."""

    code: str
    name: str
    password: str
    memberships: tuple[MembershipValue, ...]
    phone: str = ""


class StaffRevoked(Body, frozen=True, kw_only=True, tag="staff.revoked"):
    code: str


class PolicySet(Body, frozen=True, kw_only=True, tag="policy.set"):
    name: str
    value: str


class CardsChanged(Body, frozen=True, kw_only=True, tag="cards.changed"):
    """Signed cards (see format.Signed) to hold from now on, revoked ones among them."""

    cards: tuple[bytes, ...]


class TimeAnchored(Body, frozen=True, kw_only=True, tag="time.anchored"):
    """The county's clock when this was written, in milliseconds since 1970 (UTC), and the release in force there."""

    ms: int
    release: int = 0


class EntryFlagged(Body, frozen=True, kw_only=True, tag="entry.flagged"):
    """The county keeps the author's entry but does not agree with it."""

    entry: UUID
    flagged_case: UUID | None
    flag: str
    detail: str = ""


class CaseReleased(Body, frozen=True, kw_only=True, tag="case.released"):
    """The node has nothing more to do with this case and will hear no more of it."""

    released_case: UUID
    reason: str = ""


CaseBody = (
    CaseOpened
    | MaterialReceived
    | MaterialDeferred
    | MaterialPledged
    | CaseSubmitted
    | CaseAccepted
    | CaseRefused
    | SupplementRequested
    | SupplementReceived
    | CaseLapsed
    | StageOpened
    | AppointmentSet
    | OpinionRecorded
    | ClockStopped
    | ClockResumed
    | ExtensionRequested
    | ExtensionDeclined
    | DeadlineExtended
    | CaseDecided
    | CaseCompleted
    | ResultDelivered
    | CaseWithdrawn
    | CaseTerminated
    | CaseForwarded
    | CustodyTaken
    | CaseRated
    | RatingFollowed
    | CaseUrged
    | NoteAdded
)
NodeBody = StaffGranted | StaffRevoked | PolicySet | CardsChanged | TimeAnchored | EntryFlagged | CaseReleased
AnyBody = CaseBody | NodeBody

#: Entries that commute: they carry rev 0 and merge by id, in any order (sync.md, Custody).
COMMUTING = frozenset({"material.received", "case.rated", "rating.followed", "case.urged", "note.added"})


def kind_of(body: Body) -> str:
    """The body's tag, for example "case.accepted"."""
    return KINDS[type(body)]


KINDS: dict[type, str] = {kind: str(kind.__struct_config__.tag) for kind in AnyBody.__args__}
BODY_TYPES: dict[str, type] = {tag: kind for kind, tag in KINDS.items()}
