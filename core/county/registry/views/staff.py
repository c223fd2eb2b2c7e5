"""Pages of the county administrator: who works here, as what and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.counter.access import StaffRequest, in_county
from core.domain.catalogue.selectors import department_names
from core.domain.journal import clock
from core.domain.staff.models import Membership, User
from core.domain.staff.selectors import staff_names
from tenants.models import ServicePoint, Tenant

from ..errors import RegistryError, StaffUnknown, words_of
from ..forms import AccountForm, AwayForm, MembershipForm, NewAccountForm, PasswordForm
from ..models import Substitution
from ..services import accounts, substitute_appoint, substitute_end
from ..services.substitutes import LONGEST
from ..substitutes import away_today, posts_to_lend, substitutions_of

ROLE = "county_admin"
ROWS = 50


@require_GET
@in_county(ROLE)
def staff_list(request: StaffRequest) -> HttpResponse:
    text, tenant = request.GET.get("q", "").strip()[:60], request.GET.get("tenant", "")
    away, only_away = away_today(), request.GET.get("away", "") == "1"
    users = User.objects.order_by("-is_active", "code").prefetch_related("memberships")
    if text:
        users = users.filter(Q(code__icontains=text) | Q(name__icontains=text) | Q(phone__startswith=text))
    if tenant:
        users = users.filter(memberships__tenant_code=tenant).distinct()
    if only_away:
        users = users.filter(code__in=away)
    page = Paginator(users, ROWS).get_page(request.GET.get("page"))
    names = _names(row.substitute for rows in away.values() for row in rows)
    rows = [
        (user, _memberships([row for row in user.memberships.all() if not row.instead_of]),
         [_substitution(row, names) for row in away.get(user.code, [])])
        for user in page.object_list
    ]  # fmt: skip
    asked = (("q", text), ("tenant", tenant), ("away", "1" if only_away else ""))
    context = {"page": page, "rows": rows, "query": urlencode({name: value for name, value in asked if value}),
               "text": text, "tenant_code": tenant, "tenants": Tenant.objects.order_by("code"),
               "away_count": len(away), "only_away": only_away}  # fmt: skip
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
    except (ValidationError, RegistryError) as error:
        return _refused(request, code, name, form, error)
    messages.success(request, words)
    return redirect("registry:staff", code=code)


def _refused(
    request: StaffRequest, code: str, name: str, form: Form | None, error: ValidationError | RegistryError
) -> HttpResponse:  # fmt: skip
    """What was typed stands there again with the words of the refusal."""
    if isinstance(error, StaffUnknown) or form is None:
        if isinstance(error, ValidationError):
            raise error
        messages.error(request, words_of(error))
        return redirect("registry:staff_list") if isinstance(error, StaffUnknown) else redirect("registry:staff", code)
    form.add_error(name if name in form.fields else None, error if isinstance(error, ValidationError) else str(error))
    return _detail(request, code, **{name: form})


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


def _away(request: StaffRequest, code: str) -> _Handled:
    form = _away_form(code, request.POST)

    def act() -> None:
        data = form.cleaned_data
        substitute_appoint(
            away=code, substitute=data["substitute"], since=data["since"], until=data["until"], posts=data["posts"],
            by=request.actor.code,
        )  # fmt: skip

    return "away", form, act, _("The substitute is appointed; the nodes concerned are being told.")


def _away_end(request: StaffRequest, code: str) -> _Handled:
    given = request.POST.get("substitution", "")

    def act() -> None:
        substitute_end(substitution=int(given) if given.isdecimal() else 0, by=request.actor.code)

    return "", None, act, _("The substitution has ended; the nodes concerned are being told.")


_HANDLERS: dict[str, Callable[[StaffRequest, str], _Handled]] = {
    "change": _change,
    "password": _password,
    "grant": _grant,
    "withdraw": _withdraw,
    "away": _away,
    "away_end": _away_end,
    "activate": _active(True),
    "deactivate": _active(False),
}


def _detail(request: StaffRequest, code: str, **forms: Form) -> HttpResponse:
    user = User.objects.filter(code=code).first()
    if user is None:
        messages.error(request, _("There is no account %(user)s.") % {"user": code})
        return redirect("registry:staff_list")
    away, standing_in = substitutions_of(code)
    names = _names(one for row in (*away, *standing_in) for one in (row.away, row.substitute, row.appointed_by))
    context: dict[str, Any] = {
        "member": user,
        "memberships": _memberships(
            list(user.memberships.filter(instead_of="").order_by("tenant_code", "service_point", "role"))
        ),
        "absences": [_substitution(row, names) for row in away],
        "standing_in": [_substitution(row, names) for row in standing_in],
        "away": _away_form(code),
        "longest": LONGEST,
        "account": AccountForm(initial={"name": user.name, "phone": user.phone}),
        "password": PasswordForm(),
        "membership": MembershipForm(),
        "myself": user.code == request.actor.code,
    }
    return render(request, "registry/staff.html", context | forms, status=400 if forms else 200)


def _away_form(code: str, data: QueryDict | None = None) -> AwayForm:
    user = User.objects.filter(code=code).first()
    lines = _memberships(posts_to_lend(user)) if user else []
    posts = [
        (line["id"], " · ".join(filter(None, (line["role"], line["place"], line["department"])))) for line in lines
    ]
    others = User.objects.filter(is_active=True).exclude(code=code).order_by("name", "code")
    return AwayForm(data, posts=posts, people=[(one.code, str(one)) for one in others], today=clock.today())


def _names(codes: Iterable[str]) -> dict[str, str]:
    return staff_names(set(codes))


def _substitution(row: Substitution, names: dict[str, str]) -> dict[str, Any]:
    """Who, for whom, when, and in which posts, in words."""
    posts = [Membership(role=role, tenant_code=tenant, service_point=point, department=department)
             for role, tenant, point, department in row.posts]  # fmt: skip
    return {"row": row, "begun": row.since <= clock.today(), "posts": _memberships(posts),
            "away": names.get(row.away, row.away), "substitute": names.get(row.substitute, row.substitute),
            "by": names.get(row.appointed_by, row.appointed_by)}  # fmt: skip


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
