"""The limits the county sets for all its machines: what each means, and between which values it makes sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import PolicyValue


@dataclass(frozen=True)
class PolicyKind:
    """`least` and `most` in `unit`; `help` says what follows from it."""

    name: str
    label: str | Promise
    unit: str | Promise
    least: int
    most: int
    help: str | Promise


DAYS, WORKING_DAYS, HOURS = _("days"), _("working days"), _("hours")
KINDS: Final = (
    PolicyKind(
        "supplement_days", _("Answer to a supplement notice"), WORKING_DAYS, 1, 60,
        _("So long an applicant may take to supply what the notice lists, where the item names no time of its own."),
    ),
    PolicyKind(
        "rating_follow_up_days", _("Follow-up of a low rating"), WORKING_DAYS, 1, 30,
        _("Within this time somebody has spoken with the applicant who rated 1 or 2, and it is settled."),
    ),
    PolicyKind(
        "catalogue_max_age_days", _("Oldest catalogue to decide by"), DAYS, 1, 365,
        _("A machine that has not heard for longer that its catalogue is in force takes in and passes on, no more."),
    ),
    PolicyKind(
        "clock_max_age_hours", _("Oldest word on the time"), HOURS, 1, 24 * 90,
        _("A machine that has not heard the county's clock for longer marks its entries as of uncertain time."),
    ),
    PolicyKind(
        "retention_days", _("Sent files are kept"), DAYS, 7, 365,
        _("So long a machine keeps what it sent, to give it back to a county restored from a backup."),
    ),
)  # fmt: skip
BY_NAME: Final = {kind.name: kind for kind in KINDS}


def policy_value(name: str) -> int | None:
    """What the county set; None where it did not, and the settings' value counts."""
    return PolicyValue.objects.filter(name=name).values_list("value", flat=True).first()
