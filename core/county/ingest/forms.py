"""What people write on the desk of streams and conflicts."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_TEXT = 1000


def _words(label: object, help_text: object) -> forms.CharField:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": 3})
    return forms.CharField(label=label, max_length=MAX_TEXT, widget=widget, help_text=help_text)  # type: ignore[arg-type]


class SettleForm(forms.Form):
    note = _words(_("What came of it"), _("Stays with the entry: whom you asked, which paper you saw, who does what."))


class CustodyForm(forms.Form):
    reason = _words(_("Reason for taking over"), _("Stands in the case's course for everybody who reads it."))
