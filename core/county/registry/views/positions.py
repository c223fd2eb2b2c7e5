"""Where a service point stands: two fields, for the map of the county."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.counter.access import StaffRequest, in_county
from tenants.models import ServicePoint
from tenants.positions import Position, PositionInvalid, position_read, position_set, position_words

ROLES = ("county_admin", "operator")


class PositionForm(forms.Form):
    """Degrees as somebody types or pastes them; both empty: nobody knows where it stands."""

    longitude = forms.CharField(
        label=gettext_lazy("Longitude (degrees east)"), max_length=20, required=False,
        help_text=gettext_lazy("About 73 to 136, 112.951380 say."),
    )  # fmt: skip
    latitude = forms.CharField(
        label=gettext_lazy("Latitude (degrees north)"), max_length=20, required=False,
        help_text=gettext_lazy("About 3 to 54, 27.778900 say."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs |= {"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        try:
            values["position"] = position_read(values.get("longitude", ""), values.get("latitude", ""))
        except PositionInvalid as error:
            self.add_error(error.field, position_words(error))
        return values


@require_http_methods(["GET", "POST"])
@in_county(*ROLES)
def position(request: StaffRequest, code: str) -> HttpResponse:
    """Shows the position and takes another one."""
    point = ServicePoint.objects.filter(code=code).first()
    if point is None:
        messages.error(request, _("There is no service point %(code)s here.") % {"code": code})
        return redirect("registry:points")
    known = {"longitude": _text(point.longitude), "latitude": _text(point.latitude)}
    form = PositionForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_bound and form.is_valid():
        found: Position | None = form.cleaned_data["position"]
        position_set(code=code, position=found)
        messages.success(request, _("The position of %(name)s is kept.") % {"name": point.name})
        return redirect("registry:point", code=code)
    status = 400 if form.is_bound else 200
    return render(request, "registry/position.html", {"point": point, "form": form}, status=status)


def _text(value: object) -> str:
    return "" if value is None else str(value)
