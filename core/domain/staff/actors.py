"""Who acts: a person with the roles they have at the place where they act. No Django here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`code` is the staff code entries carry; `departments` are USCCs the person reviews or decides for."""

    code: str
    name: str
    roles: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()

    def has(self, *roles: str) -> bool:
        return bool(self.roles.intersection(roles))


#: For what a program does by itself (ingest, the agent).
SYSTEM = Actor(code="system", name="")
