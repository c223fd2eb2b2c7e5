"""Limits the county may set from afar, with the settings' values where it did not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

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
    if settings.POLICIES_FROM_COUNTY:
        value = _sent_value(name)
    else:
        # The core sets policies, it is sent none: the console keeps what it set.
        value = _county_value(name)
    return int(default) if value is None else value


def _sent_value(name: str) -> int | None:
    value = Policy.objects.filter(name=name).values_list("value", flat=True).first()
    return None if value is None else int(value)


def _county_value(name: str) -> int | None:
    if not settings.COUNTY_POLICIES:
        return None
    return cast("Callable[[str], int | None]", import_string(settings.COUNTY_POLICIES))(name)


def policy_set(name: str, value: str) -> bool:
    """The county's value is in force; False, and nothing changed, for a name or a value that is none."""
    if name not in POLICIES or not value.isdigit():
        return False
    rows_insert(Policy, ("name", "value"), [(name, value)], unique=("name",), update=("value",))
    return True
