"""Forms of the staff pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.domain.catalogue.models import Department
from core.domain.staff.models import Role
from tenants.models import ServicePoint, Tenant

#: Roles that only mean something for a department.
OF_A_DEPARTMENT = frozenset({Role.REVIEWER.value, Role.APPROVER.value})
#: Roles that only mean something for the whole county.
OF_THE_COUNTY = frozenset({Role.COUNTY_ADMIN.value, Role.OPERATOR.value})
WHOLE_COUNTY = "county"


def _css(field: forms.Field) -> str:
    if isinstance(field.widget, forms.CheckboxSelectMultiple):
        return "form-check-input"
    return "form-select" if isinstance(field, forms.ChoiceField) else "form-control"


class _Form(forms.Form):
    """Fields look as everywhere, and are found by label and error whatever other form stands on the page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"id_{type(self).__name__.lower()}_%s"} | kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = _css(field)


class AccountForm(_Form):
    """Name and phone of an account."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=20, required=False)


class PasswordForm(_Form):
    """A password typed twice would only be copied; it is shown while it is typed and handed over in person."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=128,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("At least 8 characters. Hand it over in person; it is kept only as a hash."),
    )


class NewAccountForm(AccountForm, PasswordForm):
    """A new account with its staff code."""

    code = forms.RegexField(
        label=gettext_lazy("Staff code"),
        regex=r"^(?!new$)[a-z0-9][a-z0-9._-]{1,31}$",
        help_text=gettext_lazy("Used to log in: small letters, digits, dot, hyphen; it never changes."),
    )
    field_order = ("code", "name", "phone", "password")


class MembershipForm(_Form):
    """A role at a place: the county, a town with all its windows, or one service point."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    place = forms.ChoiceField(label=gettext_lazy("Place"))
    department = forms.ChoiceField(
        label=gettext_lazy("Department"), required=False, help_text=gettext_lazy("For reviewers and approvers.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place, department = self.fields["place"], self.fields["department"]
        assert isinstance(place, forms.ChoiceField) and isinstance(department, forms.ChoiceField)
        place.choices = place_choices()
        names = [(row.uscc, str(row)) for row in Department.objects.order_by("name")]
        department.choices = [("", "—"), *names]

    def clean(self) -> dict[str, Any]:
        """Role, place and department fit each other; `tenant_code` and `service_point` are what the place means."""
        data: dict[str, Any] = super().clean() or {}
        role, place = data.get("role", ""), data.get("place", "")
        if role in OF_A_DEPARTMENT and not data.get("department"):
            self.add_error("department", _("A reviewer or approver works for a department: choose it."))
        if role not in OF_A_DEPARTMENT:
            data["department"] = ""
        if role in OF_THE_COUNTY and place and place != WHOLE_COUNTY:
            self.add_error("place", _("This role is for the whole county."))
        tenant, _slash, point = place.partition("/")
        data["tenant_code"], data["service_point"] = ("", "") if place == WHOLE_COUNTY else (tenant, point)
        return data


class AwayForm(_Form):
    """Who stands in for an officer, on which days, in which of their posts."""

    substitute = forms.ChoiceField(label=gettext_lazy("Who stands in"))
    since = forms.DateField(label=gettext_lazy("First day"))
    until = forms.DateField(label=gettext_lazy("Last day"))
    posts = forms.TypedMultipleChoiceField(
        label=gettext_lazy("In these posts"), coerce=int, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one post.")},
    )  # fmt: skip

    def __init__(
        self, *args: Any, posts: Sequence[tuple[int, str]], people: Sequence[tuple[str, str]], today: date,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        substitute, chosen = self.fields["substitute"], self.fields["posts"]
        assert isinstance(substitute, forms.ChoiceField) and isinstance(chosen, forms.ChoiceField)
        substitute.choices, chosen.choices = [("", _("Choose a person")), *people], list(posts)
        # All posts, unless somebody takes one out.
        self.initial.setdefault("posts", [pk for pk, _words in posts])
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(
                attrs={"type": "date", "class": "form-control", "min": today.isoformat()}, format="%Y-%m-%d"
            )


def place_choices() -> list[tuple[str, Any]]:
    """The whole county, then each town with its service points; values: "county", "<tenant>", "<tenant>/<point>"."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for point in ServicePoint.objects.filter(active=True).order_by("code"):
        groups.setdefault(point.tenant_code, []).append((f"{point.tenant_code}/{point.code}", point.name))
    choices: list[tuple[str, Any]] = [(WHOLE_COUNTY, _("The whole county"))]
    for tenant in Tenant.objects.order_by("code"):
        everywhere = (tenant.code, _("%(name)s, all windows") % {"name": tenant.name})
        choices.append((tenant.name, [everywhere, *groups.get(tenant.code, [])]))
    return choices
