"""What a service refuses, as domain words with data; nothing was changed when one is raised.

The wording for people lives in core/counter/wording.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


class CaseRefusal(Exception):
    """Base of every refusal of a case service."""


@dataclass
class NotCustodian(CaseRefusal):
    """Another node has the case; only it may move the case on."""

    number: str
    custodian: str


@dataclass
class NotDevolved(CaseRefusal):
    """The act needs a power this service point does not have for the item."""

    item_code: str
    service_point: str
    power: str
    reason: str
    fallback: str
    department: str


@dataclass
class RoleMissing(CaseRefusal):
    """The person's roles here do not include one the act needs."""

    actor: str
    roles: tuple[str, ...]


@dataclass
class SamePerson(CaseRefusal):
    """Two-post rule 一审一核: whoever reviewed the case may not decide it."""

    actor: str


@dataclass
class MaterialsMissing(CaseRefusal):
    """Required materials that were neither handed in, deferred, pledged nor replaced."""

    materials: tuple[str, ...]


@dataclass
class MaterialNotAllowed(CaseRefusal):
    """The item does not let this material be handed in that way (deferred, pledged, replaced by a certificate)."""

    material: str
    how: str


@dataclass
class DeferralTooLate(CaseRefusal):
    """A deferred material was promised for no day, a day gone by, or one after `latest`."""

    material: str
    latest: date


@dataclass
class FieldInvalid(CaseRefusal):
    """A form field's value breaks its rule. `rule`: required, choice, number, date, pattern, phone, too_long."""

    field: str
    label: str
    rule: str


@dataclass
class StageOpen(CaseRefusal):
    """A stage still waits for opinions of these departments (USCC)."""

    departments: tuple[str, ...]


@dataclass
class NoReview(CaseRefusal):
    """A promised item cannot be decided before its stages are through."""

    item_code: str


@dataclass
class ItemUnavailable(CaseRefusal):
    """The item is withdrawn, or not valid yet, in the release in force."""

    item_code: str
    reason: str


@dataclass
class ItemChanged(CaseRefusal):
    """The item has another version now than the one the form was filled in for."""

    item_code: str
    version: int
    current: int


@dataclass
class CaseUnknown(CaseRefusal):
    case_id: str


@dataclass
class DeemedAccepted(CaseRefusal):
    """Nobody answered within five working days: by law the case is accepted since it was handed in (Art. 32)."""

    since: date


@dataclass
class NoticeGiven(CaseRefusal):
    """The applicant was told once what to supplement; the law allows no second notice (Art. 32)."""

    on: date


@dataclass
class NotYetDue(CaseRefusal):
    """The applicant still has until `due` (a day); nothing lapses before."""

    due: date


@dataclass
class DeferralOpen(CaseRefusal):
    """Nothing is granted while materials that were to follow are missing."""

    materials: tuple[str, ...]


@dataclass
class DeferralNotMissed(CaseRefusal):
    """No date a material was promised for has gone by."""


@dataclass
class ReasonMissing(CaseRefusal):
    """The act needs words. `act`: refuse, deny, overrule, return, returned, object, appoint, note, stop, extend,
    terminate, withdraw, urge, follow_up, supplement."""

    act: str


@dataclass
class ExtensionRefused(CaseRefusal):
    """`reason`: used (once a case), too_long (`most` days), not_asked, overdue."""

    reason: str
    most: int = 0


@dataclass
class CertificateMissing(CaseRefusal):
    """A material replaced by a certificate needs the certificate's number."""

    material: str


@dataclass
class AgentIncomplete(CaseRefusal):
    """Whoever acts for the applicant gives name, identity number and what authorises them. `field`: name, id_number,
    authorisation."""

    field: str


@dataclass
class AppointmentMissing(CaseRefusal):
    """The departments of a joint stage have not been called together yet."""

    stage: str


@dataclass
class ProcedureUnknown(CaseRefusal):
    """None of the procedures that stop the clock (Art. 45), or no number of days."""

    procedure: str


@dataclass
class ReceiverUnproven(CaseRefusal):
    """`reason`: name, id_number, authorisation (somebody else than applicant and agent), tracking."""

    reason: str


@dataclass
class RatedAlready(CaseRefusal):
    """The case, or this visit, has its rating; `visit` is its day ("2026-11-21"), "" for the case."""

    visit: str


@dataclass
class RatingInvalid(CaseRefusal):
    """`reason`: score (1 to 5), reasons (a low rating names at least one), unknown (no such rating), contact (nobody
    has spoken with the applicant yet), settled (the follow-up is closed), too_long."""

    reason: str
