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
