"""Why the registry says no: domain words with data; `str()` is the sentence for the reader, in their language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.exchange.enrolment import RequestDamaged


class RegistryError(Exception):
    """Base; `code` is stable and travels to the machine that asked, `status` is HTTP's."""

    code = "registry_error"
    status = 409


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "Y-m-d H:i")


def _day(day: date) -> str:
    return date_format(day, "Y-m-d")


@dataclass
class CodeUnknown(RegistryError):
    """No such code was ever issued, or it was typed wrongly."""

    code = "code_unknown"
    status = 403

    def __str__(self) -> str:
        return _("This enrolment code is not known. Check it for typing errors, or ask the county for a new one.")


@dataclass
class CodeExpired(RegistryError):
    expired_at: datetime
    code = "code_expired"
    status = 403

    def __str__(self) -> str:
        return _("This enrolment code expired at %(at)s. Ask the county for a new one.") % {
            "at": _moment(self.expired_at)
        }


@dataclass
class CodeUsed(RegistryError):
    used_at: datetime
    code = "code_used"
    status = 403

    def __str__(self) -> str:
        return _(
            "This enrolment code was used by another machine at %(at)s. If that was not you, tell the county at once."
        ) % {"at": _moment(self.used_at)}


@dataclass
class TooManyAttempts(RegistryError):
    minutes: int
    code = "too_many_attempts"
    status = 429

    def __str__(self) -> str:
        return _("Too many wrong codes. Wait %(minutes)s minutes and try again.") % {"minutes": self.minutes}


@dataclass
class ServicePointUnknown(RegistryError):
    service_point: str
    code = "service_point_unknown"
    status = 404

    def __str__(self) -> str:
        return _("There is no service point %(code)s. Provision its town first.") % {"code": self.service_point}


@dataclass
class ServicePointInactive(RegistryError):
    service_point: str
    name: str
    code = "service_point_inactive"

    def __str__(self) -> str:
        return _("Service point %(name)s (%(code)s) is closed. Open it again before a machine is enrolled there.") % {
            "name": self.name,
            "code": self.service_point,
        }


@dataclass
class ServicePointDiffers(RegistryError):
    asked: str
    issued: str
    code = "service_point_differs"

    def __str__(self) -> str:
        return _("The machine asks for service point %(asked)s, but the code was issued for %(issued)s.") % {
            "asked": self.asked,
            "issued": self.issued,
        }


@dataclass
class IdentityTaken(RegistryError):
    """The keys belong to another node: the disk was cloned."""

    node: str
    code = "identity_taken"

    def __str__(self) -> str:
        return _(
            "This machine has the keys of node %(node)s: its disk was copied. Run enrol with --new-keys in an empty "
            "node folder; nothing was changed."
        ) % {"node": self.node}


@dataclass
class NodeUnknown(RegistryError):
    node: str
    code = "node_unknown"
    status = 404

    def __str__(self) -> str:
        return _("There is no node %(node)s.") % {"node": self.node}


@dataclass
class StaffUnknown(RegistryError):
    user: str
    code = "staff_unknown"
    status = 404

    def __str__(self) -> str:
        return _("There is no account %(user)s.") % {"user": self.user}


@dataclass
class AccountExists(RegistryError):
    user: str
    code = "account_exists"

    def __str__(self) -> str:
        return _("There is an account %(user)s already. Choose another staff code.") % {"user": self.user}


class OwnAccount(RegistryError):
    """Nobody shuts themselves out: the last administrator would be gone."""

    code = "own_account"

    def __str__(self) -> str:
        return _("You cannot take away your own account or administrator role. Ask another administrator to do it.")


@dataclass
class OwnSubstitute(RegistryError):
    user: str
    code = "own_substitute"

    def __str__(self) -> str:
        return _("Nobody stands in for themselves. Choose another person.")


@dataclass
class SubstituteShut(RegistryError):
    user: str
    code = "substitute_shut"

    def __str__(self) -> str:
        return _("The account %(user)s is shut. Open it again, or choose another person.") % {"user": self.user}


@dataclass
class SubstitutionBackwards(RegistryError):
    since: date
    until: date
    code = "substitution_backwards"

    def __str__(self) -> str:
        return _("The last day is before the first one.")


@dataclass
class SubstitutionPast(RegistryError):
    since: date
    today: date
    code = "substitution_past"

    def __str__(self) -> str:
        return _(
            "A substitution begins today, %(today)s, or later: what was done in the past cannot be entitled now."
        ) % {"today": _day(self.today)}


@dataclass
class SubstitutionTooLong(RegistryError):
    days: int
    most: int
    code = "substitution_too_long"

    def __str__(self) -> str:
        return _(
            "These are %(days)s days; a substitution lasts %(most)s days at most. Whoever is away for longer is "
            "succeeded: give the post itself to another person."
        ) % {"days": self.days, "most": self.most}


@dataclass
class SubstituteAway(RegistryError):
    """Who is to stand in is away themselves on some of the days."""

    user: str
    since: date
    until: date
    code = "substitute_away"

    def __str__(self) -> str:
        return _("%(user)s is away too, from %(since)s to %(until)s. Choose another person or other days.") % {
            "user": self.user,
            "since": _day(self.since),
            "until": _day(self.until),
        }


@dataclass
class SubstitutionOverlaps(RegistryError):
    """The same person stands in already on some of the days."""

    user: str
    since: date
    until: date
    code = "substitution_overlaps"

    def __str__(self) -> str:
        return _("%(user)s stands in already from %(since)s to %(until)s. End that first, or choose other days.") % {
            "user": self.user,
            "since": _day(self.since),
            "until": _day(self.until),
        }


@dataclass
class NothingToLend(RegistryError):
    """The officer has none of these posts, or the substitute has them all."""

    user: str
    code = "nothing_to_lend"

    def __str__(self) -> str:
        return _("There is no post to stand in for: %(user)s has each of them already, or none was chosen.") % {
            "user": self.user
        }


@dataclass
class ReviewedByThem(RegistryError):
    """Cases wait for a decision that only the absent officer or the substitute could take, who reviewed them."""

    user: str
    department: str
    cases: tuple[str, ...]
    code = "reviewed_by_them"

    def __str__(self) -> str:
        return _(
            "%(user)s reviewed cases that wait for this decision, and nobody else could decide them: %(cases)s. "
            "Who reviewed a case does not decide it: choose another person."
        ) % {"user": self.user, "cases": _few(self.cases)}


@dataclass
class SubstitutionUnknown(RegistryError):
    substitution: int
    code = "substitution_unknown"
    status = 404

    def __str__(self) -> str:
        return _("This substitution has ended already.")


@dataclass
class AddressInvalid(RegistryError):
    field: str
    value: str
    code = "address_invalid"

    def __str__(self) -> str:
        return _("%(value)s cannot be the %(field)s of a machine.") % {"field": self.field, "value": self.value}


def _few(numbers: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(numbers[:most]) + (" …" if len(numbers) > most else "")


def words_of(error: RegistryError | RequestDamaged) -> str:
    """The sentence for the reader; the exchange's own error gets its words here, because it knows no gettext."""
    if isinstance(error, RequestDamaged):
        return _("The request is damaged (%(detail)s). Make it again on the machine; nothing was changed.") % {
            "detail": error.detail
        }
    return str(error)


@dataclass
class RolloutRefused(RegistryError):
    """No version is offered, or withdrawn, in this way; `reason` is in the words of the program."""

    reason: str
    code = "rollout_refused"

    def __str__(self) -> str:
        return _("Not published: %(reason)s") % {"reason": self.reason}
