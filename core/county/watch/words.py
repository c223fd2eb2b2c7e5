"""The words of the watch: states, contact, deadlines, outcomes. Each is said the same on every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from core.counter.wording import LIGHT
from core.county.registry.fleet import ago
from core.domain.cases.deadlines import AMBER, GREEN, RED

from .limits import DUE_SOON_DAYS
from .selectors import PointState, limits_now
from .states import DUE, FINE, HELD, NEVER, ONLINE, REVOKED, SILENT, STALE, WAITING

#: (short word, what it means) of each state; the limits in the meaning are put in by `state_meaning`.
STATES: Final[dict[str, tuple[str | Promise, str | Promise]]] = {
    DUE: (
        gettext_lazy("Due soon, not arrived"),
        gettext_lazy("Cases due within %(days)s working days have facts here that never reached the county."),
    ),
    HELD: (gettext_lazy("Stream held"), gettext_lazy("What it sends or is sent stands still until somebody looks.")),
    SILENT: (gettext_lazy("Silent"), gettext_lazy("Not heard of for %(silent)s or longer.")),
    STALE: (
        gettext_lazy("Quiet"),
        gettext_lazy("Not heard of for %(stale)s or longer: what is shown of it may have changed."),
    ),
    WAITING: (
        gettext_lazy("Waiting"),
        gettext_lazy("On line, and yet an entry has been waiting there for %(waiting)s or longer."),
    ),
    NEVER: (gettext_lazy("Never heard of"), gettext_lazy("No machine is enrolled here, or it never reported.")),
    REVOKED: (gettext_lazy("Revoked"), gettext_lazy("Its machine was shut out.")),
    FINE: (gettext_lazy("Fine"), gettext_lazy("Heard of lately, and nothing waits.")),
}
_CONTACTS: Final[dict[str, str | Promise]] = {
    ONLINE: gettext_lazy("machines heard of within %(stale)s"),
    STALE: gettext_lazy("machines quiet for up to %(silent)s"),
    SILENT: gettext_lazy("machines silent for %(silent)s or longer"),
    NEVER: gettext_lazy("machines never heard of"),
}
#: The parts of core.county.watch.cases.
PARTS: Final[dict[str, str | Promise]] = {
    "overdue": pgettext_lazy("cases", "Overdue"),
    "soon": format_lazy(pgettext_lazy("cases", "Due within {days} working days"), days=DUE_SOON_DAYS),
    "later": pgettext_lazy("cases", "Due later"),
    "stopped": pgettext_lazy("cases", "Clock stands still"),
    "new": pgettext_lazy("cases", "Not accepted yet"),
    "decided": pgettext_lazy("cases", "Decided, to be handed out"),
}
#: The lights of yizhan_cases_open; at a department amber is a fifth of the limit, so it is not the part "soon".
LIGHTS: Final[dict[str, str | Promise]] = {
    **{light: LIGHT[light] for light in (RED, AMBER, GREEN)},
    "wait": PARTS["stopped"],
    "none": gettext_lazy("Not accepted yet, or decided"),
}
SEVERITIES: Final[dict[str, str | Promise]] = {
    "critical": gettext_lazy("Act now"), "warning": gettext_lazy("Look today"), "info": gettext_lazy("Know of it"),
}  # fmt: skip
#: The light that goes with a severity (components/light.html's colours and shapes).
TONES: Final = {"critical": "red", "warning": "amber", "info": "green"}
RINGS: Final[tuple[str | Promise, ...]] = (
    gettext_lazy("first (0): takes a new version before all others"),
    gettext_lazy("second (1): the next tenth"),
    gettext_lazy("third (2): all the others"),
)
#: How a rollout ended (facts.json).
OUTCOMES: Final[dict[str, str | Promise]] = {
    "done": gettext_lazy("runs the new version"),
    "rolled_back": gettext_lazy("went back to the version before"),
    "refused": gettext_lazy("refused the new version; nothing was changed"),
    "failed": gettext_lazy("failed"),
}


def state_word(state: str) -> str:
    return str(STATES[state][0])


def state_meaning(state: str) -> str:
    return str(STATES[state][1]) % _limits()


def contact_word(contact: str) -> str:
    """What is counted in one of ONLINE, STALE, SILENT, NEVER."""
    return str(_CONTACTS[contact]) % _limits()


def due_soon_word() -> str:
    """Of cases at a machine, below how many of them never reached the county."""
    return _("of them due within %(days)s working days") % {"days": DUE_SOON_DAYS}


def _limits() -> dict[str, object]:
    """The limits that hold here, as sentences name them."""
    limits = limits_now()
    return {
        "days": DUE_SOON_DAYS, "stale": limit_words(limits.stale_s), "silent": limit_words(limits.silent_s),
        "waiting": limit_words(limits.waiting_s),
    }  # fmt: skip


def limit_words(seconds: int) -> str:
    """A limit in the largest unit that measures it evenly."""
    if seconds % 86_400 == 0:
        days = seconds // 86_400
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    if seconds % 60 == 0:
        return ngettext("%(n)s minute", "%(n)s minutes", seconds // 60) % {"n": seconds // 60}
    return _("%(n)s s") % {"n": seconds}


def point_note(point: PointState) -> str:
    """What the tile says below the name: the state with the figure that makes it so."""
    figures = point.figures
    if point.state == DUE:
        due = figures.due_soon
        return ngettext("%(n)s case due, not arrived", "%(n)s cases due, not arrived", due) % {"n": due}
    if point.state in (SILENT, STALE):
        return f"{state_word(point.state)} · {span_words(figures.quiet_s or 0)}"
    if point.state == WAITING:
        return _("Waits for %(span)s") % {"span": span_words(figures.waits_s)}
    if point.state == NEVER and not figures.enrolled:
        return _("No machine")
    return state_word(point.state)


def span_words(seconds: int) -> str:
    """A span in its largest unit."""
    if seconds < 3600:
        minutes = max(1, seconds // 60)
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    if seconds < 172_800:
        hours = seconds // 3600
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    days = seconds // 86_400
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def heard_words(point: PointState) -> str:
    return _("never") if point.figures.quiet_s is None else ago(timedelta(seconds=point.figures.quiet_s))


def seconds_words(seconds: float | None) -> str:
    """A measured time with the digits that matter; a dash where nobody measured it."""
    if seconds is None:
        return "—"
    if seconds < 1:
        return _("%(n)s ms") % {"n": round(seconds * 1000)}
    if seconds < 120:
        return _("%(n)s s") % {"n": f"{seconds:.1f}"}
    return span_words(int(seconds))
