"""The words of the tenants' pages: steps, states, refusals."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.errors import NotASlug, TenantConflict, TenantError
from tenants.provisioning import Order, Step, domain_of
from tenants.selectors import ENDED, FAILED, QUEUED, RUNNING, STOPPED, RunView


@dataclass(frozen=True)
class StepLine:
    """A step as components/progress.html shows it."""

    label: str
    state: str
    detail: str


def step_lines(view: RunView) -> list[StepLine]:
    return [StepLine(step_label(step, view.order), step.state, step.error) for step in view.steps]


def step_label(step: Step, order: Order | None) -> str:
    """What the step makes, with the names of this town."""
    if step.name == "schema":
        return _("The hall's own data area")
    if order is None:
        return step.name
    if step.name == "domain":
        return _("The address %(host)s") % {"host": domain_of(order.slug)}
    if step.name == "hall":
        return _("The service hall %(name)s") % {"name": order.hall_name}
    if step.name == "villages":
        count = len(order.villages)
        return ngettext("%(count)d village service point", "%(count)d village service points", count) % {"count": count}
    count = len(order.administrators)
    return ngettext("%(count)d administrator", "%(count)d administrators", count) % {"count": count}


def state_word(state: str) -> str:
    return {
        ENDED: _("Done"),
        FAILED: _("Failed"),
        RUNNING: _("Under way"),
        QUEUED: _("Waiting for its turn"),
        STOPPED: _("Stopped half way"),
    }[state]


def state_tone(state: str) -> str:
    """Which of the status badges' tones: the word carries the meaning."""
    return {ENDED: "done", FAILED: "waiting", STOPPED: "waiting"}.get(state, "open")


def orphan_kind_word(kind: str) -> str:
    return {
        "schema": _("The tenant's data area"),
        "item": _("Item"),
        "department": _("Department"),
        "division": _("Division"),
        "service_point": _("Service point"),
        "staff": _("Staff code"),
    }.get(kind, kind)


def error_words(error: TenantError) -> str:
    """The sentence for the reader."""
    if isinstance(error, TenantConflict):
        return _("“%(value)s” already belongs to another hall (%(owner)s). Choose another address.") % {
            "value": error.value,
            "owner": error.owner,
        }
    if isinstance(error, NotASlug):
        return _("An address takes only a-z, 0-9 and hyphens, at most 50, and begins and ends with a letter or digit.")
    return str(error)
