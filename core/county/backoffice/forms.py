"""The forms of a case's page: one an act. What a form may offer depends on the case: `choices` by field name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.domain.cases.services import PROCEDURES

from . import offers

VERDICTS = [
    ("pass", _("Pass: nothing speaks against it")),
    ("return", _("Return: something must be put right first; the clock runs on")),
    ("object", _("Object: your reasons go to whoever decides")),
]
OUTCOMES = [("yes", _("Grant the application")), ("no", _("Deny the application"))]
Choices = Sequence[tuple[str, Any]]


def _text(label: Any, *, required: bool = True, rows: int = 3, help_text: Any = "", initial: Any = "") -> Any:
    widget = forms.Textarea(attrs={"class": "form-control", "rows": rows})
    return forms.CharField(
        label=label, required=required, max_length=2000, widget=widget, help_text=help_text, initial=initial
    )


def _line(label: Any, *, required: bool = False, help_text: Any = "", length: int = 200) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "form-control"})
    return forms.CharField(label=label, required=required, max_length=length, widget=widget, help_text=help_text)


def _day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)


def _number(label: Any, *, least: int, most: int, help_text: Any = "") -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "form-control", "min": least, "max": most, "inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=most, widget=widget, help_text=help_text)


class ActForm(forms.Form):
    """A form whose choice fields are filled by the case; a choice of one is not asked for."""

    #: How a field is shown besides "text": radio, ticks, select.
    kinds: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, choices: dict[str, Choices] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in (choices or {}).items():
            field = cast("forms.ChoiceField", self.fields[name])
            field.choices = list(offered)
            if self.kinds.get(name) != "ticks" and len(offered) == 1:
                field.initial, field.widget = offered[0][0], forms.HiddenInput()

    def lines(self) -> Iterator[tuple[forms.BoundField, str]]:
        """Each field with how it is shown."""
        for field in self:
            yield field, "hidden" if field.is_hidden else self.kinds.get(field.name, "text")


class PlainForm(ActForm):
    """An act that needs no words."""


class RefuseForm(ActForm):
    reason = _text(_("Reason"), help_text=_("The applicant reads it in the written notice."))
    basis = _line(_("Legal basis"))


class SupplementForm(ActForm):
    """One notice lists everything: chosen materials, and words for what is wrong with them."""

    kinds = {"lacking": "ticks"}
    lacking = forms.MultipleChoiceField(label=_("What is missing or must be corrected"))
    text = _text(_("What exactly"), help_text=_("The law allows one notice: name everything that is missing in it."))


class LapseForm(ActForm):
    reason = _text(_("Remark"), required=False, rows=2)


class OpinionForm(ActForm):
    """A return names what is wrong; anything but a pass says why."""

    kinds = {"department": "select", "verdict": "radio", "returned": "ticks"}
    department = forms.ChoiceField(label=_("For the department"))
    verdict = forms.ChoiceField(label=_("Opinion"), choices=VERDICTS)
    returned = forms.MultipleChoiceField(label=_("What must be put right (when you return it)"), required=False)
    text = _text(_("Reasons"), required=False, help_text=_("Needed unless you pass it."))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("verdict") in ("return", "object") and not data.get("text", "").strip():
            self.add_error("text", ValidationError(_("Say why: whoever reads the opinion must know what to change.")))
        if data.get("verdict") == "return" and not data.get("returned"):
            self.add_error("returned", ValidationError(_("Tick what must be put right: materials or fields.")))
        if data.get("verdict") != "return":
            data["returned"] = []
        return data


class AppointForm(ActForm):
    day = _day(_("Day"))
    time = forms.TimeField(
        label=_("Time"), required=False,
        widget=forms.TimeInput(attrs={"class": "form-control", "type": "time"}, format="%H:%M"),
    )  # fmt: skip
    place = _line(_("Place"), required=True)
    text = _text(_("What to bring or to know"), required=False, rows=2)


class DecideForm(ActForm):
    """`overrules`: a department objects, so that granting needs its reasons too."""

    kinds = {"granted": "radio"}
    granted = forms.ChoiceField(label=_("Decision"), choices=OUTCOMES)
    result_number = _line(_("Number of the result"), help_text=_("As it stands on the certificate or approval."))
    text = _text(_("Reasons"), required=False, help_text=_("Needed if you deny it; the notice prints them."))
    basis = _line(_("Legal basis"))

    def __init__(self, *args: Any, overrules: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.overrules = overrules

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("text", "").strip():
            if data.get("granted") == "no":
                self.add_error("text", ValidationError(_("A denial needs its reasons in writing.")))
            elif self.overrules:
                told = _("A department objects: write why it is granted all the same.")
                self.add_error("text", ValidationError(told))
        return data


class StopForm(ActForm):
    kinds = {"procedure": "select"}
    procedure = forms.ChoiceField(label=_("Procedure"), choices=[(code, code) for code in PROCEDURES])
    expected_days = _number(
        _("Expected to take (calendar days)"), least=1, most=366,
        help_text=_("The applicant is told in writing (Art. 45)."),
    )  # fmt: skip
    text = _text(_("What it is about"), rows=2, help_text=_("It stands in the applicant's notice."))


class ExtendAskForm(ActForm):
    def __init__(self, *args: Any, most_days: int = 10, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"] = _number(_("Working days more"), least=1, most=most_days)
        self.order_fields(["days", "reason"])

    reason = _text(_("Reason"), help_text=_("The applicant is told it, once it is approved (Art. 42)."))


class ReasonForm(ActForm):
    reason = _text(_("Reason"), rows=2)


class TerminateForm(ActForm):
    kinds = {"cause": "radio"}
    cause = forms.ChoiceField(label=_("Cause"))
    reason = _text(_("Reason"), help_text=_("The applicant reads it in the written notice."))


class UrgeForm(ActForm):
    kinds = {"level": "radio", "department": "select"}
    level = forms.ChoiceField(label=_("How strongly"))
    department = forms.ChoiceField(label=_("To"), required=False)
    due = _day(_("An answer is wanted by"), required=False)
    text = _text(_("What is to be done"), rows=2)


class AnswerForm(ActForm):
    kinds = {"urging": "select"}
    urging = forms.ChoiceField(label=_("What you answer"))
    text = _text(_("Answer"), rows=2)


class NoteForm(ActForm):
    text = _text(_("Note"), rows=2, help_text=_("Everyone who works on the case reads it; it changes nothing."))


class UndeliveredForm(ActForm):
    """What is said to everybody whose result is ticked."""

    text = _text(
        _("What is to be done"), rows=2,
        initial=_(
            "The result has been ready for more than ten working days. Please hand it out, or say what is in the way."
        ),
    )  # fmt: skip
    due = _day(_("An answer is wanted by"), required=False)


FORMS: dict[str, type[ActForm]] = {
    offers.ACCEPT: PlainForm,
    offers.REFUSE: RefuseForm,
    offers.SUPPLEMENT: SupplementForm,
    offers.SUPPLEMENT_IN: PlainForm,
    offers.LAPSE: LapseForm,
    offers.OPINION: OpinionForm,
    offers.APPOINT: AppointForm,
    offers.DECIDE: DecideForm,
    offers.STOP: StopForm,
    offers.RESUME: PlainForm,
    offers.EXTEND_ASK: ExtendAskForm,
    offers.EXTEND: PlainForm,
    offers.EXTEND_DECLINE: ReasonForm,
    offers.WITHDRAW: ReasonForm,
    offers.TERMINATE: TerminateForm,
    offers.URGE: UrgeForm,
    offers.ANSWER: AnswerForm,
    offers.NOTE: NoteForm,
}
