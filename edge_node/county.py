"""Where the county's pages are, as far as this machine was told."""

from __future__ import annotations

from django.conf import settings

from .models import Enrolment


def county_address() -> str:
    """The county's address without a slash at the end (settings.COUNTY_ADDRESS): YIZHAN_COUNTY_URL where it is set,
    else the one this machine was enrolled at; "" where neither is known."""
    told: str = settings.COUNTY_URL or Enrolment.objects.values_list("county_url", flat=True).first() or ""
    return told.rstrip("/")
