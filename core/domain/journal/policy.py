"""Limits the county may set from afar, with the settings' values where it did not."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from .models import Policy
from .rows import rows_insert

#: Names `policy.set` may carry, and the setting each stands for. All are whole numbers.
POLICIES: Final = {
    "catalogue_max_age_days": "CATALOGUE_MAX_AGE_DAYS",
    "clock_max_age_hours": "CLOCK_MAX_AGE_HOURS",
    "retention_days": "RETENTION_DAYS",
    "supplement_days": "SUPPLEMENT_DAYS",
    "rating_follow_up_days": "RATING_FOLLOW_UP_DAYS",
}


def policy(name: str) -> int:
    """The value in force here. Raises KeyError for a name that is no policy."""
    default = getattr(settings, POLICIES[name])
    # The core sets policies, it is not set any: its settings are the county's word.
    if not settings.POLICIES_FROM_COUNTY:
        return int(default)
    value = Policy.objects.filter(name=name).values_list("value", flat=True).first()
    return int(value) if value is not None else int(default)


def policy_set(name: str, value: str) -> bool:
    """The county's value is in force; False, and nothing changed, for a name or a value that is none."""
    if name not in POLICIES or not value.isdigit():
        return False
    rows_insert(Policy, ("name", "value"), [(name, value)], unique=("name",), update=("value",))
    return True
