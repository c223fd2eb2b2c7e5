"""Forms of the catalogue's pages: they read what was typed into records, and say what the services found wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from core.county.publishing import words
from core.county.publishing.words import Language, Words
from core.domain.catalogue.documents import CalendarYear, Grant
from core.domain.catalogue.problems import Problem

Choices = list[tuple[str, str]]
NO_CHOICE = ("", "—")


def language() -> Language:
    """The language of the page, as the workbook's words know it."""
    return "zh" if (get_language() or "zh").startswith("zh") else "en"


def choices_of(vocabulary: Words, *, empty: bool = False, also: str = "") -> Choices:
    """The vocabulary to choose from; `also` is a code it may lack (another province's)."""
    found = [(code, vocabulary.word(code, language())) for code in vocabulary.table]
    if also and also not in vocabulary.table:
        found.append((also, also))
    return [NO_CHOICE, *found] if empty else found


def lines_of(text: str) -> tuple[str, ...]:
    """One value a line, without empty ones."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


class PlainForm(forms.Form):
    """A form drawn with Tabler's classes, whose errors screen readers find."""

    #: Where an error of a record's field is shown; a field that is not here has its own name.
    FIELD_OF: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            widget = field.widget
            if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                widget.attrs.setdefault("class", "form-check-input")
            elif isinstance(widget, forms.Select):
                widget.attrs.setdefault("class", "form-select")
            else:
                widget.attrs.setdefault("class", "form-control")

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Each problem stands at its field, or above the form with the place it belongs to."""
        for problem in problems:
            name = self.FIELD_OF.get(problem.field, problem.field)
            if name in self.fields:
                self.add_error(name, problem.text(_))
            else:
                self.add_error(None, f"{problem.field}: {problem.text(_)}")


def date_field(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class GrantForm(PlainForm):
    """A devolution grant."""

    code = forms.CharField(label=gettext_lazy("Grant code"), max_length=80)
    item_code = forms.CharField(label=gettext_lazy("Item code"), max_length=80)
    mode = forms.ChoiceField(label=gettext_lazy("Mode"))
    powers = forms.MultipleChoiceField(label=gettext_lazy("Powers"), widget=forms.CheckboxSelectMultiple)
    level = forms.ChoiceField(label=gettext_lazy("All places of the level"), required=False)
    below = forms.CharField(label=gettext_lazy("below the division"), required=False, max_length=12)
    divisions = forms.CharField(
        label=gettext_lazy("And these divisions"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("12-digit codes, one a line."),
    )  # fmt: skip
    valid_from = date_field(gettext_lazy("Valid from"))
    valid_to = date_field(gettext_lazy("Valid to"))
    basis = forms.CharField(label=gettext_lazy("Basis document"), required=False, max_length=400)

    FIELD_OF = {"valid_to": "valid_to"}

    def __init__(self, *args: Any, record: Grant | None = None, **kwargs: Any) -> None:
        if record is not None:
            initial = {name: getattr(record, name) for name in record.__struct_fields__}
            kwargs["initial"] = initial | {"divisions": "\n".join(record.divisions)}
        super().__init__(*args, **kwargs)
        self.fields["mode"].choices = choices_of(words.MODES)  # type: ignore[attr-defined]
        self.fields["powers"].choices = choices_of(words.POWERS)  # type: ignore[attr-defined]
        self.fields["level"].choices = choices_of(words.GRANT_LEVELS, empty=True)  # type: ignore[attr-defined]
        if record is not None:
            self.fields["code"].disabled = True

    def record(self) -> Grant:
        """The grant as it was typed; only after is_valid()."""
        data = self.cleaned_data
        return Grant(
            code=data["code"].strip(), item_code=data["item_code"].strip(), mode=data["mode"],
            powers=tuple(data["powers"]), level=data["level"], below=data["below"].strip(),
            divisions=lines_of(data["divisions"]), valid_from=data["valid_from"], valid_to=data["valid_to"],
            basis=data["basis"].strip(),
        )  # fmt: skip


class DaysField(forms.CharField):
    """Days, one a line, like 2026-10-01."""

    widget = forms.Textarea(attrs={"rows": 12, "spellcheck": "false"})

    def clean(self, value: Any) -> tuple[date, ...]:
        days = []
        for line in lines_of(super().clean(value)):
            try:
                days.append(date.fromisoformat(line))
            except ValueError as error:
                raise forms.ValidationError(
                    _("“%(line)s” is not a date. Write it like 2026-01-31.") % {"line": line}
                ) from error
        return tuple(sorted(set(days)))


class CalendarForm(PlainForm):
    """One year of working days."""

    days_off = DaysField(
        label=gettext_lazy("Working days that are off"), required=False,
        help_text=gettext_lazy("Mondays to Fridays only, one a line; weekends are off anyway."),
    )  # fmt: skip
    make_up_days = DaysField(
        label=gettext_lazy("Weekend days that are worked"), required=False, help_text=gettext_lazy("One a line.")
    )
    source = forms.CharField(label=gettext_lazy("Source"), required=False, max_length=200)

    def __init__(self, *args: Any, year: int, record: CalendarYear | None = None, **kwargs: Any) -> None:
        self.year = year
        if record is not None:
            kwargs["initial"] = {
                "days_off": "\n".join(map(str, record.days_off)),
                "make_up_days": "\n".join(map(str, record.make_up_days)),
                "source": record.source,
            }
        super().__init__(*args, **kwargs)

    def record(self) -> CalendarYear:
        """The year as it was typed; only after is_valid()."""
        data = self.cleaned_data
        return CalendarYear(year=self.year, days_off=data["days_off"], make_up_days=data["make_up_days"],
                            source=data["source"].strip())  # fmt: skip


class ImportForm(PlainForm):
    """A file to import."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(".xlsx (the template), .json, or .csv of divisions; at most 20 MB."),
    )
    file.widget.attrs["accept"] = ".xlsx,.json,.csv"
    replace = forms.BooleanField(
        label=gettext_lazy("The file is complete: what it does not hold leaves the draft"), required=False,
        help_text=gettext_lazy("Applies to the kinds of record that are in the file, to no others."),
    )  # fmt: skip


class PublishForm(PlainForm):
    """The confirmation before publishing."""

    note = forms.CharField(label=gettext_lazy("What changed, and why"), max_length=200)
    mark = forms.CharField(widget=forms.HiddenInput)
    sure = forms.BooleanField(label=gettext_lazy("I have looked at the changes; they go to every node."))


class RecallForm(PlainForm):
    """The confirmation before a recall."""

    note = forms.CharField(label=gettext_lazy("Why it is recalled"), max_length=200)
    sure = forms.BooleanField(label=gettext_lazy("I have looked at the changes; they go to every node."))
