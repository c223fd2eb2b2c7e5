"""The words for every code the programs use, in one place. Chinese stands in the locale catalogue."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.domain.cases import deadlines as d
from core.domain.cases import lifecycle as s

Words = dict[str, str | Promise]

STATUS: Final[Words] = {
    s.DRAFT: _("Being filled in"),
    s.SUBMITTED: _("Taken in"),
    s.AWAITING_SUPPLEMENT: _("Waiting for what is missing"),
    s.ACCEPTED: _("Accepted"),
    s.REFUSED: _("Not accepted"),
    s.LAPSED: _("Lapsed"),
    s.UNDER_REVIEW: _("Under review"),
    s.SUSPENDED: _("Clock stopped"),
    s.DECIDED: _("Decided"),
    s.COMPLETED: _("Ready to hand out"),
    s.DELIVERED: _("Handed out"),
    s.WITHDRAWN: _("Withdrawn"),
    s.TERMINATED: _("Terminated"),
}
_TONES: Final = {
    s.AWAITING_SUPPLEMENT: "waiting", s.SUSPENDED: "waiting", s.COMPLETED: "done", s.DELIVERED: "done",
    s.REFUSED: "ended", s.LAPSED: "ended", s.WITHDRAWN: "ended", s.TERMINATED: "ended",
}  # fmt: skip

LIGHT: Final[Words] = {
    d.GREEN: _("in time"),
    d.AMBER: _("due soon"),
    d.RED: _("overdue"),
    d.DONE: _("done in time"),
}


def word(words: Words, code: str) -> str:
    """The words for a code; the code itself where a later program wrote one this page does not know yet."""
    return str(words.get(code, code))


def status_word(status: str) -> str:
    return word(STATUS, status)


def status_tone(status: str) -> str:
    """The class that colours a status: open, waiting, done, ended."""
    return _TONES.get(status, "open")


def light_word(light: str) -> str:
    return word(LIGHT, light)
