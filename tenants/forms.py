"""The form that makes a town a tenant: names, address, administrators."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.domain.staff.models import User
from tenants.errors import NotASlug
from tenants.models import Domain, Tenant
from tenants.naming import hall_name_of, slug_of
from tenants.provisioning import Administrator, domain_of
from tenants.selectors import HallDivision, slugs_taken
from tenants.services import administrator_code_of
from tenants.wording import error_words

MAX_ADMINISTRATORS = 10


class TownForm(forms.Form):
    """Names and address of one division that is to be a tenant."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    hall_name = forms.CharField(label=gettext_lazy("Name of the hall, as printed on receipts"), max_length=100)
    slug = forms.CharField(label=gettext_lazy("Web address"), max_length=50)
    villages = forms.BooleanField(label=gettext_lazy("Create the village service points"), required=False)

    def __init__(self, *args: Any, division: HallDivision, **kwargs: Any) -> None:
        self.division = division
        super().__init__(*args, **kwargs)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].strip().lower()
        if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", slug):
            raise ValidationError(error_words(NotASlug(slug)))
        own = Tenant.objects.filter(code=self.division.code, slug=slug).exists()
        if not own and slug in slugs_taken():
            owner = Domain.objects.select_related("tenant").filter(domain=domain_of(slug)).first()
            raise ValidationError(
                _("“%(host)s” is already the address of %(owner)s. Choose another one.")
                % {"host": domain_of(slug), "owner": owner.tenant.name if owner else _("the county console")}
            )
        return slug


class AdministratorForm(forms.Form):
    """Who runs the hall. An account that exists keeps its name and password."""

    code = forms.CharField(label=gettext_lazy("Staff code"), max_length=32)
    name = forms.CharField(label=gettext_lazy("Name of the person"), max_length=60)
    password = forms.CharField(
        label=gettext_lazy("Password"), max_length=128, required=False, strip=False, widget=forms.PasswordInput
    )

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip()
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", code):
            raise ValidationError(_("A staff code takes only letters, digits, dots, hyphens and underscores."))
        return code

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password, User(code=self.cleaned_data.get("code", ""), name=""))
        return password


if TYPE_CHECKING:
    Rows = forms.BaseFormSet[AdministratorForm]
else:
    Rows = forms.BaseFormSet  # takes a parameter in the type stubs only


class BaseAdministrators(Rows):
    """At least one administrator, none twice; rows left empty are passed over."""

    def clean(self) -> None:
        codes = [form.cleaned_data["code"] for form in self.forms if form.is_valid() and form.cleaned_data]
        if len(set(codes)) < len(codes):
            raise ValidationError(_("The same staff code stands in two rows."))

    def administrators(self) -> list[Administrator]:
        return [
            Administrator(
                code=form.cleaned_data["code"],
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password"] or None,
            )
            for form in self.forms
            if form.cleaned_data
        ]


Administrators: type[BaseAdministrators] = forms.formset_factory(  # type: ignore[assignment]
    AdministratorForm, formset=BaseAdministrators, extra=0, min_num=1, max_num=MAX_ADMINISTRATORS, validate_max=True
)


def town_form(division: HallDivision) -> TownForm:
    """The form filled with the usual names, or with the names the tenant has."""
    tenant = Tenant.objects.filter(code=division.code).first()
    initial = {
        "name": tenant.name if tenant else division.name,
        "hall_name": tenant.hall_name if tenant else hall_name_of(division.name, county=division.level == "county"),
        "slug": tenant.slug if tenant else slug_of(division.name, taken=slugs_taken()),
        "villages": True,
    }
    return TownForm(initial=initial, division=division)


def administrators_form(town: TownForm) -> BaseAdministrators:
    """One row with the usual staff code."""
    return Administrators(initial=[{"code": administrator_code_of(str(town.initial["slug"]))}], prefix="admin")
