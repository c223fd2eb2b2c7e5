"""The form of an item: the fields that are not lists of parts. Form fields and questions stay as they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy

from core.county.publishing import words
from core.county.publishing.forms import Choices, PlainForm, choices_of, date_field, lines_of
from core.domain.catalogue.documents import Fee, Item, Limit, Result
from core.domain.catalogue.validate import MOST_SUPPLEMENT_DAYS


def text_field(label: Any, limit: int = 400, *, required: bool = False, **attrs: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=limit, required=required, widget=forms.TextInput(attrs=attrs))


def _lines(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text=gettext_lazy("One a line.")
    )


def number_field(label: Any, highest: int = 9999) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=highest, required=False)


class ItemForm(PlainForm):
    """The fields of an item that are not lists of parts."""

    name = text_field(gettext_lazy("Name"), 200, required=True)
    item_code = text_field(gettext_lazy("Item code"), 80, required=True)
    department = forms.ChoiceField(label=gettext_lazy("Department"))
    item_type = forms.ChoiceField(label=gettext_lazy("Item type"))
    exercise_level = forms.ChoiceField(label=gettext_lazy("Exercise level"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind of case"))
    category = text_field(gettext_lazy("Category"), 40)
    legal_value = number_field(gettext_lazy("Legal limit"))
    legal_unit = forms.ChoiceField(label=gettext_lazy("Unit of the legal limit"))
    legal_text = text_field(gettext_lazy("Legal limit as published"))
    promised_value = number_field(gettext_lazy("Promised limit"))
    promised_unit = forms.ChoiceField(label=gettext_lazy("Unit of the promised limit"))
    promised_text = text_field(gettext_lazy("Promised limit as published"))
    not_counted = text_field(gettext_lazy("What does not count"))
    supplement_days = forms.IntegerField(
        label=gettext_lazy("Working days for a supplement"), required=False, min_value=0,
        max_value=MOST_SUPPLEMENT_DAYS,
        help_text=gettext_lazy("Empty: as in the whole county."),
    )  # fmt: skip
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
    fee_text = text_field(gettext_lazy("Fee standard"))
    visits = number_field(gettext_lazy("Visits on site"), 20)
    cross_region = text_field(gettext_lazy("Cross-region scope"))
    result_name = text_field(gettext_lazy("Result"))
    result_kind = forms.ChoiceField(label=gettext_lazy("Kind of result"))
    consultation = text_field(gettext_lazy("Consultation"))
    complaint = text_field(gettext_lazy("Complaints"))
    basic_code = text_field(gettext_lazy("Basic code"), 80)
    local_code = text_field(gettext_lazy("Local code"), 80)
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

    def record(self, **parts: Any) -> Item:
        """The item as it was typed, with these parts, and as it was in all others; only after is_valid()."""
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
            "supplement_days": data["supplement_days"] or 0,
        }  # fmt: skip
        values |= parts
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
        "supplement_days": item.supplement_days or None,
        "aliases": "\n".join(item.aliases), "conditions": "\n".join(item.conditions),
        "channels": item.forms, "fee_kind": fee.kind,
        "fee_yuan": Decimal(fee.amount_fen) / 100 if fee.amount_fen else None,
        "fee_text": fee.text, "result_name": result.name if result else "",
        "result_kind": result.kind if result else "document",
    }  # fmt: skip
