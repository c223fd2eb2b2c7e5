"""The fleet as the operator sees it: every service point, its machine, and what is wrong with it, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_tenants.utils import schema_context

from core.domain.cases.numbering import UnknownNumbers
from core.domain.cases.selectors import case_numbers_unknown
from core.domain.catalogue.selectors import release_number
from core.domain.journal.errors import StreamForked
from core.domain.journal.models import Cursor
from core.domain.journal.place import CORE
from tenants.models import ServicePoint, Tenant, schema_name_of

from .models import Node

#: Every reconnection of a hub leaves a node silent for a minute or more: that is no fault.
SILENT_AFTER = timedelta(minutes=10)
WAITING_TOO_LONG_S = 3600
DISK_LOW_PERCENT = 10
CLOCK_OFF_MS = 120_000
#: An anchor says the time it was written at; it may be under way for so long (seconds).
ANCHOR_TRAVEL_S = 60
BATTERY_LOW_PERCENT = 20
GIB = 1024**3


@dataclass(frozen=True)
class Machine:
    """One row: `light` is green, amber or red, and `troubles` says why; figures are "" where none are known."""

    node: Node
    tenant: str
    parent: str
    light: str
    standing: str
    troubles: tuple[str, ...]
    seen: str
    waiting: str
    release: str
    version: str
    disk: str
    clock: str


@dataclass(frozen=True)
class Journal:
    """What the county's journal says of a service point: `held` is why its machine's stream stands still ("" while it
    flows), `unknown` the case numbers nobody here has heard of."""

    held: str
    unknown: list[UnknownNumbers]

    @property
    def is_forked(self) -> bool:
        return self.held == StreamForked.code


def journal_of(node: Node) -> Journal:
    ended = list(range(1, node.epoch + (node.revoked_at is not None)))
    with schema_context(schema_name_of(node.tenant_code)):
        cursor = Cursor.objects.filter(author=node.node_id, epoch=node.epoch).first()
        unknown = case_numbers_unknown(node.service_point, epochs_ended=ended)
    return Journal(held=cursor.held_reason if cursor else "", unknown=unknown)


def machine_rows(nodes: Iterable[Node], *, at: datetime) -> list[Machine]:
    """The nodes as the table shows them, in the order they come."""
    tenants = dict(Tenant.objects.values_list("code", "name"))
    names = dict(Node.objects.values_list("node_id", "name"))
    current = release_number()
    return [_row(node, tenants.get(node.tenant_code, ""), names, current, at) for node in nodes]


def nodes_search(text: str, *, tenant: str = "") -> QuerySet[Node]:
    """Nodes whose name, id or host name contains the text, revoked ones last."""
    nodes = Node.objects.order_by("revoked_at", "node_id")
    if tenant:
        nodes = nodes.filter(tenant_code=tenant)
    if text:
        nodes = nodes.filter(Q(name__icontains=text) | Q(node_id__startswith=text) | Q(hostname__icontains=text))
    return nodes


def points_search(text: str, *, tenant: str = "") -> QuerySet[ServicePoint]:
    """Service points whose name or code contains the text."""
    points = ServicePoint.objects.order_by("tenant_code", "code")
    if tenant:
        points = points.filter(tenant_code=tenant)
    if text:
        points = points.filter(Q(name__icontains=text) | Q(code__startswith=text))
    return points


def _row(node: Node, tenant: str, names: dict[str, str], current: int, at: datetime) -> Machine:
    status: dict[str, Any] = node.status or {}
    light, standing, troubles = _standing(node, status, current, at)
    free, total = status.get("disk_free", 0), status.get("disk_total", 0)
    return Machine(
        node=node, tenant=tenant, light=light, standing=standing, troubles=troubles,
        parent=_("County core") if node.parent == CORE else names.get(node.parent, node.parent),
        seen=ago(at - node.last_seen) if node.last_seen else _("never"),
        waiting=str(status.get("waiting", "")), release=str(status.get("release", "") or ""),
        version=str(status.get("version", "")),
        disk=_("%(free)s of %(total)s GB free") % {"free": f"{free / GIB:.0f}", "total": f"{total / GIB:.0f}"}
        if total else "",
        clock=clock_words(status.get("clock_offset_ms")),
    )  # fmt: skip


def _standing(node: Node, status: dict[str, Any], current: int, at: datetime) -> tuple[str, str, tuple[str, ...]]:
    if node.revoked_at:
        return "red", _("Revoked"), ()
    if node.last_seen is None:
        return "amber", _("Not heard of yet"), ()
    troubles = tuple(_troubles(status, current))
    if at - node.last_seen > SILENT_AFTER:
        return "red", _("No contact"), troubles
    return ("amber", _("Needs attention"), troubles) if troubles else ("green", _("Working"), ())


def _troubles(status: dict[str, Any], current: int) -> list[str]:
    found = [_("stream held: %(stream)s") % {"stream": held} for held in status.get("held", [])]
    if status.get("oldest_waiting_s", 0) > WAITING_TOO_LONG_S:
        age = ago(timedelta(seconds=status["oldest_waiting_s"]))
        found.append(_("oldest entry waits since %(age)s") % {"age": age})
    if status.get("disk_total") and status["disk_free"] * 100 < status["disk_total"] * DISK_LOW_PERCENT:
        found.append(_("disk nearly full"))
    if abs(status.get("clock_offset_ms") or 0) > CLOCK_OFF_MS:
        found.append(_("clock is wrong"))
    if status.get("release") is not None and status["release"] < current:
        found.append(_("older catalogue release"))
    battery = status.get("battery_percent")
    if battery is not None and battery < BATTERY_LOW_PERCENT:
        found.append(_("battery at %(percent)s %%") % {"percent": battery})
    return found


def ago(span: timedelta) -> str:
    """A span in the largest unit that fits it."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)s hour ago", "%(n)s hours ago", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)s day ago", "%(n)s days ago", minutes // 1440) % {"n": minutes // 1440}


def clock_words(offset_ms: int | None) -> str:
    """How far the machine's clock is from the county's; within ANCHOR_TRAVEL_S it is as right as can be told."""
    if offset_ms is None:
        return ""
    seconds = round(abs(offset_ms) / 1000)
    if seconds <= ANCHOR_TRAVEL_S:
        return _("correct")
    # The offset is county minus machine: a positive one means that the machine's clock is behind.
    words = _("%(n)s s slow") if offset_ms > 0 else _("%(n)s s fast")
    return words % {"n": seconds}
