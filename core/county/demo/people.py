"""Synthetic applicants: names by Faker, valid citizen ids of invented people, never Faker's addresses (real places).

Everyone is marked as made up by the prefix of the phone number, 1990000.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    name: str
    citizen_id: str
    phone: str


class People:
    """The same people for the same seed."""

    def __init__(self, seed: int) -> None:
        # Only who makes people up needs it: counters are also driven where nothing but the program is installed.
        from faker import Faker

        self._random = random.Random(seed)
        self._faker: Any = Faker("zh_CN")
        self._faker.seed_instance(seed)

    def one(self, *, at_least: int = 18, at_most: int = 60) -> Person:
        """A person between these ages in years."""
        number = self._faker.ssn(min_age=at_least, max_age=at_most)
        return Person(name=self._faker.name(), citizen_id=number, phone=f"1990000{self._random.randint(0, 9999):04d}")

    def chance(self) -> random.Random:
        return self._random
