"""Filling in an item's form as a clerk would: right values for every field, materials in the ways that are usual."""

from __future__ import annotations

import random
from typing import Final

from core.domain.cases.intake import field_problem, materials_needed
from core.domain.catalogue.documents import FormField, Item

from .people import Person

#: Something for every kind of rule the demo's items have; the first that the field takes is typed in.
SAMPLES: Final = (
    "自用", "6217001234567890123", "30", "3", "2026", "1966", "120.5", "1", "2026-06-01", "13900000000",
    "11010519491231002X42", "湘C12345", "100×60", "914303210000000000",
)  # fmt: skip


def values_for(item: Item, person: Person, chance: random.Random, village: str, situation: str = "") -> dict[str, str]:
    """The intake page's inputs (core/counter/intake_form.py) for this person; `village` is the address. Where the item
    has situations and none is given, any of them."""
    if item.situations and not situation:
        situation = chance.choice(item.situations).code
    values = {
        "name": person.name, "kind": "person", "id_type": "citizen_id", "id_number": person.citizen_id,
        "phone": person.phone, "address": village, "situation": situation,
    }  # fmt: skip
    for field in item.fields:
        values[f"f_{field.name}"] = _value(field, person)
    for material in materials_needed(item, situation):
        # An optional one is often not brought; nobody is sent home for it.
        if material.necessity != "optional" or chance.random() < 0.5:
            values[f"m_{material.code}"] = "received"
    return values


def _value(field: FormField, person: Person) -> str:
    if field.type == "choice":
        return field.choices[0]
    for sample in (*SAMPLES, person.citizen_id):
        if not field_problem(field, sample):
            return sample
    raise ValueError(f"the demo knows no value for {field.name} ({field.rule})")
