"""One machine: what it last said of itself, the hops it knows, its last new version, and how all that was lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from core.county.registry.fleet import GIB, clock_words, machine_rows
from core.county.registry.models import Node, SshAddress
from core.county.workqueue.models import Trouble
from core.domain.journal.place import CORE
from tenants.models import Tenant

from .. import prometheus
from ..charts import Chart, History, Wanted
from ..selectors import PointState, contact_state, point_states
from ..states import ONLINE
from ..words import OUTCOMES, RINGS, due_soon_word, heard_words, point_note, span_words
from .frame import KEEPERS, frame, history_of

#: Instants a machine names beyond this are a clock gone wrong, not a date.
LAST_MS: Final = 4_102_444_800_000  # 2100


@require_GET
@in_county(*KEEPERS)
def node(request: StaffRequest, code: str) -> HttpResponse:
    found = point_states(at=timezone.now(), codes=[code])
    if not found:
        messages.error(request, _("There is no service point %(code)s here.") % {"code": code[:20]})
        return redirect("watch:map")
    point, history = found[0], history_of(request)
    row = Node.objects.filter(pk=code).first()
    machine = next(iter(machine_rows([row], at=timezone.now())), None) if row else None
    status: dict[str, Any] = (row.status if row else None) or {}
    context: dict[str, Any] = {
        "point": point, "note": point_note(point), "heard": heard_words(point), "machine": machine,
        "tenant": Tenant.objects.filter(code=point.tenant).first(), "facts": _facts(point, status),
        "made_at": _moment(status.get("made_at_ms")), "hops": _hops(status), "rollout": _rollout(status),
        "address": _address(code), "troubles": Trouble.objects.filter(node=code, resolved_at=None).count(),
        "old": contact_state(point) != ONLINE, "charts": _charts(history, code),
        "below": Node.objects.filter(parent=code, revoked_at=None).count(),
    }  # fmt: skip
    return render(request, "watch/node.html", context | frame(request, history))


def _facts(point: PointState, status: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, value) of what it last said; what it did not say is left out."""
    if not status:
        return []
    free, total = int(status.get("disk_free") or 0), int(status.get("disk_total") or 0)
    facts = [
        (_("Waiting entries"), str(status.get("waiting", ""))),
        (_("The oldest waits for"), span_words(point.figures.waits_s) if point.figures.waits_s else _("nothing waits")),
        (_("Cases that never reached the county"), str(point.waiting_cases)),
        (due_soon_word(), str(point.figures.due_soon)),
        (_("Open cases there"), str(status.get("open_cases", ""))),
        (_("Catalogue release"), str(status.get("release") or "")),
        (_("Version"), str(status.get("version") or "")),
        (_("Disk"), _("%(free)s of %(total)s GB free") % {"free": f"{free / GIB:.0f}", "total": f"{total / GIB:.0f}"}
         if total else ""),
        (_("Clock"), clock_words(status.get("clock_offset_ms"))),
        (_("Battery"), _percent(status.get("battery_percent"))),
        (_("The next hop has, of what it sends"), _percent(status.get("completion_percent"))),
        (_("Self-test"), _("failed (%(code)s)") % {"code": status["health"]} if status.get("health") else _("passed")),
        *((_("Stream held"), str(held)) for held in status.get("held") or ()),
    ]  # fmt: skip
    return [(name, value) for name, value in facts if value]


def _hops(status: dict[str, Any]) -> list[dict[str, Any]]:
    """The machines it talks to, by name, whether it was connected when it spoke, and when it was last."""
    connected = set(status.get("connected") or ())
    contacts = {str(name): at for name, at in status.get("contacts") or ()}
    names = dict(Node.objects.filter(pk__in=[*contacts, *connected]).values_list("node_id", "name"))
    return [
        {
            "code": code, "name": _("County core") if code == CORE else names.get(code, code), "linked": code in names,
            "connected": code in connected, "at": _moment(contacts.get(code)),
        }
        for code in sorted({*contacts, *connected})
    ]  # fmt: skip


def _rollout(status: dict[str, Any]) -> dict[str, Any] | None:
    outcome = str(status.get("rollout_outcome") or "")
    if not outcome:
        return None
    return {
        "words": OUTCOMES.get(outcome, outcome), "good": outcome == "done", "at": _moment(status.get("rollout_at_ms")),
        "version": status.get("rollout_version", ""), "reason": status.get("rollout_reason", ""),
    }  # fmt: skip


def _address(code: str) -> dict[str, Any] | None:
    """How the operator reaches the machine; None where nobody has said."""
    row = SshAddress.objects.filter(pk=code).first()
    if row is None:
        return None
    host = f"[{row.ssh_host}]" if ":" in row.ssh_host else row.ssh_host
    return {
        "pulls": not row.ssh_host, "ring": RINGS[row.ring], "known": bool(row.ssh_host_key),
        "text": f"{row.ssh_user}@{host}:{row.ssh_port}" if row.ssh_host else "",
    }  # fmt: skip


def _charts(history: History, code: str) -> Sequence[Chart]:
    one = f"{{node={prometheus.quoted(code)}}}"
    found = [
        history.chart(
            "history-waiting", _("What waits there"), "",
            Wanted(f"yizhan_node_waiting_entries{one}", _("Entries")),
            Wanted(f"yizhan_node_waiting_cases{one}", _("Cases that never reached the county")),
            Wanted(f"yizhan_node_waiting_cases_due_soon{one}", due_soon_word()),
        ),
        history.chart(
            "history-quiet", _("Silence and waiting"), _("hours"),
            Wanted(f"time() - yizhan_node_last_contact_timestamp_seconds{one}", _("since it was last heard of"),
                   times=1 / 3600),
            Wanted(f"yizhan_node_oldest_waiting_seconds{one}", _("the oldest entry waits"), times=1 / 3600),
        ),
        history.chart(
            "history-shares", _("Disk, battery, next hop"), "%",
            Wanted(f"yizhan_node_disk_free_bytes{one} / yizhan_node_disk_size_bytes{one}", _("Free disk"), times=100),
            Wanted(f"yizhan_node_battery_ratio{one}", _("Battery"), times=100),
            Wanted(f"yizhan_node_sync_completion_ratio{one}", _("The next hop has"), times=100),
        ),
        history.chart(
            "history-clock", _("The county's clock minus the machine's"), _("seconds"),
            Wanted(f"yizhan_node_clock_offset_seconds{one}", _("Difference")),
        ),
    ]  # fmt: skip
    return [chart for chart in found if chart is not None]


def _percent(value: Any) -> str:
    return "" if value is None else f"{value} %"


def _moment(ms: Any) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC) if isinstance(ms, int) and 0 < ms < LAST_MS else None
