"""What can be wrong with a catalogue, one message per kind of fault, in words an administrator can act on.

No Django here: messages are marked for the gettext catalogue by name only and translated by whoever shows them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

#: An error keeps a release from being published; a warning is shown and may stand.
Severity = Literal["error", "warning"]


def gettext_noop(message: str) -> str:
    """The message itself; the name is what makemessages looks for."""
    return message


ERRORS: dict[str, str] = {
    "duplicate_key": gettext_noop("The code {code} is used by more than one record of this kind."),
    "division_code": gettext_noop("The division code {code} is not 12 digits."),
    "division_unknown": gettext_noop("There is no division with the code {code}."),
    "division_level": gettext_noop("A {level} cannot stand directly below a {parent_level}."),
    "dates_reversed": gettext_noop("The validity ends on {valid_to}, before it begins on {valid_from}."),
    "uscc_form": gettext_noop("{code} is not a unified social credit code: 18 digits or capital letters are expected."),
    "department_unknown": gettext_noop("There is no department with the credit code {code}."),
    "name_missing": gettext_noop("The name is empty."),
    "item_unknown": gettext_noop("There is no item with the code {code}."),
    "item_code_missing": gettext_noop("The item code is empty."),
    "item_code_department": gettext_noop("The item code begins with {found}, but the item's department is {expected}."),
    "limit_value": gettext_noop("A limit in the unit {unit} cannot be {value}."),
    "limit_longer": gettext_noop("The promised limit ({promised}) is longer than the legal limit ({legal})."),
    "limit_kind": gettext_noop("A promised item cannot promise to be done immediately."),
    "flow_empty": gettext_noop("The item has no stage, so nobody would handle it."),
    "stage_empty": gettext_noop("The stage {stage} names no department."),
    "joint_alone": gettext_noop("The stage {stage} is a joint act, but names fewer than two departments."),
    "supplement_days": gettext_noop("{days} working days for a supplement are not possible: 0 to {most} are."),
    "pledge_text_unused": gettext_noop("The material {material} has words of a pledge, but may not be pledged."),
    "duplicate_part": gettext_noop("The code {code} stands more than once in this item."),
    "situation_unknown": gettext_noop(
        "The material {material} names the situation {situation}, which the item does not have."
    ),
    "situation_missing": gettext_noop("The material {material} is required by situation, but names none."),
    "counts_negative": gettext_noop("The material {material} has a negative number of originals or copies."),
    "rule_invalid": gettext_noop("The rule of the field {name} is not a regular expression: {reason}."),
    "choices_missing": gettext_noop("The field {name} is a choice, but offers nothing to choose."),
    "fee_amount": gettext_noop("The fee is an amount, but the amount is {amount} fen."),
    "title_missing": gettext_noop("The paper has no title."),
    "placeholder_unknown": gettext_noop("“{piece}” is no placeholder of this kind of paper."),
    "paragraphs_many": gettext_noop("The paper has {count} paragraphs; {most} are possible."),
    "text_long": gettext_noop("A text of the paper has {length} characters; {most} are possible."),
    "powers_empty": gettext_noop("The grant gives no power."),
    "front_loaded_decides": gettext_noop("A front-loaded grant accepts and checks only; it cannot decide."),
    "scope_empty": gettext_noop("The grant covers no place: it needs divisions, or a level below a division."),
    "calendar_year": gettext_noop("{day} does not lie in the year {year}."),
    "day_off_weekend": gettext_noop("{day} is a weekend day; days off are the working days that are not worked."),
    "make_up_weekday": gettext_noop("{day} is not a weekend day; make-up days are the weekend days that are worked."),
}

WARNINGS: dict[str, str] = {
    "division_prefix": gettext_noop("The code {code} does not begin like that of the division above it, {parent}."),
    "successor_unknown": gettext_noop("The successor {code} is not among the divisions."),
    "uscc_check": gettext_noop("The check character of the credit code {code} is wrong."),
    "item_code_form": gettext_noop(
        "The item code {code} is not in the national form of 31 characters; it is kept as it is."
    ),
    "basic_code_form": gettext_noop("The basic code {code} is not 12 digits; it is kept as it is."),
    "basic_code_differs": gettext_noop("The item code ends with {found}, but the basic code is {expected}."),
    "item_type": gettext_noop("The item type {code} is not one of GB/T 39046."),
    "exercise_level": gettext_noop("The exercise level {code} is not one of 1 to 7."),
    "service_object": gettext_noop("The service object {code} is not one of 1 to 6."),
    "handling_form": gettext_noop("The form of handling {code} is not one of 1, 2, 3, 4 or 9."),
    "materials_empty": gettext_noop("The item asks for no material."),
    "immediate_limit": gettext_noop("An immediate item should promise to be done immediately, not in {promised}."),
    "immediate_stages": gettext_noop("An immediate item is done in one act, but it has {count} stages."),
    "legal_limit_general": gettext_noop(
        "The legal limit ({legal}) is longer than the {general} working days that the law gives in general: is there a"
        " law that says so?"
    ),
    "paragraphs_missing": gettext_noop("The paper says nothing: it has no paragraph."),
    "basis_missing": gettext_noop(
        "A paragraph names {piece}, but the paper has no basis: where the act names none either, it is left out."
    ),
    "stages_longer": gettext_noop("The stages take {days} working days together, the promised limit is {promised}."),
    "field_name": gettext_noop("The field name {name} should be lower-case letters, digits and underscores."),
    "decide_without_accept": gettext_noop("The grant lets a place decide what it may not accept."),
}


#: Values of the records' own vocabulary, as people read them.
WORDS: dict[str, str] = {
    "province": gettext_noop("province"),
    "city": gettext_noop("city"),
    "county": gettext_noop("county"),
    "town": gettext_noop("town"),
    "village": gettext_noop("village"),
    "working_day": gettext_noop("working days"),
    "calendar_day": gettext_noop("calendar days"),
    "hour": gettext_noop("hours"),
    "immediate": gettext_noop("done immediately"),
}
#: Params that hold such values; all others are shown as they stand in the record.
WORDED_PARAMS = frozenset({"level", "parent_level", "unit", "promised", "legal"})


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one record: `kind` and `key` find the record, `field` the place in it ("materials.M02")."""

    kind: str
    key: str
    field: str
    message_code: str
    params: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Whether the fault keeps the catalogue from being published."""
        return "error" if self.message_code in ERRORS else "warning"

    @property
    def template(self) -> str:
        """The message with {placeholders}: the msgid of the gettext catalogue."""
        return ERRORS.get(self.message_code) or WARNINGS[self.message_code]

    def text(self, translate: Callable[[str], str] = gettext_noop) -> str:
        """The message in the language of `translate`, with the fault's own values put in."""
        values = {
            name: _worded(value, translate) if name in WORDED_PARAMS else value for name, value in self.params.items()
        }
        return translate(self.template).format(**values)


def _worded(value: str, translate: Callable[[str], str]) -> str:
    return " ".join(translate(WORDS[word]) if word in WORDS else word for word in value.split(" "))
