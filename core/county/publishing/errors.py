"""What keeps a catalogue from being changed or published, as words of the domain with their data."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.catalogue.problems import Problem


class PublishingError(Exception):
    """Base: nothing was written."""


@dataclass
class DraftFaulty(PublishingError):
    """The draft has errors; `problems` are all of them (no warnings)."""

    problems: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        return f"the draft has {len(self.problems)} errors"


@dataclass
class NothingToPublish(PublishingError):
    """The draft says what the current release says."""

    number: int

    def __str__(self) -> str:
        return f"the draft does not differ from release {self.number}"


@dataclass
class DraftChanged(PublishingError):
    """The draft is no longer what the administrator looked at before publishing."""

    def __str__(self) -> str:
        return "the draft was changed in the meantime"


@dataclass
class NothingToRecall(PublishingError):
    """There is no release before this one whose content could come back, or it is not the current one."""

    number: int

    def __str__(self) -> str:
        return f"release {self.number} cannot be recalled"


@dataclass
class RecordUnknown(PublishingError):
    """The draft has no such record."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"no {self.kind} {self.key} in the draft"
