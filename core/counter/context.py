"""What every page knows: who looks at it, where they stand, what they may open, how the network is."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from core.domain.journal import clock
from core.domain.journal.place import Here, NotEnrolled, here
from core.domain.staff.actors import Actor
from core.domain.staff.models import User
from core.domain.staff.selectors import actor_anywhere, actor_at

from .network import network


def page(request: HttpRequest) -> dict[str, Any]:
    """Names for all templates: `actor`, `place`, `navigation`, `network` (None where there is none), `training_today`
    (None where the times are real)."""
    where = place_here()
    actor = actor_of(request, where)
    return {
        "actor": actor,
        "place": where,
        "navigation": navigation(actor, request.path),
        # A county that practises must never be taken for one whose times are real.
        "training_today": clock.today() if os.environ.get(clock.TRAINING_CLOCK) else None,
        # Lazy: an error page drawn because the database is away must not ask it again.
        "network_url": reverse("counter:network") if where and settings.NETWORK_STATE else "",
        "network": SimpleLazyObject(lambda: network(where)) if where and settings.NETWORK_STATE else None,
    }


def place_here() -> Here | None:
    """The place this page belongs to; None on the county's own host and on a machine that is not enrolled."""
    try:
        return here()
    except NotEnrolled:
        return None


def actor_of(request: HttpRequest, where: Here | None) -> Actor | None:
    """Who is logged in, with the roles they have here (on the county's host: anywhere)."""
    known = getattr(request, "actor", None)
    if isinstance(known, Actor):
        return known
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    if where is None:
        return actor_anywhere(user)
    return actor_at(user, tenant_code=where.tenant, service_point=where.service_point)


def navigation(actor: Actor | None, path: str) -> list[dict[str, Any]]:
    """The entries of settings.NAVIGATION this person may open on this host, in order."""
    if actor is None:
        return []
    entries = []
    for entry in settings.NAVIGATION:
        if entry["roles"] and not actor.has(*entry["roles"]):
            continue
        try:
            url = reverse(entry["url_name"])
        except NoReverseMatch:
            continue  # a page of the other host: the console's on a hall's name, or the other way round
        active = path == url or (url != "/" and path.startswith(url))
        count = import_string(entry["count"])(actor) if "count" in entry else 0
        named = {"label": gettext(entry["label"]), "url": url, "icon": entry["icon"]}
        entries.append({**named, "active": active, "count": count})
    return entries
