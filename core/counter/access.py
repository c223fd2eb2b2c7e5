"""Who may open a page: somebody logged in, with a role at the place the page belongs to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from core.domain.journal.place import Here, here
from core.domain.staff.actors import Actor
from core.domain.staff.models import User
from core.domain.staff.selectors import actor_anywhere, actor_at

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of somebody who may do something here. `place` is not set on the county's own host."""

    user: User
    actor: Actor
    place: Here


class NoRoleHere(Exception):
    """The account has none of the roles the page needs at this place; becomes the 403 page that says so."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def at_place(*roles: str) -> Callable[[View[P]], Door[P]]:
    """The view runs with `request.place` and `request.actor` for people with one of these roles here (none named:
    any role). Raises NotEnrolled, NoRoleHere; anonymous people go to the login page."""

    def guard(view: View[P]) -> Door[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            staff = cast("StaffRequest", request)
            staff.place = here()
            staff.actor = actor_at(staff.user, tenant_code=staff.place.tenant, service_point=staff.place.service_point)
            _role_require(staff.actor, roles, staff.place.name)
            return view(staff, *args, **kwargs)

        return guarded

    return guard


def in_county(*roles: str) -> Callable[[View[P]], Door[P]]:
    """The same for pages of the county's console: the roles one has anywhere count, `request.place` is not set."""

    def guard(view: View[P]) -> Door[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            staff = cast("StaffRequest", request)
            staff.actor = actor_anywhere(staff.user)
            _role_require(staff.actor, roles, "")
            return view(staff, *args, **kwargs)

        return guarded

    return guard


def _to_login(request: HttpRequest) -> HttpResponseBase:
    """The login page, and back afterwards. A part of a page must not be replaced by it, so htmx loads it whole."""
    details = request.htmx  # type: ignore[attr-defined]
    if not details:
        return redirect_to_login(request.get_full_path())
    target = redirect_to_login(details.current_url_abs_path or "/")
    response = HttpResponse(status=401)
    response["HX-Redirect"] = target.url
    return response


def _role_require(actor: Actor, roles: tuple[str, ...], place: str) -> None:
    if not (actor.has(*roles) if roles else actor.roles):
        raise NoRoleHere(place)
