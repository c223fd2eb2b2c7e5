"""The form of an item: its core fields, materials and stages. Its other parts stay as they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.county.publishing import words
from core.county.publishing.forms import Choices, PlainForm, choices_of, date_field, lines_of
from core.domain.catalogue.documents import Fee, Item, Limit, Material, Result, Stage

#: Empty rows below the parts that are there: enough to go on without JavaScript; saving gives more.
EMPTY_ROWS = 1


def _text(label: Any, limit: int = 400, *, required: bool = False, **attrs: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=limit, required=required, widget=forms.TextInput(attrs=attrs))


def _lines(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text=gettext_lazy("One a line.")
    )


def _whole(label: Any, highest: int = 9999) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=highest, required=False)


class ItemForm(PlainForm):
    """The fields of an item that are not lists of parts."""

    name = _text(gettext_lazy("Name"), 200, required=True)
    item_code = _text(gettext_lazy("Item code"), 80, required=True)
    department = forms.ChoiceField(label=gettext_lazy("Department"))
    item_type = forms.ChoiceField(label=gettext_lazy("Item type"))
    exercise_level = forms.ChoiceField(label=gettext_lazy("Exercise level"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind of case"))
    category = _text(gettext_lazy("Category"), 40)
    legal_value = _whole(gettext_lazy("Legal limit"))
    legal_unit = forms.ChoiceField(label=gettext_lazy("Unit of the legal limit"))
    legal_text = _text(gettext_lazy("Legal limit as published"))
    promised_value = _whole(gettext_lazy("Promised limit"))
    promised_unit = forms.ChoiceField(label=gettext_lazy("Unit of the promised limit"))
    promised_text = _text(gettext_lazy("Promised limit as published"))
    not_counted = _text(gettext_lazy("What does not count"))
    aliases = _lines(gettext_lazy("Other names people use"))
    conditions = _lines(gettext_lazy("Conditions"))
    service_objects = forms.MultipleChoiceField(
        label=gettext_lazy("Service objects"), required=False, widget=forms.CheckboxSelectMultiple
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Forms of handling"), required=False, widget=forms.CheckboxSelectMultiple
    )
    fee_kind = forms.ChoiceField(label=gettext_lazy("Fee"))
    fee_yuan = forms.DecimalField(
        label=gettext_lazy("Fee in yuan"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    fee_text = _text(gettext_lazy("Fee standard"))
    visits = _whole(gettext_lazy("Visits on site"), 20)
    cross_region = _text(gettext_lazy("Cross-region scope"))
    result_name = _text(gettext_lazy("Result"))
    result_kind = forms.ChoiceField(label=gettext_lazy("Kind of result"))
    consultation = _text(gettext_lazy("Consultation"))
    complaint = _text(gettext_lazy("Complaints"))
    basic_code = _text(gettext_lazy("Basic code"), 80)
    local_code = _text(gettext_lazy("Local code"), 80)
    valid_from = date_field(gettext_lazy("Valid from"))
    valid_to = date_field(gettext_lazy("Valid to"))

    FIELD_OF = {
        "legal_limit": "legal_value",
        "promised_limit": "promised_value",
        "fee": "fee_yuan",
        "forms": "channels",
    }

    def __init__(self, *args: Any, record: Item | None, departments: Choices, **kwargs: Any) -> None:
        if record is not None:
            kwargs["initial"] = initial_of(record)
        super().__init__(*args, **kwargs)
        self.base = record
        lists: dict[str, Choices] = {
            "department": departments,
            "item_type": choices_of(words.ITEM_TYPES, also=record.item_type if record else ""),
            "exercise_level": choices_of(words.EXERCISE_LEVELS, also=record.exercise_level if record else ""),
            "kind": choices_of(words.KINDS),
            "legal_unit": choices_of(words.UNITS),
            "promised_unit": choices_of(words.UNITS),
            "service_objects": choices_of(words.SERVICE_OBJECTS),
            "channels": choices_of(words.HANDLING_FORMS),
            "fee_kind": choices_of(words.FEES),
            "result_kind": choices_of(words.RESULTS),
        }
        for name, choices in lists.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        if record is not None:
            self.fields["item_code"].disabled = True

    def record(self, materials: tuple[Material, ...], flow: tuple[Stage, ...]) -> Item:
        """The item as it was typed, with the parts this form does not show; only after is_valid()."""
        data = self.cleaned_data
        plain = {
            name: data[name].strip()
            for name in ("name", "item_code", "department", "item_type", "exercise_level", "kind", "category",
                         "not_counted", "cross_region", "consultation", "complaint", "basic_code", "local_code")
        }  # fmt: skip
        values = plain | {
            "legal_limit": self._limit("legal"), "promised_limit": self._limit("promised"),
            "aliases": lines_of(data["aliases"]), "conditions": lines_of(data["conditions"]),
            "service_objects": tuple(data["service_objects"]), "forms": tuple(data["channels"]),
            "fee": Fee(kind=data["fee_kind"], amount_fen=int((data["fee_yuan"] or 0) * 100), text=data["fee_text"]),
            "visits": data["visits"] or 0, "valid_from": data["valid_from"], "valid_to": data["valid_to"],
            "result": Result(name=data["result_name"], kind=data["result_kind"]) if data["result_name"] else None,
            "materials": materials, "flow": flow,
        }  # fmt: skip
        return Item(**values) if self.base is None else msgspec.structs.replace(self.base, **values)

    def _limit(self, which: str) -> Limit:
        data = self.cleaned_data
        unit = data[f"{which}_unit"]
        value = 0 if unit == "immediate" else data[f"{which}_value"] or 0
        return Limit(value=value, unit=unit, text=data[f"{which}_text"])


def initial_of(item: Item) -> dict[str, Any]:
    """What the form shows of the item."""
    fee, result = item.fee, item.result
    return {name: getattr(item, name) for name in item.__struct_fields__} | {
        "legal_value": item.legal_limit.value, "legal_unit": item.legal_limit.unit,
        "legal_text": item.legal_limit.text, "promised_value": item.promised_limit.value,
        "promised_unit": item.promised_limit.unit, "promised_text": item.promised_limit.text,
        "aliases": "\n".join(item.aliases), "conditions": "\n".join(item.conditions),
        "channels": item.forms, "fee_kind": fee.kind,
        "fee_yuan": Decimal(fee.amount_fen) / 100 if fee.amount_fen else None,
        "fee_text": fee.text, "result_name": result.name if result else "",
        "result_kind": result.kind if result else "document",
    }  # fmt: skip


class MaterialForm(PlainForm):
    """One material; a row without a name is none."""

    code = _text(gettext_lazy("Code of the part"), 40)
    name = _text(gettext_lazy("Name"), required=True)
    necessity = forms.ChoiceField(label=gettext_lazy("Necessity"))
    originals = _whole(gettext_lazy("Originals"), 99)
    copies = _whole(gettext_lazy("Copies"), 99)
    form = forms.ChoiceField(label=gettext_lazy("Form of the material"))
    source = forms.ChoiceField(label=gettext_lazy("Where it comes from"))
    issuing_body = _text(gettext_lazy("Issuing body"))
    certificate = _text(gettext_lazy("Replaced by certificate"))
    situations = _text(gettext_lazy("Situations"))
    note = _text(gettext_lazy("Note"))
    deferrable = forms.BooleanField(label=gettext_lazy("May be deferred"), required=False)
    pledgeable = forms.BooleanField(label=gettext_lazy("May be pledged"), required=False)

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

    code = _text(gettext_lazy("Code of the part"), 40)
    name = _text(gettext_lazy("Name"), required=True)
    departments = forms.MultipleChoiceField(label=gettext_lazy("Departments"))
    days = _whole(gettext_lazy("Working days"), 999)

    def __init__(self, *args: Any, departments: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["departments"].choices = departments  # type: ignore[attr-defined]
        self.fields["departments"].widget.attrs["size"] = 3


MaterialFormSet = formset_factory(MaterialForm, extra=EMPTY_ROWS, can_delete=True, max_num=200)
StageFormSet = formset_factory(StageForm, extra=1, can_delete=True, max_num=50)


class ItemPage:
    """The item's form with its formsets, as one thing that is valid or not."""

    def __init__(self, item: Item | None, departments: Choices, data: Any = None) -> None:
        self.item = item
        self.form = ItemForm(data, record=item, departments=departments)
        materials = (
            [msgspec.structs.asdict(one) | {"situations": "; ".join(one.situations)} for one in item.materials]
            if item
            else []
        )
        stages = [msgspec.structs.asdict(one) for one in item.flow] if item else []
        self.materials: BaseFormSet[Any] = MaterialFormSet(data, prefix="materials", initial=materials)
        self.stages: BaseFormSet[Any] = StageFormSet(
            data, prefix="stages", initial=stages, form_kwargs={"departments": departments}
        )
        for formset in (self.materials, self.stages):
            for form in formset:
                if "DELETE" in form.fields:
                    form.fields["DELETE"].label = _("Remove")
                    form.fields["DELETE"].widget.attrs["class"] = "form-check-input"

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.materials.is_valid(), self.stages.is_valid()])

    def record(self) -> Item:
        """The item as it was typed; only after is_valid()."""
        return self.form.record(tuple(self._materials()), tuple(self._stages()))

    def _materials(self) -> list[Material]:
        rows = _kept(self.materials)
        codes = _codes(rows, "M", 2)
        return [
            Material(
                code=code, name=row["name"].strip(), necessity=row["necessity"], originals=row["originals"] or 0,
                copies=row["copies"] or 0, form=row["form"], source=row["source"],
                issuing_body=row["issuing_body"].strip(), deferrable=row["deferrable"], pledgeable=row["pledgeable"],
                certificate=row["certificate"].strip(), note=row["note"].strip(),
situations=_parts(row["situations"]),
            )
            for code, row in zip(codes, rows, strict=True)
        ]  # fmt: skip

    def _stages(self) -> list[Stage]:
        rows = _kept(self.stages)
        return [
            Stage(code=code, name=row["name"].strip(), departments=tuple(row["departments"]), days=row["days"] or 0)
            for code, row in zip(_codes(rows, "R", 1), rows, strict=True)
        ]


def _parts(text: str) -> tuple[str, ...]:
    """Codes divided by semicolons, full-width ones too."""
    return tuple(part.strip() for part in text.replace("\uff1b", ";").split(";") if part.strip())


def _kept(formset: BaseFormSet[Any]) -> list[dict[str, Any]]:
    """The rows that were filled in and not marked for removal."""
    return [
        form.cleaned_data for form in formset if form.cleaned_data.get("name") and not form.cleaned_data.get("DELETE")
    ]


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
