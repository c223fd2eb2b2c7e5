"""Pages of the county administrator: who works here, as what and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.counter.access import StaffRequest, in_county
from core.domain.catalogue.selectors import department_names
from core.domain.staff.models import Membership, User
from tenants.models import ServicePoint, Tenant

from ..errors import RegistryError, StaffUnknown, words_of
from ..forms import AccountForm, MembershipForm, NewAccountForm, PasswordForm
from ..services import accounts

ROLE = "county_admin"
ROWS = 50


@require_GET
@in_county(ROLE)
def staff_list(request: StaffRequest) -> HttpResponse:
    text, tenant = request.GET.get("q", "").strip()[:60], request.GET.get("tenant", "")
    users = User.objects.order_by("-is_active", "code").prefetch_related("memberships")
    if text:
        users = users.filter(Q(code__icontains=text) | Q(name__icontains=text) | Q(phone__startswith=text))
    if tenant:
        users = users.filter(memberships__tenant_code=tenant).distinct()
    page = Paginator(users, ROWS).get_page(request.GET.get("page"))
    rows = [(user, _memberships(list(user.memberships.all()))) for user in page.object_list]
    chosen = {name: value for name, value in (("q", text), ("tenant", tenant)) if value}
    context = {"page": page, "rows": rows, "query": urlencode(chosen), "text": text, "tenant_code": tenant,
               "tenants": Tenant.objects.order_by("code")}  # fmt: skip
    return render(request, "registry/staff_list.html", context)


@require_http_methods(["GET", "POST"])
@in_county(ROLE)
def staff_new(request: StaffRequest) -> HttpResponse:
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            accounts.account_create(
                code=data["code"], name=data["name"], phone=data["phone"], password=data["password"]
            )
            messages.success(request, _("The account stands. Now give it a role."))
            return redirect("registry:staff", code=data["code"])
        except ValidationError as error:
            form.add_error("password", error)
        except RegistryError as error:
            form.add_error("code", words_of(error))
    return render(request, "registry/staff_new.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
@in_county(ROLE)
def staff(request: StaffRequest, code: str) -> HttpResponse:
    return _detail(request, code)


@require_POST
@in_county(ROLE)
def staff_change(request: StaffRequest, code: str, what: str) -> HttpResponse:
    """One of the page's forms was sent: `what` names which."""
    handler = _HANDLERS.get(what)
    if handler is None:
        return redirect("registry:staff", code=code)
    name, form, act, words = handler(request, code)
    if form is not None and not form.is_valid():
        return _detail(request, code, **{name: form})
    try:
        act()
    except ValidationError as error:
        if form is not None:
            form.add_error(None if name not in form.fields else name, error)
            return _detail(request, code, **{name: form})
        raise
    except RegistryError as error:
        messages.error(request, words_of(error))
        if isinstance(error, StaffUnknown):
            return redirect("registry:staff_list")
        return redirect("registry:staff", code=code)
    messages.success(request, words)
    return redirect("registry:staff", code=code)


_Handled = tuple[str, Form | None, Callable[[], None], str]


def _change(request: StaffRequest, code: str) -> _Handled:
    form = AccountForm(request.POST)

    def act() -> None:
        data = form.cleaned_data
        accounts.account_change(code=code, name=data["name"], phone=data["phone"], by=request.actor.code)

    return "account", form, act, _("The account is changed; its nodes are being told.")


def _password(request: StaffRequest, code: str) -> _Handled:
    form = PasswordForm(request.POST)

    def act() -> None:
        accounts.account_set_password(code=code, password=form.cleaned_data["password"], by=request.actor.code)

    return "password", form, act, _("The new password counts here at once, and at each node as soon as it hears of it.")


def _grant(request: StaffRequest, code: str) -> _Handled:
    form = MembershipForm(request.POST)

    def act() -> None:
        data = form.cleaned_data
        accounts.account_grant(
            code=code, role=data["role"], tenant_code=data["tenant_code"], service_point=data["service_point"],
            department=data["department"], by=request.actor.code,
        )  # fmt: skip

    return "membership", form, act, _("The role is given; the nodes concerned are being told.")


def _withdraw(request: StaffRequest, code: str) -> _Handled:
    given = request.POST.get("membership", "")

    def act() -> None:
        accounts.account_withdraw(code=code, membership=int(given) if given.isdecimal() else 0, by=request.actor.code)

    return "", None, act, _("The role is taken away; the nodes concerned are being told.")


def _active(active: bool) -> Callable[[StaffRequest, str], _Handled]:
    def handle(request: StaffRequest, code: str) -> _Handled:
        def act() -> None:
            accounts.account_set_active(code=code, active=active, by=request.actor.code)

        words = (
            _("The account may log in again.") if active else _("The account can no longer log in, here or at a node.")
        )
        return "", None, act, words

    return handle


_HANDLERS: dict[str, Callable[[StaffRequest, str], _Handled]] = {
    "change": _change,
    "password": _password,
    "grant": _grant,
    "withdraw": _withdraw,
    "activate": _active(True),
    "deactivate": _active(False),
}


def _detail(request: StaffRequest, code: str, **forms: Form) -> HttpResponse:
    user = User.objects.filter(code=code).first()
    if user is None:
        messages.error(request, _("There is no account %(user)s.") % {"user": code})
        return redirect("registry:staff_list")
    context: dict[str, Any] = {
        "member": user,
        "memberships": _memberships(list(user.memberships.order_by("tenant_code", "service_point", "role"))),
        "account": AccountForm(initial={"name": user.name, "phone": user.phone}),
        "password": PasswordForm(),
        "membership": MembershipForm(),
        "myself": user.code == request.actor.code,
    }
    return render(request, "registry/staff.html", context | forms, status=400 if forms else 200)


def _memberships(rows: list[Membership]) -> list[dict[str, Any]]:
    """Each role with its place and department in words."""
    tenants = dict(Tenant.objects.filter(code__in={row.tenant_code for row in rows}).values_list("code", "name"))
    points = dict(ServicePoint.objects.filter(code__in={row.service_point for row in rows}).values_list("code", "name"))
    departments = department_names({row.department for row in rows if row.department})
    return [
        {
            "id": row.pk,
            "role": row.get_role_display(),
            "place": points.get(row.service_point) or tenants.get(row.tenant_code) or _("The whole county"),
            "department": departments.get(row.department, ""),
        }
        for row in rows
    ]
