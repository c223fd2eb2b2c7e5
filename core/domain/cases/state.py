"""The state of a case: what its entries add up to, the same bytes on every machine. No Django here."""

from __future__ import annotations

import hashlib
from datetime import date
from uuid import UUID

import msgspec

from ..journal.bodies import Agent, AttachmentRef, LimitValue, Party
from . import lifecycle


class Fact(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A value inside the state; `at` is hybrid logical time, `by` a staff code, `node` where it was written."""


class MaterialFact(Fact, kw_only=True):
    how: str
    count: int
    at: int
    by: str
    node: str
    attachments: tuple[AttachmentRef, ...] = ()
    note: str = ""
    certificate: str = ""


class Deferral(Fact, kw_only=True):
    due: date
    at: int
    commitment: str = ""


class Pledge(Fact, kw_only=True):
    at: int
    text: str = ""


class Opinion(Fact, kw_only=True):
    verdict: str
    by: str
    at: int
    node: str
    text: str = ""
    returned: tuple[str, ...] = ()
    instead_of: str = ""


class Appointment(Fact, kw_only=True):
    day: date
    place: str
    at: int
    by: str
    time: str = ""
    text: str = ""


class StageState(Fact, kw_only=True):
    """`opinions` by department; the one opinion of a joint stage stands under each of its departments."""

    code: str
    name: str
    departments: tuple[str, ...]
    opened_at: int
    opinions: dict[str, Opinion] = {}
    joint: str = ""
    appointment: Appointment | None = None


class Stop(Fact, kw_only=True):
    procedure: str
    from_at: int
    to_at: int | None = None
    text: str = ""


class ExtensionAsked(Fact, kw_only=True):
    """Waits for somebody who may approve it."""

    days: int
    reason: str
    at: int
    by: str


class Extension(Fact, kw_only=True):
    days: int
    at: int
    by: str
    reason: str = ""


class Decision(Fact, kw_only=True):
    granted: bool
    department: str
    by: str
    at: int
    node: str
    text: str = ""
    basis: str = ""
    result_number: str = ""
    instead_of: str = ""


class Delivery(Fact, kw_only=True):
    how: str
    receiver: str
    by: str
    at: int
    node: str
    receiver_id: str = ""
    tracking: str = ""
    authorisation: str = ""


class Supplement(Fact, kw_only=True):
    lacking: tuple[str, ...]
    at: int
    by: str
    text: str = ""
    due: date | None = None
    answered_at: int | None = None


class NoteFact(Fact, kw_only=True):
    text: str
    by: str
    at: int
    node: str
    answers: UUID | None = None


class Urging(Fact, kw_only=True):
    level: str
    text: str
    by: str
    at: int
    node: str
    department: str = ""
    due: date | None = None


class FollowUp(Fact, kw_only=True):
    rating: UUID
    step: str
    text: str
    by: str
    at: int
    node: str


class RatingFact(Fact, kw_only=True):
    score: int
    at: int
    by: str
    reasons: tuple[str, ...] = ()
    text: str = ""
    visit: str = ""
    second_of: UUID | None = None


class Routing(Fact, kw_only=True):
    """Where custody was sent last and for which power."""

    to: str
    power: str
    department: str
    at: int
    by: str
    reason: str = ""


class CaseState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything a case's entries say. Keys of `notes`, `ratings`, `follow_ups`, `urgings`, and below each material
    of `materials`, are entry ids (hex)."""

    id: UUID
    number: str
    item_code: str
    item_version: int
    release: int
    status: str
    rev: int
    custodian: str
    opened_by: str
    opened_at: int
    clerk: str
    service_point: str
    division: str
    applicant: Party
    situation: str = ""
    agent: Agent | None = None
    form: dict[str, str] = {}
    channel: str = "window"
    parties: frozenset[str] = frozenset()
    materials: dict[str, dict[str, MaterialFact]] = {}
    deferrals: dict[str, Deferral] = {}
    pledges: dict[str, Pledge] = {}
    legal: LimitValue | None = None
    promised: LimitValue | None = None
    submitted_at: int | None = None
    accepted_at: int | None = None
    accepted_by: str = ""
    accepted_point: str = ""
    #: The clocks run from this day in place of the day of acceptance: nobody had answered in time (Art. 32).
    deemed_from: date | None = None
    stages: tuple[StageState, ...] = ()
    stops: tuple[Stop, ...] = ()
    extensions: tuple[Extension, ...] = ()
    extension_asked: ExtensionAsked | None = None
    supplement: Supplement | None = None
    resume_to: str = ""
    decision: Decision | None = None
    completed_at: int | None = None
    delivery: Delivery | None = None
    routing: Routing | None = None
    ended_at: int | None = None
    reason: str = ""
    cause: str = ""
    notes: dict[str, NoteFact] = {}
    ratings: dict[str, RatingFact] = {}
    follow_ups: dict[str, FollowUp] = {}
    urgings: dict[str, Urging] = {}
    updated_at: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in lifecycle.OPEN

    @property
    def stage(self) -> StageState | None:
        """The stage opened last."""
        return self.stages[-1] if self.stages else None


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes", order="deterministic")
_decoder = msgspec.msgpack.Decoder(CaseState)


def state_bytes(state: CaseState) -> bytes:
    """The canonical form: two copies that applied the same entries have the same bytes."""
    return _encoder.encode(state)


def state_decode(data: bytes) -> CaseState:
    return _decoder.decode(data)


def state_hash(data: bytes) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(data).digest()
