"""Login and logout. Wrong passwords are counted by django-axes; a locked account is told so in words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from ..refusals import refusal


class LoginForm(AuthenticationForm):
    """Staff code and password; the message does not say which of the two was wrong."""

    error_messages = {
        "invalid_login": gettext_lazy("This staff code and password do not belong together. Nothing was changed."),
        "inactive": gettext_lazy("This account is closed. Ask the county administrator."),
    }


class Login(LoginView):
    template_name = "account/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class Logout(LogoutView):
    next_page = "login"


@never_cache
def lockout(request: HttpRequest, response: Any = None, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """What axes answers after too many wrong passwords for one account from one address."""
    minutes = round(float(settings.AXES_COOLOFF_TIME) * 60)
    return refusal(
        request,
        status=429,
        title=_("Too many wrong passwords"),
        what=_("The password was wrong %(limit)d times in a row, so this account is locked on this machine.")
        % {"limit": settings.AXES_FAILURE_LIMIT},
        kept=_("Nothing was changed; the account is as it was."),
        todo=(
            _("Wait %(minutes)d minutes and try again.") % {"minutes": minutes},
            _("Forgotten? The county administrator can set a new password."),
        ),
    )
