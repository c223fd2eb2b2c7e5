"""Who acts: a person with the roles they have at the place where they act. No Django here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`code` is the staff code entries carry; `departments` are USCCs the person reviews or decides for."""

    code: str
    name: str
    roles: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    #: (role, department, staff code of the officer who is away, "" for a post of one's own).
    posts: frozenset[tuple[str, str, str]] = frozenset()

    def stands_in_for(self, roles: Collection[str], department: str) -> str:
        """Staff code of the absent officer in whose place one of `roles` is used for the department; "" where the post
        is one's own (替岗)."""
        fitting = {away for role, where, away in self.posts if role in roles and where in ("", department)}
        return "" if not fitting or "" in fitting else min(fitting)

    def departments_as(self, roles: Collection[str]) -> frozenset[str]:
        """The departments for which the person has one of these roles: a reviewer of one who is approver of another
        may not decide the first's case. An actor whose posts nobody named has all roles for all departments."""
        if not self.posts:
            return self.departments
        return frozenset(department for role, department, _ in self.posts if role in roles and department)

    def has(self, *roles: str) -> bool:
        return bool(self.roles.intersection(roles))


#: For what a program does by itself (ingest, the agent).
SYSTEM = Actor(code="system", name="")
