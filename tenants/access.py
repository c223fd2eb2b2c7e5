"""Who may open the console's pages about tenants: county administrators, on the county's host."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from core.domain.staff.models import Role, User
from core.domain.staff.selectors import actor_anywhere

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def county_admin_only(view: View[P]) -> View[P]:
    """The view runs for county administrators; others get the 403 page, anonymous people the login page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not actor_anywhere(cast("User", request.user)).has(Role.COUNTY_ADMIN):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return cast("Any", login_required(cast("Any", guarded)))  # type: ignore[no-any-return]
