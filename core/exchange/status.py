"""What a machine says of itself: the signed status that travels to the county, and the bar its own pages show."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from django.db.models import Count
from django.db.models.functions import Coalesce

from core.domain.cases.lifecycle import COMPLETED
from core.domain.cases.models import Case
from core.domain.catalogue.selectors import release_number
from core.domain.journal.chain import STATUS as STATUS_KIND
from core.domain.journal.chain import status_open
from core.domain.journal.clock import physical_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.format import MAX_WAITING_DUE, NodeCard, NodeStatus
from core.domain.journal.models import ClockState, OutgoingStream
from core.domain.journal.place import CORE, Here
from core.domain.journal.selectors import streams_held, streams_refused, waiting_case_ids, waiting_for
from core.transport import spool

from .folders import STATUS
from .machine import Machine

_LIMIT = 64 * 1024
#: The file, beside the database, from which a node's pages know whether the county can be reached.
NETWORK_FILE = "agent.json"


def status_make(machine: Machine, here: Here, *, version: str) -> NodeStatus:
    """Gauges of this moment; ages in seconds, sizes in bytes, the clock's offset in milliseconds."""
    waiting = waiting_for(CORE, here=here)
    cases, due = _cases_waiting(here)
    stream = OutgoingStream.objects.filter(author=here.node, epoch=here.epoch, audience=CORE).first()
    disk = shutil.disk_usage(machine.places.base)
    clock = ClockState.objects.filter(id=1).first()
    names = {peer.device_id: peer.name for peer in machine.plan.peers}
    connected = sorted(names[one] for one in machine.carrier.connected() if one in names)
    made_at = physical_ms()
    return NodeStatus(
        node=here.node, epoch=here.epoch, made_at_ms=made_at, version=version, release=release_number(),
        waiting=waiting.count, oldest_waiting_s=waiting.oldest_s, open_cases=Case.objects.filter(is_open=True).count(),
        disk_free=disk.free, disk_total=disk.total,
        clock_offset_ms=clock.anchor_ms - clock.anchored_here_ms if clock and clock.anchor_ms else None,
        connected=tuple(connected),
        held=(
            *(f"{stream.author}: {stream.held_reason}" for stream in streams_held()),
            *(f"{stream}: {stream.held_reason}" for stream in streams_refused(here=here)),
        ),
        battery_percent=battery_percent(), waiting_cases=cases, waiting_due=due,
        up_seq=(stream.applied_seq if stream else 0) + waiting.count, completion_percent=_completion(machine),
        contacts=_contacts(machine, connected, made_at),
    )  # fmt: skip


def _cases_waiting(here: Here) -> tuple[int, tuple[tuple[int, int], ...]]:
    """How many cases have facts the county lacks, and on which days those of them fall due that are not decided."""
    waiting = waiting_case_ids(CORE, here=here)
    undecided = Case.objects.filter(pk__in=waiting, is_open=True).exclude(status=COMPLETED)
    dated = undecided.annotate(day=Coalesce("promised_due", "legal_due")).filter(day__isnull=False)
    due = dated.values_list("day").annotate(cases=Count("pk")).order_by("day")[:MAX_WAITING_DUE]
    return waiting.count(), tuple((day.toordinal(), count) for day, count in due)


def _completion(machine: Machine) -> int | None:
    """Of what goes up from here, how much the hop that is nearest to having it all has."""
    folder = machine.plan.writes.get(CORE)
    shared = next((one.devices for one in machine.plan.folders if one.id == folder), ())
    known = [machine.carrier.completion(folder, device) for device in shared] if folder else []
    return max((one for one in known if one is not None), default=None)


def _contacts(machine: Machine, connected: list[str], now_ms: int) -> tuple[tuple[str, int], ...]:
    """When each hop was last connected: what was written down before, and those that are so now."""
    said = network_read(machine.places.base).get("contacts")
    before = {peer.name for peer in machine.plan.peers}
    seen = {name: int(at) for name, at in said.items() if name in before} if isinstance(said, dict) else {}
    return tuple(sorted((seen | dict.fromkeys(connected, now_ms)).items()))


def battery_percent(supplies: Path = Path("/sys/class/power_supply")) -> int | None:
    """The fullest battery's charge (the kernel's ABI/testing/sysfs-class-power); None where there is none."""
    charges = []
    for supply in supplies.glob("*"):
        with suppress(OSError, ValueError):
            if (supply / "type").read_text().strip() == "Battery":
                charges.append(int((supply / "capacity").read_text()))
    return max(charges, default=None)


def status_write(machine: Machine, status: NodeStatus) -> None:
    """The status lies, signed, in the folder that goes up."""
    spool.file_replace(machine.folder_out(CORE), STATUS, machine.identity.signer.wrap(STATUS_KIND, status))
    machine.announce(CORE, STATUS)


def status_read(machine: Machine, node: str) -> NodeStatus | None:
    """What the node last said of itself, as far as its signature proves it; None where there is nothing to believe."""
    card = machine.cards(node)
    if card is None or node not in machine.plan.reads:
        return None
    said = [_status_in(folder, card) for folder in machine.folders_in(node)]
    return max((one for one in said if one is not None), key=lambda one: one.made_at_ms, default=None)


def _status_in(folder: Path, card: NodeCard) -> NodeStatus | None:
    try:
        status = status_open(spool.file_read(folder / STATUS, _LIMIT, folder=folder), card.verify_key)
    except (FileNotFoundError, JournalError, msgspec.MsgspecError, spool.SpoolError):
        return None
    return status if status.node == card.node else None


def network_write(base: Path, status: NodeStatus) -> None:
    """The node's pages can tell the truth about the network."""
    stream = OutgoingStream.objects.filter(author=status.node, epoch=status.epoch, audience=CORE).first()
    state = {
        "connected": list(status.connected), "seen_ms": status.made_at_ms, "held": list(status.held),
        "last_ack_ms": stream.acked_at_ms if stream else 0, "contacts": dict(status.contacts),
    }  # fmt: skip
    spool.file_replace(base, NETWORK_FILE, json.dumps(state).encode())


def network_read(base: Path) -> dict[str, Any]:
    """What the agent wrote last; {} where it never ran."""
    try:
        state = json.loads((base / NETWORK_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
