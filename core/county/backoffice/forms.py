"""The forms of a case's page: one an act."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from . import offers

VERDICTS = [
    ("pass", _("Pass: nothing speaks against it")),
    ("return", _("Return: look at it again; the stage stays open for your department")),
    ("object", _("Object: your reasons go to whoever decides")),
]
OUTCOMES = [("yes", _("Grant the application")), ("no", _("Deny the application"))]


def _text(label: Any, *, required: bool = True, rows: int = 3, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": rows})
    return forms.CharField(label=label, required=required, max_length=2000, widget=widget, help_text=help_text)


def _line(label: Any, *, help_text: Any = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control"})
    return forms.CharField(label=label, required=False, max_length=200, widget=widget, help_text=help_text)


class PlainForm(forms.Form):
    """An act that needs no words."""


class RefuseForm(forms.Form):
    reason = _text(_("Reason"), help_text=_("The applicant reads it in the written notice."))
    basis = _line(_("Legal basis"))


class SupplementForm(forms.Form):
    """One notice lists everything: chosen materials, and words for what is wrong with them."""

    lacking = forms.MultipleChoiceField(label=_("What is missing or must be corrected"))
    text = _text(_("What exactly"), help_text=_("The law allows one notice: name everything that is missing in it."))

    def __init__(self, *args: Any, materials: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["lacking"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = materials


class OpinionForm(forms.Form):
    department = forms.ChoiceField(label=_("For the department"))
    verdict = forms.ChoiceField(label=_("Opinion"), choices=VERDICTS)
    text = _text(_("Reasons"), required=False, help_text=_("Needed unless you pass it."))

    def __init__(self, *args: Any, departments: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["department"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = departments

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("verdict") in ("return", "object") and not data.get("text", "").strip():
            self.add_error("text", ValidationError(_("Say why: whoever reads the opinion must know what to change.")))
        return data


class DecideForm(forms.Form):
    granted = forms.ChoiceField(label=_("Decision"), choices=OUTCOMES)
    result_number = _line(_("Number of the result"), help_text=_("As it stands on the certificate or approval."))
    text = _text(_("Reasons"), required=False, help_text=_("Needed if you deny it; the notice prints them."))
    basis = _line(_("Legal basis"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("granted") == "no" and not data.get("text", "").strip():
            self.add_error("text", ValidationError(_("A denial needs its reasons in writing.")))
        return data


class NoteForm(forms.Form):
    text = _text(_("Note"), rows=2, help_text=_("Everyone who works on the case reads it; it changes nothing."))


FORMS: dict[str, type[forms.Form]] = {
    offers.ACCEPT: PlainForm,
    offers.REFUSE: RefuseForm,
    offers.SUPPLEMENT: SupplementForm,
    offers.SUPPLEMENT_IN: PlainForm,
    offers.OPINION: OpinionForm,
    offers.DECIDE: DecideForm,
    offers.NOTE: NoteForm,
}
