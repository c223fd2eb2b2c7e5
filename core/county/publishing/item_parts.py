"""The forms of an item's parts, and the item's page as one thing that is valid or not."""

from __future__ import annotations

from typing import Any

import msgspec
from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.county.publishing import words
from core.county.publishing.forms import NO_CHOICE, Choices, PlainForm, choices_of
from core.county.publishing.item_forms import ItemForm, number_field, text_field
from core.domain.catalogue.documents import Basis, Item, Material, Situation, Stage

#: Empty rows below the parts that are there: enough to go on without JavaScript; saving gives more.
EMPTY_ROWS = 1


class MaterialForm(PlainForm):
    """One material; a row without a name is none."""

    code = text_field(gettext_lazy("Code of the part"), 40)
    name = text_field(gettext_lazy("Name"), required=True)
    necessity = forms.ChoiceField(label=gettext_lazy("Necessity"))
    originals = number_field(gettext_lazy("Originals"), 99)
    copies = number_field(gettext_lazy("Copies"), 99)
    form = forms.ChoiceField(label=gettext_lazy("Form of the material"))
    source = forms.ChoiceField(label=gettext_lazy("Where it comes from"))
    issuing_body = text_field(gettext_lazy("Issuing body"))
    certificate = text_field(gettext_lazy("Replaced by certificate"))
    situations = text_field(gettext_lazy("Situations"))
    note = text_field(gettext_lazy("Note"))
    deferrable = forms.BooleanField(label=gettext_lazy("May be deferred"), required=False)
    pledgeable = forms.BooleanField(label=gettext_lazy("May be pledged"), required=False)
    pledge_text = forms.CharField(
        label=gettext_lazy("What is signed in its place"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=gettext_lazy("Empty: the general wording."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, vocabulary in (
            ("necessity", words.NECESSITY), ("form", words.MATERIAL_FORMS), ("source", words.SOURCES)
        ):  # fmt: skip
            self.fields[name].choices = choices_of(vocabulary)  # type: ignore[attr-defined]
            # A browser always sends the first choice: an empty row must not look filled in for that.
            self.fields[name].initial = next(iter(vocabulary.table))


class StageForm(PlainForm):
    """One review stage."""

    code = text_field(gettext_lazy("Code of the part"), 40)
    name = text_field(gettext_lazy("Name"), required=True)
    departments = forms.MultipleChoiceField(label=gettext_lazy("Departments"))
    days = number_field(gettext_lazy("Working days"), 999)
    joint = forms.ChoiceField(label=gettext_lazy("Joint act"), required=False)
    lead = forms.ChoiceField(label=gettext_lazy("Leads a joint act"), required=False)

    def __init__(self, *args: Any, departments: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["departments"].choices = departments  # type: ignore[attr-defined]
        self.fields["departments"].widget.attrs["size"] = 4
        self.fields["joint"].choices = choices_of(words.JOINT, empty=True)  # type: ignore[attr-defined]
        self.fields["lead"].choices = [NO_CHOICE, *departments]  # type: ignore[attr-defined]

    def clean_lead(self) -> str:
        lead = str(self.cleaned_data["lead"])
        if lead and lead not in self.cleaned_data.get("departments", []):
            raise forms.ValidationError(_("Only a department of this stage can lead it."))
        return lead

    def chosen(self) -> tuple[str, ...]:
        """The departments, the leading one first; a browser sends them in the order of its list, not in the stage's."""
        before = list(self.initial.get("departments", ()))
        chosen = sorted(self.cleaned_data["departments"], key=lambda one: before.index(one) if one in before else 999)
        lead = self.cleaned_data["lead"]
        return (lead, *(one for one in chosen if one != lead)) if lead else tuple(chosen)


class SituationForm(PlainForm):
    """One situation; materials name it by its code."""

    code = text_field(gettext_lazy("Code of the part"), 40)
    name = text_field(gettext_lazy("Name"), required=True)
    note = text_field(gettext_lazy("Note"))


class BasisForm(PlainForm):
    """One legal basis."""

    title = text_field(gettext_lazy("Law or document"), required=True)
    article = text_field(gettext_lazy("Article"))
    text = forms.CharField(
        label=gettext_lazy("Text of the article"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip


MaterialFormSet = formset_factory(MaterialForm, extra=EMPTY_ROWS, can_delete=True, max_num=200)
StageFormSet = formset_factory(StageForm, extra=EMPTY_ROWS, can_delete=True, max_num=50)
SituationFormSet = formset_factory(SituationForm, extra=EMPTY_ROWS, can_delete=True, max_num=50)
BasisFormSet = formset_factory(BasisForm, extra=EMPTY_ROWS, can_delete=True, max_num=50)


class ItemPage:
    """The item's form with its formsets, as one thing that is valid or not."""

    def __init__(self, item: Item | None, departments: Choices, data: Any = None) -> None:
        self.item = item
        self.form = ItemForm(data, record=item, departments=departments)
        materials = _initial(item.materials) if item else []
        for row in materials:
            row["situations"] = "; ".join(row["situations"])
        stages = _initial(item.flow) if item else []
        for row in stages:
            row["lead"] = row["departments"][0] if row["joint"] and row["departments"] else ""
        self.materials: BaseFormSet[Any] = MaterialFormSet(data, prefix="materials", initial=materials)
        self.stages: BaseFormSet[Any] = StageFormSet(
            data, prefix="stages", initial=stages, form_kwargs={"departments": departments}
        )
        self.situations: BaseFormSet[Any] = SituationFormSet(
            data, prefix="situations", initial=_initial(item.situations) if item else []
        )
        self.basis: BaseFormSet[Any] = BasisFormSet(data, prefix="basis", initial=_initial(item.basis) if item else [])
        for formset in self.formsets:
            for form in formset:
                if "DELETE" in form.fields:
                    form.fields["DELETE"].label = _("Remove")
                    form.fields["DELETE"].widget.attrs["class"] = "form-check-input"

    @property
    def formsets(self) -> tuple[BaseFormSet[Any], ...]:
        return self.materials, self.stages, self.situations, self.basis

    @property
    def incomplete(self) -> bool:
        """Whether one of the parts was sent with a fault."""
        return any(formset.is_bound and formset.total_error_count() for formset in self.formsets)

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(formset.is_valid() for formset in self.formsets)])

    def record(self) -> Item:
        """The item as it was typed; only after is_valid()."""
        return self.form.record(
            materials=tuple(self._materials()), flow=tuple(self._stages()), situations=tuple(self._situations()),
            basis=tuple(
                Basis(title=row["title"].strip(), article=row["article"].strip(), text=row["text"].strip())
                for row in _rows(self.basis)
            ),
        )  # fmt: skip

    def _materials(self) -> list[Material]:
        rows = _rows(self.materials)
        return [
            Material(
                code=code, name=row["name"].strip(), necessity=row["necessity"], originals=row["originals"] or 0,
                copies=row["copies"] or 0, form=row["form"], source=row["source"],
                issuing_body=row["issuing_body"].strip(), deferrable=row["deferrable"], pledgeable=row["pledgeable"],
                certificate=row["certificate"].strip(), note=row["note"].strip(),
                situations=_parts(row["situations"]), pledge_text=_lines(row["pledge_text"]),
            )
            for code, row in zip(_codes(rows, "M", 2), rows, strict=True)
        ]  # fmt: skip

    def _stages(self) -> list[Stage]:
        kept = _kept(self.stages)
        rows = [form.cleaned_data for form in kept]
        return [
            Stage(code=code, name=row["name"].strip(), departments=form.chosen(), days=row["days"] or 0,
                  joint=row["joint"])
            for code, form, row in zip(_codes(rows, "R", 1), kept, rows, strict=True)
        ]  # fmt: skip

    def _situations(self) -> list[Situation]:
        rows = _rows(self.situations)
        return [
            Situation(code=code, name=row["name"].strip(), note=row["note"].strip())
            for code, row in zip(_codes(rows, "S", 1), rows, strict=True)
        ]


def _initial(parts: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [msgspec.structs.asdict(one) for one in parts]


def _lines(text: str) -> str:
    """As it was typed, with the line breaks of a record, not those of a browser."""
    return text.replace("\r\n", "\n").strip()


def _parts(text: str) -> tuple[str, ...]:
    """Codes divided by semicolons, full-width ones too."""
    return tuple(part.strip() for part in text.replace("\uff1b", ";").split(";") if part.strip())


def _kept(formset: BaseFormSet[Any]) -> list[Any]:
    """The forms that were filled in and not marked for removal."""
    filled = [form for form in formset if form.cleaned_data.get("name") or form.cleaned_data.get("title")]
    return [form for form in filled if not form.cleaned_data.get("DELETE")]


def _rows(formset: BaseFormSet[Any]) -> list[dict[str, Any]]:
    return [form.cleaned_data for form in _kept(formset)]


def _codes(rows: list[dict[str, Any]], letter: str, digits: int) -> list[str]:
    """The rows' codes; one that was left empty gets the next free number."""
    taken = {row["code"].strip() for row in rows}
    codes, number = [], 1
    for row in rows:
        code = row["code"].strip()
        while not code:
            candidate = f"{letter}{number:0{digits}d}"
            number += 1
            if candidate not in taken:
                code = candidate
        codes.append(code)
    return codes
